"""What every benchmark needs: a process measured from outside, and a cold cache."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


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


def drop_cache(path: Path) -> None:
    """Let the system forget the cached pages of a file, where it can be told to."""
    if not hasattr(os, "posix_fadvise"):
        return
    with open(path, "rb") as handle:
        os.fsync(handle.fileno())
        os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def memory_bytes() -> int:
    """Physical memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
