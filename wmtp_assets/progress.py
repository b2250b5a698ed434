"""Lines about long work: how much is done, how fast, how long it will still take."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

SECONDS_BETWEEN_LINES = 5.0


@dataclass
class Progress:
    """Counts bytes and reports now and then, and at the end.

    Attributes:
        title: The subject of the lines, such as "codecontests/train".
        report: Called with each line.
        clock: Seconds that only go forward.
    """

    title: str
    total_bytes: int
    report: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    done_bytes: int = 0
    _started: float = field(init=False)
    _reported: float = field(init=False)

    def __post_init__(self) -> None:
        self._started = self._reported = self.clock()

    def advance(self, size_bytes: int, rows: int | None = None) -> None:
        """Count bytes that are done; a line follows when the last one is old or all is done.

        Args:
            rows: All that were made so far, where a person counts in rows.
        """
        self.done_bytes += size_bytes
        now = self.clock()
        finished = size_bytes > 0 and self.done_bytes >= self.total_bytes
        if finished or now - self._reported >= SECONDS_BETWEEN_LINES:
            self._reported = now
            self.report(f"{self.title}: {self._state(max(now - self._started, 1e-6), rows)}")

    def _state(self, seconds: float, rows: int | None) -> str:
        done, total = self.done_bytes, self.total_bytes
        left = spoken_time(seconds * max(total - done, 0) / max(done, 1))
        if rows is None:
            speed = f"{done / seconds / 1e6:,.0f} MB/s"
            return f"{done:,} of {total:,} bytes, {speed}, {left} left"
        percent = 100 * done / max(total, 1)
        return f"{percent:.0f}%, {rows:,} rows, {rows / seconds:,.0f} rows/s, about {left} left"


def spoken_time(seconds: float) -> str:
    """A duration as a person says it, in its two largest units: `2 min 20 s`."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (seconds, "s"))
    shown = [f"{number} {unit}" for number, unit in parts if number] or ["0 s"]
    return " ".join(shown[:2])
