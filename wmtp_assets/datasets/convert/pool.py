"""Runs units of work on this machine and hands their results back in the order of the units.

In processes where that pays, in this process otherwise; on a cluster it is `cluster` that does. The
result never depends on which. A unit is rows to convert, or lines to check (`block_inspection`).
"""

import contextlib
import multiprocessing
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from wmtp_assets.child_processes import end_with_parent
from wmtp_assets.datasets.convert.units import Part, Unit, convert_unit, write_unit
from wmtp_assets.errors import BadInput
from wmtp_assets.files.writer import HashingWriter

# Two fresh processes start work 0.6 s after this one would, and one process converts about 45 MB of
# the needed columns a second: below this size it is done before them.
POOL_WORTH_BYTES = 50_000_000
# fork is unsafe in a process that has threads (Dagster, pyarrow); macOS starts processes by spawn.
START_METHOD = "spawn" if sys.platform == "darwin" else "forkserver"

Work = TypeVar("Work")
Promise = TypeVar("Promise")


def convert_units(
    units: Sequence[Unit], new_part: Callable[[], Path], workers: int, out: HashingWriter
) -> Generator[tuple[Unit, Part]]:
    """Convert units and yield (unit, part) in their order.

    Args:
        new_part: Gives the path of the next part, where processes make them.
        workers: Processes to use at most.
        out: Where this process appends what it converts itself.

    Raises:
        BadInput: A unit cannot be converted, or its process died.
    """
    size = sum(unit.size_bytes for unit in units)
    if not is_worth(workers, len(units), size):
        for unit in units:
            yield unit, write_unit(unit, out)
        return
    with processes(min(workers, len(units))) as pool:

        def submit(unit: Unit) -> Future[Part]:
            with _death_of(unit):
                return pool.submit(convert_unit, unit, new_part())

        for unit, future in in_order(submit, units, lambda: 2 * workers):
            with _death_of(unit):
                part = future.result()
            yield unit, part


def is_worth(workers: int, units: int, size_bytes: int) -> bool:
    """Whether work on so many bytes is done sooner by several processes than by this one."""
    return workers > 1 and units > 1 and size_bytes >= POOL_WORTH_BYTES


@contextlib.contextmanager
def processes(
    count: int, first: Callable[..., None] | None = None, *arguments: object
) -> Iterator[ProcessPoolExecutor]:
    """Fresh processes that end with this one; what has not begun at the end is left undone.

    Args:
        first: Called in each before all work, with `arguments`.
    """
    context = multiprocessing.get_context(START_METHOD)
    if START_METHOD == "forkserver":
        # The server imports once for all workers, and they share the pages.
        context.set_forkserver_preload([__name__])
    pool = ProcessPoolExecutor(
        count, mp_context=context, initializer=_begin, initargs=(first, arguments)
    )
    try:
        yield pool
    except Exception:
        raise
    except BaseException:
        # Interrupted, or left: nobody waits for what they do.
        for process in [*pool._processes.values()]:
            process.kill()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(first: Callable[..., None] | None, arguments: tuple[object, ...]) -> None:
    end_with_parent()
    # Arrow's own pool gives pages back and takes them again: 170,000 page faults for six seconds'
    # work in the place of 90,000, and 6 % more time of the processor.
    pa.set_memory_pool(pa.system_memory_pool())
    if first is not None:
        first(*arguments)


def in_order(
    submit: Callable[[Work], Promise], units: Iterable[Work], ahead: Callable[[], int]
) -> Iterator[tuple[Work, Promise]]:
    """Submit units and yield (unit, what `submit` gave) in their order.

    Args:
        ahead: How many units to keep going, asked each time: finished parts that wait on the disk
            stay few.
    """
    running: deque[tuple[Work, Promise]] = deque()
    for unit in units:
        running.append((unit, submit(unit)))
        if len(running) >= ahead():
            yield running.popleft()
    while running:
        yield running.popleft()


def _death_of(unit: Unit) -> contextlib.AbstractContextManager[None]:
    return death_is_named("converts", unit.place, "materialize")


@contextlib.contextmanager
def death_is_named(doing: str, place: str, again: str) -> Iterator[None]:
    """Turn the death of a process into an error that names what it did, where, and what helps."""
    try:
        yield
    except BrokenProcessPool as error:
        if script := script_without_guard():
            raise BadInput(
                "a script without a main guard cannot start processes: each runs the script anew",
                [script],
                'put what the script does below `if __name__ == "__main__":`, or set '
                "WMTP_WORKERS=1 (workers=1)",
            ) from error
        raise BadInput(
            f"a process that {doing} died: killed, or out of memory",
            [place],
            f"lower WMTP_WORKERS if memory ran out, then {again} again",
        ) from error


def script_without_guard() -> str | None:
    """The main script of this process, if new processes import it and it does not expect that.

    multiprocessing imports a main module by its path or name
    (docs.python.org/3/library/multiprocessing.html#the-spawn-and-forkserver-start-methods).
    """
    path = getattr(sys.modules.get("__main__"), "__file__", None)
    if path is None:  # an interactive session, python -c, a notebook
        return None
    try:
        return None if b"__main__" in Path(path).read_bytes() else path
    except OSError:  # a script that came by a pipe: `<stdin>`
        return path
