"""What a command took with all that it started, also by what outlives it: forkservers, pools.

On Linux the system counts for us: what a process took goes to the one that waits for it, at last to
this one, which adopts the orphans below it. Nothing that ends between two looks is missed.
"""

import resource
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.memory import GLANCE_SECONDS, PeakMemory
from benchmarks.orphans import LINUX, waiting_for_orphans

# What /proc/PID/io calls them.
COUNTED = {
    "read_bytes": "rchar",
    "written_bytes": "wchar",
    "disk_read_bytes": "read_bytes",
    "disk_written_bytes": "write_bytes",
}


@dataclass(frozen=True)
class Usage:
    """One finished command with all its processes.

    Attributes:
        cpu_seconds: User and system time. Elsewhere than on Linux without what is not waited for,
            as the steps that a forkserver starts.
        peak_pss_bytes: The most memory (`memory`).
        read_bytes, written_bytes: What went through calls of the system, however often: from the
            cache of the disk too, modules that are imported, pipes and records of Dagster included,
            also a copy within the system (copy_file_range, sendfile). Maps are not: bytes of a
            mapped file count in `disk_read_bytes` alone. Nor is a clone, which moves none.
        disk_read_bytes, disk_written_bytes: What had to come from the disk, maps included, and
            what was given to it.

    The last four are None elsewhere than on Linux.
    """

    exit_code: int
    seconds: float
    cpu_seconds: float
    peak_pss_bytes: int
    read_bytes: int | None = None
    written_bytes: int | None = None
    disk_read_bytes: int | None = None
    disk_written_bytes: int | None = None


def run_command(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str], log: Path
) -> Usage:
    """Run a command in a folder, and wait for it and for what it left running.

    Args:
        log: What it prints goes there.
    """
    of = resource.RUSAGE_CHILDREN
    cpu_before, before, started = cpu_seconds(of), io_bytes(), time.monotonic()
    with waiting_for_orphans(), open(log, "wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        peak = PeakMemory(process.pid)
        while process.poll() is None:
            peak.look()
            time.sleep(GLANCE_SECONDS / 2)
        seconds = time.monotonic() - started
    counted = {name: value - before[name] for name, value in io_bytes().items()}
    cpu = cpu_seconds(of) - cpu_before
    return Usage(process.returncode, seconds, cpu, peak.bytes, **counted)


def cpu_seconds(of: int) -> float:
    """User and system time, of this process or of all that it has waited for.

    Args:
        of: `resource.RUSAGE_SELF` or `resource.RUSAGE_CHILDREN`.
    """
    used = resource.getrusage(of)
    return used.ru_utime + used.ru_stime


def io_bytes() -> dict[str, int]:
    """What this process and all that it has waited for read and wrote; empty where unknown."""
    if not LINUX:
        return {}
    lines = Path("/proc/self/io").read_text().splitlines()
    counted = dict(line.split(": ") for line in lines)
    return {name: int(counted[theirs]) for name, theirs in COUNTED.items()}
