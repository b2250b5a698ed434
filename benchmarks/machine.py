"""The machine below a benchmark: what else it does meanwhile, and whether the disk is large enough.

Times of a busy machine say nothing. A benchmark states how busy it was, and warns.
"""

import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF

from benchmarks.usage import cpu_seconds

# Of all processors; the rest of a quiet system takes less.
BUSY_SHARE = 0.1
STAT = Path("/proc/stat")
CLOCK_SECONDS = 0.01


class Load:
    """What other processes take of the processors, from now on.

    What this process has started counts as its own once it was waited for.
    """

    def __init__(self) -> None:
        self._cores = os.cpu_count() or 1
        self._before = os.getloadavg()[0]
        self._all, self._own = _busy_seconds(), _own_seconds()
        self._started = os.times().elapsed
        if self._before > BUSY_SHARE * self._cores:
            _warn(f"the load of this machine is {self._before:.2f} before the start")

    def numbers(self) -> dict:
        """The load average before the start; the cores that others kept busy since, or None."""
        others = None
        if self._all is not None:
            taken = _busy_seconds() - self._all - (_own_seconds() - self._own)
            elapsed = max(os.times().elapsed - self._started, CLOCK_SECONDS)
            others = round(max(0.0, taken) / elapsed, 2)
            if others > BUSY_SHARE * self._cores:
                _warn(f"others kept {others:.2f} of {self._cores} cores busy")
        return {
            "cores": self._cores,
            "load_before": round(self._before, 2),
            "other_busy_cores": others,
        }


def require_disk(folder: Path, needed_bytes: int, fix: str) -> None:
    """Say how much of the disk is needed; end the program where less is free.

    Raises:
        SystemExit: With one sentence.
    """
    free = shutil.disk_usage(folder).free
    said = f"{needed_bytes / 1e9:,.1f} GB of disk in {folder}, which has {free / 1e9:,.1f} GB free"
    if free < needed_bytes:
        raise SystemExit(f"this needs {said}. Fix: {fix}")
    print(f"takes {said}", file=sys.stderr)


def show(numbers: Mapping[str, str | int | float | None], as_json: bool) -> None:
    """Print numbers one a line, then where asked for as one JSON object on the last line."""
    width = max(map(len, numbers))
    for name, value in numbers.items():
        said = f"{round(value, 3):,}" if isinstance(value, int | float) else value or "not known"
        print(f"{name:>{width}}  {said}")
    if as_json:
        print(json.dumps(numbers))


def _warn(what: str) -> None:
    print(f"warning: {what}: the times below are too long", file=sys.stderr)


def _busy_seconds() -> float | None:
    """Seconds of all cores that were not idle, time of the host's other guests included."""
    if not STAT.exists():
        return None
    user, nice, system, _, _, irq, softirq, steal = map(int, STAT.read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    return cpu_seconds(RUSAGE_SELF) + cpu_seconds(RUSAGE_CHILDREN)
