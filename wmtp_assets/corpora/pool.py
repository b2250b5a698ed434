"""Runs units of work and hands their parts back in the order of the units.

The executor is a `concurrent.futures` one: processes of this machine where that pays, this process
otherwise. The bytes of the result never depend on which.
"""

import multiprocessing
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from pathlib import Path

from wmtp_assets.corpora.units import Part, Unit, convert_unit

# Two fresh processes take about 2 s until each has its modules and its tokenizer, while one process
# converts about 6 MB of the needed columns a second: below this size it is done before them.
POOL_WORTH_BYTES = 40_000_000
# fork is unsafe in a process that has threads (Dagster, pyarrow); macOS starts processes by spawn.
START_METHOD = "spawn" if sys.platform == "darwin" else "forkserver"


def convert_units(
    units: Sequence[Unit], new_part: Callable[[], Path], workers: int
) -> Iterator[tuple[Unit, Part]]:
    """Convert units and yield (unit, part) in their order.

    Args:
        new_part: Gives the path of the next part.
        workers: Processes to use at most.
    """
    size = sum(unit.size_bytes for unit in units)
    if workers < 2 or len(units) < 2 or size < POOL_WORTH_BYTES:
        for unit in units:
            yield unit, convert_unit(unit, new_part())
        return
    context = multiprocessing.get_context(START_METHOD)
    pool = ProcessPoolExecutor(min(workers, len(units)), mp_context=context)
    try:
        yield from _in_order(pool, units, new_part, ahead=2 * workers)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _in_order(
    executor: Executor, units: Sequence[Unit], new_part: Callable[[], Path], ahead: int
) -> Iterator[tuple[Unit, Part]]:
    """Keep `ahead` units going, so that finished parts waiting on the disk stay few."""
    running: deque[tuple[Unit, Future[Part]]] = deque()
    for unit in units:
        running.append((unit, executor.submit(convert_unit, unit, new_part())))
        if len(running) >= ahead:
            first, future = running.popleft()
            yield first, future.result()
    while running:
        first, future = running.popleft()
        yield first, future.result()
