"""The process that reads damaged files: measured, its memory limited, killed from outside.

It makes its storages itself, so that whoever kills it can start another one.
"""

import collections
import os
import resource
import sys
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from wmtp_assets.errors import BadInput
from wmtp_assets_tests.fuzzing.target import Target

GIB = 2**30
LINUX = sys.platform == "linux"


@dataclass(frozen=True)
class Outcome:
    """How the looks at one damaged file ended.

    Attributes:
        peak_bytes: By how much the process grew, at most, during them.
        passed, failed, refused: How many looks found nothing, something, or ended in BadInput.
        faults: One line for each that ended otherwise than in an answer or in BadInput.
    """

    seconds: float
    peak_bytes: int
    passed: int
    failed: int
    refused: int
    faults: tuple[str, ...]


def serve(pipe: Connection, root: Path) -> None:
    """Make the targets, name them, then damage and read as told until the pipe is closed."""
    os.environ |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    # What libraries say of damage, and why the worker did not start.
    said = os.open(root / "said.txt", os.O_WRONLY | os.O_CREAT)
    os.dup2(said, 1)
    os.dup2(said, 2)
    from wmtp_assets_tests.fuzzing.targets import all_targets

    targets = all_targets(root)
    for target in targets:  # what the libraries import at first use is not counted
        outcome = look_at(target, target.paths[0].read_bytes())
        if outcome.refused or outcome.faults:  # planted rows are found in the undamaged, too
            raise AssertionError(f"undamaged {target.kind}: {outcome}")
    if LINUX:
        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (mapped + 2 * GIB, resource.RLIM_INFINITY))
    pipe.send([(target.kind, target.paths[0].read_bytes()) for target in targets])
    while True:
        try:
            number, data = pipe.recv()
        except EOFError:
            return
        pipe.send(look_at(targets[number], data))


def look_at(target: Target, data: bytes) -> Outcome:
    """Put the bytes in the places of a target, look, and put back what was there."""
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in target.paths}
    for path in target.paths:
        path.write_bytes(data)
    base, started = _start_measuring(), time.perf_counter()
    ended: collections.Counter = collections.Counter()
    faults = []
    try:
        for name, look in target.looks.items():
            try:
                ended["failed" if look() is False else "passed"] += 1
            except BadInput:
                ended["refused"] += 1
            except Exception as error:
                place = traceback.extract_tb(error.__traceback__)[-1]
                where = f"{Path(place.filename).name}:{place.lineno}"
                faults.append(f"{name}: {type(error).__name__}: {str(error)[:200]} ({where})")
        return Outcome(
            time.perf_counter() - started,
            peak_bytes() - base,
            *(ended[name] for name in ("passed", "failed", "refused")),
            tuple(faults),
        )
    finally:
        for path, (saved, mtime_ns) in before.items():
            path.write_bytes(saved)
            os.utime(path, ns=(mtime_ns, mtime_ns))


def _start_measuring() -> int:
    """Forget the peak so far, where the system can; returns what is resident now."""
    if LINUX:
        Path("/proc/self/clear_refs").write_text("5")
    return peak_bytes()


def peak_bytes() -> int:
    """The most memory that this process has held; `ru_maxrss` begins with its parent's on Linux."""
    if LINUX:
        status = Path("/proc/self/status").read_text()
        return 1024 * int(status.partition("VmHWM:")[2].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS
