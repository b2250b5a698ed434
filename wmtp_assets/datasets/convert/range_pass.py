"""Runs a function over the ranges of one file and hands back what it found in their order.

In processes of this machine where that pays (`pool`), in this process otherwise; the result does
not depend on which.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import TypeVar

from wmtp_assets.datasets.convert import pool
from wmtp_assets.datasets.convert.line_ranges import LineRange

Found = TypeVar("Found")


def each_range(
    look: Callable[[LineRange], Found], ranges: Sequence[LineRange], workers: int
) -> Iterator[Found]:
    """Yield what `look` finds in each range.

    Args:
        look: A function of a range, picklable as its result is.
        workers: Processes to use at most.

    Raises:
        BadInput: A process died; and what `look` raises.
    """
    if not pool.is_worth(workers, len(ranges), ranges[-1].start):
        yield from map(look, ranges)
        return
    with pool.processes(min(workers, len(ranges))) as executor:

        def submit(lines: LineRange) -> Future[Found]:
            with _death_is_named(lines):
                return executor.submit(look, lines)

        for lines, future in pool.in_order(submit, ranges, lambda: 2 * workers):
            with _death_is_named(lines):
                found = future.result()
            yield found


def _death_is_named(lines: LineRange) -> contextlib.AbstractContextManager[None]:
    return pool.death_is_named("reads lines", lines.place, "run it")
