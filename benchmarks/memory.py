"""The most memory that a command and all below it hold together, pages that they share once.

Dividing shared pages (PSS) walks all pages of a process, which a command would feel ten times a
second. So the cheap count of anonymous pages is looked at that often, and the exact one once a
second and whenever the cheap one stands higher than ever. What comes and goes within a tenth of a
second, or in a process that lives less than a second, may be missed.
"""

import contextlib
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import resident_bytes
from benchmarks.orphans import LINUX, children

LOOK_SECONDS, GLANCE_SECONDS = 1.0, 0.1
# As much more than ever before asks for an exact look.
HIGHER = 1.02


class PeakMemory:
    """Of the process `root` and all below it; resident memory where the system does not divide."""

    def __init__(self, root: int):
        self.bytes = 0
        self._root = root
        self._known: list[int] = []
        self._highest = 0
        self._looked = self._glanced = -math.inf

    def look(self) -> None:
        """To be called often: looks when it is time to."""
        now = time.monotonic()
        if now - self._glanced < GLANCE_SECONDS:
            return
        self._glanced = now
        anonymous = sum(map(_anonymous_bytes, self._known)) if LINUX else 0
        if now - self._looked < LOOK_SECONDS and anonymous <= HIGHER * self._highest:
            return
        self._looked, self._highest = now, max(self._highest, anonymous)
        self._known = list(_below(self._root))
        held = map(_pss_bytes, self._known) if LINUX else resident_bytes(self._root)
        self.bytes = max(self.bytes, sum(held))


def _below(pid: int) -> Iterator[int]:
    yield pid
    for child in children(pid):
        yield from _below(child)


def _anonymous_bytes(pid: int) -> int:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        _, resident, of_files, *_ = Path(f"/proc/{pid}/statm").read_text().split()
        return (int(resident) - int(of_files)) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _pss_bytes(pid: int) -> int:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
