"""The table of what is there of a file with holes: believed only where it can be one."""

import itertools
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmtp_assets.hub.segments import (
    BLOCK_BYTES,
    FOOTER,
    MARK,
    Segments,
    bytes_there,
    read_segments,
)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("segments") / "e.partial"


def found(path, data: bytes) -> Segments | None:
    path.write_bytes(data)
    with open(path, "rb") as handle:
        return read_segments(handle.fileno())


def test_a_table_is_read_as_it_was_written(tmp_path):
    table = Segments(10_000, 3_000, [3_000, 17, 0, 1_000])
    with open(tmp_path / "a", "w+b") as handle:
        table.write(handle.fileno())
        assert read_segments(handle.fileno()) == table
    assert table.bytes_there == bytes_there(tmp_path / "a") == 4_017
    assert table.bytes_before_hole == 3_017
    assert (tmp_path / "a").stat().st_size == 3 * BLOCK_BYTES + 4 * 8 + FOOTER.size


@given(size=st.integers(1, 500), segment=st.integers(1, 500), first=st.integers(0, 500))
@settings(max_examples=40)
def test_first_bytes_are_all_there_is_before_the_first_hole(size, segment, first):
    segments = Segments.without_holes(size, segment, first)
    assert segments.bytes_before_hole == segments.bytes_there == min(first, size)
    spans = [segments.span(n) for n in range(len(segments.counts))]
    assert spans[0][0] == 0 and spans[-1][1] == size
    assert all(before[1] == after[0] for before, after in itertools.pairwise(spans))


def raw(size: int, segment: int, counts: list[int], mark: bytes = MARK) -> bytes:
    table = struct.pack(f"<{len(counts)}Q", *counts) + FOOTER.pack(mark, size, segment)
    return bytes(-(-min(size, 99_999) // BLOCK_BYTES) * BLOCK_BYTES) + table


WRONG = {
    "empty": b"",
    "a few bytes": MARK,
    "another mark": raw(9_000, 4_000, [4_000, 0, 0], b"WMTPseg0"),
    "a count too large": raw(9_000, 4_000, [4_001, 0, 0]),
    "a last count too large": raw(9_000, 4_000, [0, 0, 1_001]),
    "a count of 2^64-1": raw(9_000, 4_000, [2**64 - 1, 0, 0]),
    "a count too few": raw(9_000, 4_000, [0, 0]),
    "a count too many": raw(9_000, 4_000, [0, 0, 0, 0]),
    "no size": raw(0, 4_000, []),
    "no segments": raw(9_000, 0, []),
    "a segment beyond the size": raw(9_000, 9_001, [0]),
    "a size beyond the file": raw(2**63, 2**62, [0, 0]),
    "a size of 2^64-1": raw(2**64 - 1, 2**64 - 1, [0]),
    "segments of one byte": raw(99_999, 1, []),
    "only the footer": FOOTER.pack(MARK, 24, 24),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_can_be_no_table_is_none(file, case):
    assert found(file, WRONG[case]) is None
    assert bytes_there(file) == len(WRONG[case])


@given(data=st.data())
@settings(max_examples=40)
def test_a_damaged_table_is_none_or_a_possible_one(file, data):
    content = bytearray(raw(9_000, 4_000, [4_000, 7, 0]))
    for _ in range(data.draw(st.integers(1, 3))):
        content[-data.draw(st.integers(1, 48))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, 50))
    table = found(file, bytes(content[: len(content) - cut]))
    if table:
        spans = [table.span(n) for n in range(len(table.counts))]
        pairs = zip(table.counts, spans, strict=True)
        assert all(0 <= count <= end - start for count, (start, end) in pairs)
        assert table.bytes_there <= table.size_bytes <= len(content)


def test_what_was_taken_away_or_is_no_file_holds_nothing(tmp_path):
    assert bytes_there(tmp_path / "gone") == 0
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert bytes_there(tmp_path / "link") == 0
