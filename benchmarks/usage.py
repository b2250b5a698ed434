"""What a command took with all that it started, also by what outlives it: forkservers, pools.

On Linux the system counts for us: what a process took goes to the one that waits for it, at last to
this one, which adopts the orphans below it. Nothing that ends between two looks is missed.
"""

import contextlib
import ctypes
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import resident_bytes

# Reading smaps_rollup walks all pages of a process: a look a second is not felt.
LOOK_SECONDS = 1.0
PR_SET_CHILD_SUBREAPER = 36
LINUX = sys.platform == "linux"


@dataclass(frozen=True)
class Usage:
    """One finished command with all its processes.

    Attributes:
        cpu_seconds: User and system time. Elsewhere than on Linux without what is not waited for,
            as the steps that a forkserver starts.
        peak_pss_bytes: The most memory at a look, shared pages counted once; resident memory
            where the system does not divide it.
        read_bytes, written_bytes: What went through calls of the system, from the cache of the
            disk too, pipes and records of Dagster included, maps not; None elsewhere than on Linux.
    """

    exit_code: int
    seconds: float
    cpu_seconds: float
    peak_pss_bytes: int
    read_bytes: int | None
    written_bytes: int | None


def run_command(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str], log: Path
) -> Usage:
    """Run a command in a folder, and wait for it and for what it left running.

    Args:
        log: What it prints goes there.
    """
    known = set(_children(os.getpid()))
    of = resource.RUSAGE_CHILDREN
    before, io_before, started = cpu_seconds(of), io_bytes(), time.monotonic()
    with _adopting_orphans(), open(log, "wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        peak, looked = 0, 0.0
        while process.poll() is None:
            if time.monotonic() - looked >= LOOK_SECONDS:
                peak = max(peak, sum(_pss_bytes(process.pid)))
                looked = time.monotonic()
            time.sleep(0.05)
        seconds = time.monotonic() - started
        while orphans := set(_children(os.getpid())) - known:
            os.waitpid(orphans.pop(), 0)
    read = written = None
    if io_before:
        read, written = (a - b for a, b in zip(io_bytes(), io_before, strict=True))
    cpu = cpu_seconds(of) - before
    return Usage(process.returncode, seconds, cpu, peak, read, written)


def cpu_seconds(of: int) -> float:
    """User and system time, of this process or of all that it has waited for.

    Args:
        of: `resource.RUSAGE_SELF` or `resource.RUSAGE_CHILDREN`.
    """
    used = resource.getrusage(of)
    return used.ru_utime + used.ru_stime


def io_bytes() -> tuple[int, int] | None:
    """Bytes read and written by this process and all that it has waited for; None if unknown."""
    if not LINUX:
        return None
    lines = Path("/proc/self/io").read_text().splitlines()
    counted = {name: int(value) for name, value in (line.split(": ") for line in lines)}
    return counted["rchar"], counted["wchar"]


@contextlib.contextmanager
def _adopting_orphans() -> Iterator[None]:
    """Have this process for the parent of those below it whose parent ends."""
    if not LINUX:
        yield
        return
    system = ctypes.CDLL(None)
    system.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        system.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _children(pid: int) -> list[int]:
    """The processes whose parent is this one; none where the system does not tell."""
    if not LINUX:
        return []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        tasks = Path(f"/proc/{pid}/task").iterdir()
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return []


def _pss_bytes(pid: int) -> Iterator[int]:
    if not LINUX:
        yield from resident_bytes(pid)
        return
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        yield from (int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    for child in _children(pid):
        yield from _pss_bytes(child)
