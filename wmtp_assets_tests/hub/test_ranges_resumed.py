"""What a dead process left of a large file is continued in ranges, or in one stream."""

import pytest

from wmtp_assets.hub import ranges
from wmtp_assets.hub.segments import Segments
from wmtp_assets_tests.hub.loopback import Fault
from wmtp_assets_tests.hub.ranged import (
    BIG,
    BYTES,
    REPO,
    SEGMENT,
    SIZE,
    asked_ranges,
    fetch,
    in_ranges,
    left_over,
    new_hub,
    place,
    reachable,
    small_ranges,
)

AT = 3 * SEGMENT


@pytest.fixture
def hub():
    with small_ranges():
        yield new_hub()


def left(root, table: Segments | None, content: bytes, etag: str) -> None:
    """Unfinished, of a process that is dead."""
    partial = place(root).new(etag)
    with open(partial.path, "r+b") as handle:
        handle.write(content)
        handle.flush()
        if table:
            table.write(handle.fileno())
    partial.held.release()


def etag(hub) -> str:
    return hub.facts(REPO.id, BIG)["sha256"]


def test_what_one_stream_left_is_continued_in_ranges(tmp_path, hub):
    left(tmp_path, None, BYTES[:500_000], etag(hub))
    with reachable(hub):
        fetch(tmp_path)
    assert hub.bytes_served[BIG] == SIZE - 500_000 and in_ranges(hub)


def test_holes_are_filled_and_nothing_else_is_fetched(tmp_path, hub):
    counts = [SEGMENT, 10, 0, SEGMENT, 5, *[0] * 16]
    content = b"".join(
        BYTES[n * SEGMENT :][:count].ljust(SEGMENT, b"\0") for n, count in enumerate(counts[:5])
    )
    left(tmp_path, Segments(SIZE, SEGMENT, counts), content, etag(hub))
    assert place(tmp_path).bytes_on_disk == sum(counts)
    with reachable(hub):
        fetch(tmp_path)
    assert hub.bytes_served[BIG] == SIZE - sum(counts) and in_ranges(hub)


def test_where_ranges_are_refused_now_the_first_bytes_are_kept_and_no_hole_is(tmp_path, hub):
    counts = [SEGMENT, 10, 0, SEGMENT, *[0] * 17]
    content = BYTES[: SEGMENT + 10].ljust(3 * SEGMENT, b"\0") + BYTES[AT : AT + SEGMENT]
    left(tmp_path, Segments(SIZE, SEGMENT, counts), content, etag(hub))
    hub.faults_at[SEGMENT + 10] = [Fault(status=403)]
    with reachable(hub):
        fetch(tmp_path)
    assert hub.bytes_served[BIG] == SIZE - SEGMENT - 10


def test_holes_are_no_bytes_where_a_file_comes_in_one_stream_now(tmp_path, hub, monkeypatch):
    monkeypatch.setattr(ranges, "RANGED_FROM_BYTES", SIZE + 1)
    counts = [SEGMENT, 10, 0, SEGMENT, *[0] * 17]
    left(tmp_path, Segments(SIZE, SEGMENT, counts), BYTES[: SEGMENT + 10], etag(hub))
    with reachable(hub):
        fetch(tmp_path)
    assert asked_ranges(hub) == [f"bytes={SEGMENT + 10}-"]


@pytest.mark.parametrize("size", [SIZE - 1, SIZE + 1])
def test_what_is_left_of_a_file_of_another_size_is_dropped(tmp_path, hub, size):
    table = Segments.without_holes(size, SEGMENT, 5 * SEGMENT)
    left(tmp_path, table, bytes(5 * SEGMENT), etag(hub))
    with reachable(hub):
        fetch(tmp_path)
    assert hub.bytes_served[BIG] == SIZE and in_ranges(hub)


def test_what_is_left_of_another_content_is_dropped(tmp_path, hub):
    table = Segments.without_holes(SIZE, SEGMENT, 5 * SEGMENT)
    left(tmp_path, table, bytes(5 * SEGMENT), "another")
    with reachable(hub):
        lines = fetch(tmp_path)
    assert not any("once more" in line for line in lines), "told by the digest only"


def test_a_whole_file_of_which_only_the_end_of_its_table_is_missing_needs_no_request(tmp_path, hub):
    left(tmp_path, Segments.without_holes(SIZE, SEGMENT, SIZE), BYTES, etag(hub))
    with reachable(hub):
        fetch(tmp_path)
    assert not asked_ranges(hub) and not left_over(tmp_path)
