"""Lines about long work."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from wmtp_assets import progress as module
from wmtp_assets.files import file_io
from wmtp_assets.progress import SECONDS_BETWEEN_LINES, Progress, reading, spoken_time


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_lines_come_now_and_then_and_at_the_end():
    clock, lines = Clock(), []
    progress = Progress("casting", 1_000_000_000, lines.append, clock)
    clock.now += SECONDS_BETWEEN_LINES / 2
    progress.advance(100_000_000)
    assert lines == []
    clock.now += SECONDS_BETWEEN_LINES / 2
    progress.advance(150_000_000)
    assert lines == ["casting: 0.25 of 1.00 GB, 50.0 MB/s, 15 s left"]
    progress.advance(250_000_000)
    assert len(lines) == 1
    clock.now += 1
    progress.advance(500_000_000)
    assert lines[1].endswith("166.7 MB/s, 0 s left")


def test_rows_are_told_where_they_are_counted():
    clock, lines = Clock(), []
    progress = Progress("codecontests/train", 1000, lines.append, clock)
    clock.now += 100
    progress.advance(500, rows=20_000)
    assert lines == ["codecontests/train: 50%, 20,000 rows, 200 rows/s, about 1 min 40 s left"]


def test_a_time_is_told_in_its_two_largest_units():
    assert [spoken_time(s) for s in (0, 59, 140, 3600, 7322)] == [
        "0 s",
        "59 s",
        "2 min 20 s",
        "1 h",
        "2 h 2 min",
    ]


def test_a_reading_that_is_soon_over_has_no_line_and_a_long_one_ends_with_one():
    for seconds, told in ((SECONDS_BETWEEN_LINES - 0.1, 0), (SECONDS_BETWEEN_LINES + 0.1, 1)):
        clock, lines = Clock(), []
        progress = Progress("the storage", 1000, lines.append, clock, tells_short=False)
        progress.advance(400)
        clock.now += seconds
        progress.advance(600)
        assert len(lines) == told


def test_bytes_of_many_threads_are_counted_once():
    lines: list[str] = []
    progress = Progress("the storage", 20_000_000_000, lines.append)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(progress.advance, [1_000_000] * 20_000))
    assert lines[-1].startswith("the storage: 20.00 of 20.00 GB, ")


@pytest.mark.parametrize("long_bytes", [1, 10**9])
def test_a_file_that_is_hashed_tells_of_all_its_bytes(tmp_path, monkeypatch, long_bytes: int):
    monkeypatch.setattr(file_io, "LONG_BYTES", long_bytes)
    monkeypatch.setattr(file_io, "CHUNK_BYTES", 1000)
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LINES", 0)
    path, lines = tmp_path / "x", []
    path.write_bytes(bytes(2500))
    assert file_io.sha256_of(path, reading("x", 2500, lines.append)) == file_io.sha256_of(path)
    assert len(lines) == (3 if long_bytes == 1 else 1) and lines[-1].endswith("0 s left")
