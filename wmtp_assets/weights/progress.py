"""Lines about long work: how much is done, how fast, how long it will still take."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

Report = Callable[[str], None]
SECONDS_BETWEEN_LINES = 5.0


@dataclass
class Progress:
    """Counts bytes and reports now and then.

    Attributes:
        what: The subject of the lines, such as "meta-llama-mtp: casting".
        clock: Seconds that only go forward.
    """

    what: str
    total_bytes: int
    report: Report
    clock: Callable[[], float] = time.monotonic
    done_bytes: int = 0
    _started: float = field(init=False)
    _reported: float = field(init=False)

    def __post_init__(self) -> None:
        self._started = self._reported = self.clock()

    def advance(self, count: int) -> None:
        """Count bytes that are done; says so when the last line is old or all is done."""
        self.done_bytes += count
        now = self.clock()
        finished = count > 0 and self.done_bytes >= self.total_bytes
        if finished or now - self._reported >= SECONDS_BETWEEN_LINES:
            self._reported = now
            self.report(self._line(now - self._started))

    def _line(self, seconds: float) -> str:
        rate = self.done_bytes / max(seconds, 1e-6)
        rest = max(self.total_bytes - self.done_bytes, 0) / max(rate, 1.0)
        return (
            f"{self.what}: {self.done_bytes:,} of {self.total_bytes:,} bytes, "
            f"{rate / 1e6:,.0f} MB/s, {rest:,.0f} s left"
        )
