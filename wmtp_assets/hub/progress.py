"""How far the files of a repository are: bytes there, rate, time that remains."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from wmtp_assets.progress import of_bytes, spoken_rate, spoken_time


@dataclass
class DownloadProgress:
    """Bytes of files that grow side by side; `received` counts what came from the source."""

    title: str
    total_bytes: int
    clock: Callable[[], float] = time.monotonic
    at_least: bool = False
    """Whether there are files beyond `total_bytes` whose size is not known."""
    received: int = 0
    _there: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._started = self.clock()

    def kept(self, file: str, size_bytes: int) -> None:
        """So much of a file was there already."""
        with self._lock:
            self._there[file] = size_bytes

    def at(self, file: str, position: int) -> None:
        """A file has grown to a position, or begins again at one."""
        with self._lock:
            self.received += max(0, position - self._there.get(file, 0))
            self._there[file] = position

    def line(self) -> str:
        """One line for a person: `org/repo: 12.3 of 27.0 GB, 105 MB/s, 2 min 20 s left`.

        Where sizes are unknown: `org/repo: 12.3 of at least 27.0 GB, 105 MB/s`.
        """
        with self._lock:
            there, received = sum(self._there.values()), self.received
        rate = received / max(self.clock() - self._started, 1e-9)
        speed = spoken_rate(rate)
        if self.at_least:
            least = of_bytes(there, max(there, self.total_bytes), "of at least")
            return f"{self.title}: {least}, {speed}"
        left = f"{spoken_time((self.total_bytes - there) / rate)} left" if rate else "waiting"
        return f"{self.title}: {of_bytes(there, self.total_bytes)}, {speed}, {left}"
