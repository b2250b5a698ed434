"""Lines about long work."""

from wmtp_assets.progress import SECONDS_BETWEEN_LINES, Progress, spoken_time


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
    assert lines == ["casting: 250,000,000 of 1,000,000,000 bytes, 50 MB/s, 15 s left"]
    progress.advance(250_000_000)
    assert len(lines) == 1
    clock.now += 1
    progress.advance(500_000_000)
    assert lines[1].endswith("167 MB/s, 0 s left")


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
