"""Lines about long work."""

from wmtp_assets.weights.progress import SECONDS_BETWEEN_LINES, Progress


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
