"""The digest that the proof hands on: of every byte of the file as it was read, or none."""

import hashlib
import json
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from wmtp_assets.checking.asset_checks import _BYTES_CHECKS, BYTES_MATCH, evaluate_group
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.models.safetensors import proof
from wmtp_assets.models.safetensors.header import read_header
from wmtp_assets.models.safetensors.sums import SUMS_MATCH
from wmtp_assets_tests.models.test_checks import META, REF_WEIGHTS
from wmtp_assets_tests.models.tiny import CHECK_GROUPS, TinyStorage, damaged, flip

WEIGHTS = {
    "meta_mtp/safetensors": f"{META}/safetensors/model.safetensors",
    "ref_sheared/safetensors": REF_WEIGHTS,
    "micro_ref": "micro-ref/safetensors/model.safetensors",
}
KEY = "meta_mtp/safetensors"


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "model.safetensors"
    state = {"a": torch.randn(40, 3).half(), "none": torch.empty(0, 2), "n": torch.arange(7)}
    save_file(state | {"header": torch.ones(5)}, path)
    return path


def digest_of(path: Path) -> str | None:
    return proof.prove(read_header(path), None, "float16").sha256


def rewrite(path: Path, change) -> None:
    """Write the file with its header entries and its data changed."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    entries, values = change(json.loads(data[8 : 8 + length]), data[8 + length :])
    text = json.dumps(entries).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + values)


@pytest.mark.parametrize("chunk", [1, 7, 50, 10**6])
def test_it_is_the_sha256_of_the_file(file, chunk, monkeypatch):
    monkeypatch.setattr("wmtp_assets.models.checkpoint.tensors.CHUNK_ELEMENTS", chunk)
    assert digest_of(file) == file_io.sha256_of(file)


def test_no_byte_of_the_file_is_passed_over(file):
    seen, data = {digest_of(file)}, file.read_bytes()
    blank = data.index(b'"header"') + 1  # in the text of the header
    for at in (blank, len(data) // 2, len(data) - 1):
        file.write_bytes(flip(at)(data))
        assert digest_of(file) == hashlib.sha256(file.read_bytes()).hexdigest()
        seen.add(digest_of(file))
    assert len(seen) == 4


def moved(entries: dict, by: int) -> dict:
    """Entries whose last tensor lies further back, or overlaps the one before it."""
    last = max(entries, key=lambda name: entries[name]["data_offsets"])
    entries[last]["data_offsets"] = [at + by for at in entries[last]["data_offsets"]]
    return entries


@pytest.mark.parametrize(
    "change",
    [
        lambda entries, values: (entries, values + b"more"),
        lambda entries, values: (moved(entries, 8), values + b"12345678"),
        lambda entries, values: (moved(entries, -8), values),
        lambda entries, values: (moved(entries, -8), values[:-8]),
    ],
    ids=["more", "gap", "overlap", "overlap to the end"],
)
def test_a_file_that_its_tensors_do_not_cover_has_none(file, change):
    rewrite(file, change)
    assert digest_of(file) is None


def test_a_file_cut_short_after_its_header_was_read_has_none(file):
    header = read_header(file)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(BadInput, match="ends inside a tensor"):
        proof.prove(header, None, "float16")


@pytest.fixture
def hashed(monkeypatch) -> list[Path]:
    """The files that were read to be hashed."""
    seen, sha256_of = [], file_io.sha256_of

    def count(path: Path, *told) -> str:
        seen.append(path)
        return sha256_of(path, *told)

    monkeypatch.setattr(file_io, "sha256_of", count)
    return seen


def judge(tiny: TinyStorage, key: str) -> dict:
    """What the groups that compare values or digests find, in the order of the table."""
    state, found = tiny.state(key), {}
    for group in (*CHECK_GROUPS[key], *_BYTES_CHECKS):
        if {proof.FINITE, SUMS_MATCH, BYTES_MATCH} & group.propositions.keys():
            found |= evaluate_group(group, tiny.deployment, state)
    return found


@pytest.mark.parametrize("key", WEIGHTS)
def test_the_weights_are_read_once_for_values_sums_and_bytes(tiny, key, hashed):
    assert all(finding.passed for finding in judge(tiny, key).values())
    assert tiny.path(WEIGHTS[key]) not in hashed


def test_a_source_that_is_missing_costs_no_second_read(tiny, hashed):
    with damaged(tiny.path(f"{META}/raw/7B_1T_4/consolidated.pth"), lambda data: None):
        found = judge(tiny, KEY)
    assert not found[proof.EQUAL].passed and "no longer on disk" in found[proof.EQUAL].summary
    assert found[proof.FINITE].passed and found[BYTES_MATCH].passed
    assert tiny.path(WEIGHTS[KEY]) not in hashed


CHANGES = {
    "header": lambda data: data.replace(b'"format":"pt"', b'"format":"pT"', 1),
    "last byte": lambda data: flip(len(data) - 1)(data),
    "one more": lambda data: data + b"x",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_byte_fails_sums_and_bytes(tiny, change):
    with damaged(tiny.path(WEIGHTS[KEY]), change):
        found = judge(tiny, KEY)
    assert not found[SUMS_MATCH].passed and not found[BYTES_MATCH].passed


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_file_changed_while_it_is_read_is_hashed_again(tiny, change, hashed, monkeypatch):
    path, before = tiny.path(WEIGHTS[KEY]), tiny.path(WEIGHTS[KEY]).read_bytes()
    proven = proof.prove

    def change_behind(*given):
        found = proven(*given)
        path.write_bytes(change(before))
        return found

    monkeypatch.setattr(proof, "prove", change_behind)
    try:
        found = judge(tiny, KEY)
    finally:
        path.write_bytes(before)
    assert found[proof.EQUAL].passed and path in hashed
    assert not found[SUMS_MATCH].passed and not found[BYTES_MATCH].passed
