"""A gate in which a Dask worker waits, in the middle of a unit, until the test opens it.

Preloaded by the workers of the tests: a unit whose parquet file lies beside a folder `gate` takes a
ticket out of it, if there is one, after its first problem, which is on the disk by then. So does a
range of a JSONL beside one, after its lines were read.
"""

import os
import time
from pathlib import Path

from wmtp_assets.datasets.convert import cluster, units
from wmtp_assets.datasets.convert.line_ranges import LineRange

WAIT_SECONDS = 60


def dask_setup(worker: object) -> None:
    """Called by `dask worker --preload`."""
    units.BUFFER_BYTES = 2  # what is written is in the file
    read_problems = units.read_problems

    def gated(dataset: str, path: Path, *arguments):
        for problem in read_problems(dataset, path, *arguments):
            yield problem
            _wait_in(path.parent / "gate")

    units.read_problems = gated
    read_range = cluster.read_range

    def gated_range(lines: LineRange) -> bytes:
        data = read_range(lines)
        _wait_in(lines.path.parent / "gate")
        return data

    cluster.read_range = gated_range


def _wait_in(gate: Path) -> None:
    try:
        (gate / "ticket").rename(gate / f"{os.getpid()}.held")
    except FileNotFoundError:
        return
    wait_until((gate / "open").exists)


class Gate:
    """The gate beside a parquet file or a JSONL, for one unit or range."""

    def __init__(self, raw: Path):
        self._folder = raw / "gate"
        self._folder.mkdir(parents=True)
        (self._folder / "ticket").touch()

    def holder(self) -> int:
        """The process id of the worker that waits in the gate."""
        return int(wait_until(lambda: list(self._folder.glob("*.held")))[0].stem)

    def open(self) -> None:
        (self._folder / "open").touch()


def wait_until(look):
    """What `look` gives once it is true.

    Raises:
        TimeoutError: It was not for a minute.
    """
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        if seen := look():
            return seen
        time.sleep(0.01)
    raise TimeoutError(look)
