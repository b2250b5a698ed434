"""The findings about a split are the same for any blocks of its JSONL, in any processes."""

import hashlib
import io
import json
import os
import re
import signal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmtp_assets.checking.findings import Finding
from wmtp_assets.datasets.convert import (
    block_inspection,
    inspection,
    line_blocks,
    line_ranges,
    pool,
    range_inspection,
)
from wmtp_assets.datasets.convert.block_inspection import inspect_blocks
from wmtp_assets.datasets.convert.inputs import length_filter, split_row
from wmtp_assets.datasets.convert.inspection import InspectedSplit
from wmtp_assets.datasets.convert.line_blocks import part_bytes, read_blocks
from wmtp_assets.datasets.convert.line_ranges import plan_ranges, read_range
from wmtp_assets.datasets.convert.records import dump_json, raw_lines
from wmtp_assets.deployment import Deployment
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.regular import LINE_BYTES
from wmtp_assets_tests.datasets.rows import LONG
from wmtp_assets_tests.datasets.world import FILTER, lines_of

WHOLE = 10**6
# Lines of the tiny split have 360 to 753 bytes: ranges without a line, with one or none, with ten.
SIZES = (97, 500, 5_000)


def inspect(deployment: Deployment, block_bytes: int, **options) -> dict[str, Finding]:
    return inspect_whole(deployment, block_bytes, **options).findings


def inspect_whole(deployment: Deployment, block_bytes: int, **options) -> InspectedSplit:
    row = deployment.catalog.dataset("codecontests")
    folder = deployment.store.dataset(row.name)
    return inspection.inspect_split(
        row.name,
        split_row(row, "train"),
        folder,
        length_filter(deployment.catalog, deployment.store),
        block_bytes=block_bytes,
        **options,
    )


def jsonl_of(deployment: Deployment):
    return deployment.store.dataset("codecontests").jsonl("train")


def change(raw: bytes, **values) -> bytes:
    return dump_json({**json.loads(raw), **values}).encode()


def damage(deployment: Deployment, number: int) -> None:
    """Two neighbours that cannot be read, then one over the limit, a wrong label, a repeated id."""
    path = jsonl_of(deployment)
    lines = lines_of(path)
    lines[number - 1] = lines[number - 1][:-1]
    lines[number] = b'"\\ud800"'
    lines[number + 1] = change(lines[number + 1], output=LONG)
    lines[number + 2] = change(lines[number + 2], task_id="x_correct_1", is_correct=False)
    lines[number + 3] = change(lines[number + 3], task_id="x_correct_1", is_correct=True)
    path.write_bytes(b"\n".join(lines))  # the last one without its line feed


def blocks_of(path: Path, block_bytes: int, parts: int = 1) -> list[bytes]:
    """The blocks of a file, copied when they are handed out; their digest is proven."""
    memory = memoryview(bytearray(parts * part_bytes(block_bytes)))
    digest, found = hashlib.sha256(), []
    with open(path, "rb") as handle:
        for block in read_blocks(handle, path, memory, block_bytes, digest):
            assert block.first_byte == sum(map(len, found))
            found.append(bytes(memory[block.start : block.end]))
    assert digest.digest() == hashlib.sha256(b"".join(found)).digest()
    return found


@given(st.binary(max_size=60), st.integers(1, 70), st.integers(1, 12))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_blocks_and_ranges_hold_each_line_once_and_in_order(
    tmp_path_factory, data, size, line_bytes
):
    path = tmp_path_factory.getbasetemp() / "lines.jsonl"
    path.write_bytes(data.replace(b"\x00", b"\n"))
    whole = list(raw_lines(path))
    ranges = [read_range(lines) for lines in plan_ranges(path, size)]
    for pieces in (ranges, blocks_of(path, size, parts=3)):
        assert [raw for piece in pieces for raw in io.BytesIO(piece)] == whole
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_blocks, "LINE_BYTES", line_bytes)
        patch.setattr(line_ranges, "LINE_BYTES", line_bytes)
        ranges = [read_range(lines) for lines in plan_ranges(path, size)]
        for pieces in (ranges, blocks_of(path, size, parts=3)):
            found = [raw for piece in pieces for raw in io.BytesIO(piece)]
            long = next((n for n, raw in enumerate(whole) if len(raw) > line_bytes), len(whole))
            assert found[:long] == whole[:long]
            assert long == len(whole) or line_bytes < len(found[long])


def test_the_memory_of_a_block_is_filled_anew_only_after_all_the_others(tmp_path):
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b"".join(b"%03d\n" % number for number in range(100)))
    memory = memoryview(bytearray(3 * part_bytes(9)))
    handed = []
    with open(path, "rb") as handle:
        for block in read_blocks(handle, path, memory, 9, hashlib.sha256()):
            handed.append((block, bytes(memory[block.start : block.end])))
            for earlier, lines in handed[-3:]:
                assert memory[earlier.start : earlier.end] == lines


@pytest.mark.parametrize("block_bytes", SIZES)
def test_what_was_made_passes_in_blocks(made, block_bytes):
    seen: list[int] = []
    found = inspect(made, block_bytes, seen=seen.append)
    assert all(finding.passed for finding in found.values())
    assert found == inspect(made, WHOLE)
    assert sum(seen) == jsonl_of(made).stat().st_size


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_range_with_many_faults_comes_in_parts(damaged, monkeypatch, most):
    damage(damaged, 30)
    whole = inspect(damaged, WHOLE)
    monkeypatch.setattr(range_inspection, "MOST_FAULTS", most)
    for block_bytes in (*SIZES, WHOLE):
        assert inspect(damaged, block_bytes) == whole


def test_no_part_holds_more_faults_than_allowed(tmp_path, monkeypatch):
    monkeypatch.setattr(range_inspection, "MOST_FAULTS", 50)
    path = tmp_path / "train.jsonl"
    path.write_bytes(b"\n" * 1_001)
    parts = list(inspect_blocks("mbpp", path, FILTER, 1, hashlib.sha256(), WHOLE))
    assert [part.lines for part in parts] == [50] * 20 + [1]
    assert all(len(part.faults) == part.lines for part in parts)


@pytest.mark.parametrize("number", [1, 2, 30, 57])
def test_faults_in_any_range_are_named_as_in_one_pass(damaged, number):
    damage(damaged, number)
    whole = inspect(damaged, WHOLE)
    named = whole[inspection.LINES_PARSE].summary
    assert f"line {number} is not UTF-8" in named and "line 61 does not end" in named
    twice = f"'x_correct_1' in lines {number + 3} and {number + 4}"
    assert twice in whole[inspection.TASK_IDS_UNIQUE].summary or number == 57
    for block_bytes in SIZES:
        assert inspect(damaged, block_bytes) == whole


@pytest.mark.parametrize("moved", [-1, 0, 1])
def test_faults_on_both_sides_of_a_border_are_named_with_their_lines(damaged, moved):
    damage(damaged, 30)
    # The border is the end of line 30; one byte before and after it too.
    border = sum(len(raw) for _, raw in zip(range(30), raw_lines(jsonl_of(damaged)), strict=False))
    found = inspect(damaged, border + moved)
    assert found == inspect(damaged, WHOLE)
    culprits = found[inspection.LINES_PARSE].evidence["culprits"]
    assert [text.split(" is ")[0] for text in culprits[:2]] == [
        "train.jsonl line 30",
        "train.jsonl line 31",
    ]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda raw: change(raw, output="a\u2028b\x85c\x0cd"), ""),
        (lambda raw: change(raw, output="x" * 3_000), ""),
        (lambda raw: raw.replace(b'"output":"', b'"output":"\\u2028'), "canonically"),
        (lambda raw: raw.replace(b'"output":"', b'"output":"\\ud800'), "UTF-8 JSON"),
        (lambda raw: raw.replace(b'"output":"', b'"output":"\xed\xa0\x80'), "UTF-8 JSON"),
        (lambda raw: raw.replace(b'"output"', b'"output":"x","output"'), "canonically"),
        (lambda raw: re.sub(rb'"difficulty":\d+', b'"difficulty":NaN', raw), "UTF-8 JSON"),
        (
            lambda raw: re.sub(rb'"difficulty":\d+', b'"difficulty":1' + b"0" * 400, raw),
            "UTF-8 JSON (number is infinity",
        ),
    ],
)
@pytest.mark.parametrize("moved", [-1, 0, 1])
def test_odd_lines_on_both_sides_of_a_border_are_judged_as_in_one_pass(
    damaged, change, fault, moved
):
    path = jsonl_of(damaged)
    lines = lines_of(path)
    lines[29:31] = map(change, lines[29:31])
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    whole = inspect(damaged, WHOLE)
    found = whole[inspection.LINES_PARSE]
    named = [f"train.jsonl line {number} " for number in (30, 31) if fault]
    assert [text for text in named if text in found.summary] == named
    assert fault in found.summary and found.passed is not bool(fault)
    border = len(b"".join(line + b"\n" for line in lines[:30]))
    assert inspect(damaged, border + moved) == whole
    assert inspect(damaged, 97) == whole


@pytest.mark.parametrize("block_bytes", [40_000, 300_000, WHOLE, 10**7])
def test_a_line_that_is_too_long_is_named_by_its_number_in_the_file(damaged, block_bytes):
    path = jsonl_of(damaged)
    lines = lines_of(path)
    lines[40] = lines[50] = b"x" * (LINE_BYTES + 1)
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    with pytest.raises(BadInput, match=r"train\.jsonl line 41 is longer than any such line"):
        inspect(damaged, block_bytes)


def test_an_empty_file_has_no_lines(damaged):
    jsonl_of(damaged).write_bytes(b"")
    found = inspect(damaged, WHOLE)
    assert found == inspect(damaged, 97)
    assert found[inspection.LINES_PARSE].evidence["lines"] == 0
    assert not found[inspection.ROWS_EQUAL_CATALOG].passed


def test_no_lines_pass_without_the_tokenizer_either(damaged):
    jsonl_of(damaged).write_bytes(b"")
    length_filter(damaged.catalog, damaged.store).tokenizer.unlink()
    with pytest.raises(BadInput, match="the tokenizer cannot be read"):
        inspect(damaged, WHOLE)


def test_line_metadata_that_ends_early_is_named_as_in_one_pass(damaged):
    path = damaged.store.dataset("codecontests").line_metadata("train")
    lines = lines_of(path)
    del lines[20]
    lines[10] = b"{},"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    whole = inspect(damaged, WHOLE)
    assert "has no item for line 61" in whole[inspection.METADATA_ALIGNED].summary
    assert inspect(damaged, 400) == whole


def test_two_processes_find_what_one_finds(damaged, monkeypatch):
    damage(damaged, 30)
    monkeypatch.setattr(pool, "POOL_WORTH_BYTES", 0)
    two = inspect_whole(damaged, 1_000, workers=2)  # about 30 blocks in the memory of four
    assert two == inspect_whole(damaged, WHOLE)
    assert two.sha256 == file_io.sha256_of(jsonl_of(damaged))


def test_a_process_that_dies_is_named_with_its_lines(made, monkeypatch):
    monkeypatch.setattr(pool, "POOL_WORTH_BYTES", 0)
    monkeypatch.setattr(block_inspection, "inspect_shared", die)
    with pytest.raises(BadInput, match=r"checks lines died: .*train\.jsonl, from byte 0 on"):
        inspect(made, 5_000, workers=2)


def die(*_) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_file_that_is_another_when_it_is_read_again_is_named(damaged, monkeypatch):
    """Lines are read again where task_ids may be equal; another file would prove nothing."""
    path = jsonl_of(damaged)
    damage(damaged, 30)
    read_lines = inspection.read_lines

    def late(*arguments):
        path.write_bytes(path.read_bytes().replace(b'"x_correct_1"', b'"x_correct_2"', 1))
        return read_lines(*arguments)

    monkeypatch.setattr(inspection, "read_lines", late)
    with pytest.raises(BadInput, match=r"the JSONL changed while it was checked: .*train\.jsonl"):
        inspect(damaged, 500)
