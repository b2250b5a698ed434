"""Lines read by ranges are those of the file, each once and in order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmtp_assets.datasets.convert import pool
from wmtp_assets.datasets.convert.line_ranges import plan_ranges
from wmtp_assets.datasets.convert.range_pass import each_range, lines_of
from wmtp_assets.datasets.convert.records import raw_lines
from wmtp_assets.files.regular import LINE_BYTES


@given(st.binary(max_size=60), st.integers(1, 70))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_ranges_hold_each_line_once_and_in_order(tmp_path_factory, data, range_bytes):
    path = tmp_path_factory.getbasetemp() / "lines.jsonl"
    path.write_bytes(data.replace(b"\x00", b"\n"))
    found = [raw for lines in plan_ranges(path, range_bytes) for raw in lines_of(lines)]
    assert found == list(raw_lines(path))


def test_a_line_longer_than_any_record_is_the_last_of_its_range(tmp_path):
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b"a\n" + b"x" * (3 * LINE_BYTES) + b"\nb\n")
    found = [list(lines_of(lines)) for lines in plan_ranges(path, LINE_BYTES // 2)]
    assert [len(raw) for raw in found[0]] == [2, LINE_BYTES + 1]
    assert found[1:] == [[]] * (len(found) - 2) + [[b"b\n"]]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_pass_tells_of_every_byte_once(tmp_path, monkeypatch, workers: int):
    monkeypatch.setattr(pool, "POOL_WORTH_BYTES", 0)
    path, seen = tmp_path / "lines.jsonl", []
    path.write_bytes(b"line\n" * 100)
    assert len(list(each_range(repr, plan_ranges(path, 64), workers, seen.append))) == 8
    assert sum(seen) == 500
