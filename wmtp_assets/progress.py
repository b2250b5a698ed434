"""Lines about long work: how much is done, how fast, how long it will still take."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

SECONDS_BETWEEN_LINES = 5.0
# Called with the number of bytes that were read since the last call.
Seen = Callable[[int], object]


def unseen(size_bytes: int) -> None:
    """For whoever reads without being asked how far it is."""


@dataclass
class Progress:
    """Counts bytes, in any thread, and reports now and then, and at the end.

    Attributes:
        title: The subject of the lines, such as "codecontests/train".
        report: Called with each line.
        clock: Seconds that only go forward.
        tells_short: Whether work that was done before the first line was due has a line too.
    """

    title: str
    total_bytes: int
    report: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    tells_short: bool = True
    done_bytes: int = 0
    _started: float = field(init=False)
    _reported: float = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._started = self._reported = self.clock()

    def advance(self, size_bytes: int, rows: int | None = None) -> None:
        """Count bytes that are done; a line follows when the last one is old or all is done.

        Args:
            rows: All that were made so far, where a person counts in rows.
        """
        with self._lock:
            self.done_bytes += size_bytes
            now = self.clock()
            long = self.tells_short or now - self._started >= SECONDS_BETWEEN_LINES
            finished = long and size_bytes > 0 and self.done_bytes >= self.total_bytes
            if not finished and now - self._reported < SECONDS_BETWEEN_LINES:
                return
            self._reported = now
            line = f"{self.title}: {self._state(max(now - self._started, 1e-6), rows)}"
        self.report(line)

    def _state(self, seconds: float, rows: int | None) -> str:
        done, total = self.done_bytes, self.total_bytes
        left = spoken_time(seconds * max(total - done, 0) / max(done, 1))
        if rows is None:
            return f"{of_bytes(done, total)}, {spoken_rate(done / seconds)}, {left} left"
        percent = 100 * done / max(total, 1)
        return f"{percent:.0f}%, {rows:,} rows, {rows / seconds:,.0f} rows/s, about {left} left"


def reading(title: str, total_bytes: int, report: Callable[[str], None]) -> Seen:
    """Tell how far a reading is, for as long as it takes; nothing of one that is soon over."""
    return Progress(title, total_bytes, report, tells_short=False).advance


def of_bytes(done: int, total: int, word: str = "of") -> str:
    """Two numbers of bytes, for a person: `12.30 of 27.00 GB`, `0.4 of 12.0 MB`."""
    if total < 1e9:
        return f"{done / 1e6:,.1f} {word} {total / 1e6:,.1f} MB"
    return f"{done / 1e9:,.2f} {word} {total / 1e9:,.2f} GB"


def spoken_rate(bytes_per_second: float) -> str:
    """A rate, for a person: `105.0 MB/s`."""
    return f"{bytes_per_second / 1e6:,.1f} MB/s"


def spoken_time(seconds: float) -> str:
    """A duration as a person says it, in its two largest units: `2 min 20 s`."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (seconds, "s"))
    shown = [f"{number} {unit}" for number, unit in parts if number] or ["0 s"]
    return " ".join(shown[:2])
