"""What every benchmark needs: a process, or a tree of them, measured from outside; a cold cache."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.orphans import waiting_for_orphans
from wmtp_assets.files.writer import forget_pages

SAMPLE_SECONDS = 0.1


@dataclass(frozen=True)
class Measured:
    """One finished process: wall time, peak resident memory, what it printed."""

    seconds: float
    peak_rss_bytes: int
    output: str


def run_module(arguments: Sequence[str]) -> Measured:
    """Run `python -m ...` and measure it, interpreter start and imports included.

    Raises:
        RuntimeError: It exited with another code than 0.
    """
    command = [sys.executable, "-W", "ignore", "-m", *arguments]
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} exited with {process.returncode}")
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return Measured(seconds, usage.ru_maxrss * unit, output)


def run_tree(arguments: Sequence[str]) -> Measured:
    """Run `python -m ...` and measure it with all processes that it starts, together.

    Memory is looked at ten times a second: the sum of what the processes alive at that moment have
    held resident at most (VmHWM on Linux: nothing between two looks is missed, and pages that they
    share count for each). Elsewhere the sum of their resident memory, as `ps` tells it.

    Raises:
        RuntimeError: It exited with another code than 0.
    """
    command = [sys.executable, "-W", "ignore", "-m", *arguments]
    with waiting_for_orphans():
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        peak = 0
        while process.poll() is None:
            peak = max(peak, sum(resident_bytes(process.pid)))
            time.sleep(SAMPLE_SECONDS)
        seconds = time.monotonic() - started
    output = process.stdout.read()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} exited with {process.returncode}")
    return Measured(seconds, peak, output)


def resident_bytes(root: int) -> Iterator[int]:
    """Resident memory of a process and of all below it, in any order."""
    if Path(f"/proc/{root}/task/{root}/children").exists():
        yield from _peaks(root)
        return
    parents, resident = _ps_table()
    for pid in resident:
        above = pid
        while above not in (root, 0):
            above = parents.get(above, 0)
        if above == root:
            yield resident[pid]


def _peaks(pid: int) -> Iterator[int]:
    # Only the tree is looked at: reading all of /proc ten times a second slowed it down.
    folder = Path(f"/proc/{pid}")
    try:
        status = (folder / "status").read_text()
        children = [
            int(child)
            for task in (folder / "task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return  # ended meanwhile
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            yield int(line.split()[1]) * 1024
    for child in children:
        yield from _peaks(child)


def _ps_table() -> tuple[dict[int, int], dict[int, int]]:
    listing = subprocess.run(["ps", "-axo", "pid=,ppid=,rss="], capture_output=True, check=True)
    rows = [tuple(map(int, line.split())) for line in listing.stdout.splitlines()]
    return {pid: parent for pid, parent, _ in rows}, {pid: kib * 1024 for pid, _, kib in rows}


def drop_cache(path: Path) -> None:
    """Let the system forget the cached pages of a file, where it can be told to."""
    with open(path, "rb") as handle:
        os.fsync(handle.fileno())
        forget_pages(handle.fileno(), 0, 0)  # all of it


def memory_bytes() -> int:
    """Physical memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
