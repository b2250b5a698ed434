"""Runs a function over the ranges of one file and hands back what it found in their order.

In processes of this machine where that pays (`pool`), in this process otherwise; the result does
not depend on which.
"""

import contextlib
import io
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from typing import TypeVar

from wmtp_assets.datasets.convert import pool
from wmtp_assets.datasets.convert.line_ranges import LineRange
from wmtp_assets.datasets.convert.records import open_lines
from wmtp_assets.files.regular import LINE_BYTES
from wmtp_assets.progress import Seen, unseen

# A range in one piece would be copied twice through memory that is new each time.
BUFFER_BYTES = 256 * 1024

Found = TypeVar("Found")


def each_range(
    look: Callable[[LineRange], Found],
    ranges: Sequence[LineRange],
    workers: int,
    seen: Seen = unseen,
) -> Generator[Found]:
    """Yield what `look` finds in each range.

    Args:
        look: A function of a range, picklable as its result is.
        workers: Processes to use at most.
        seen: Called with the bytes of each range.

    Raises:
        BadInput: A process died; and what `look` raises.
    """
    if not pool.is_worth(workers, len(ranges), ranges[-1].start):
        for lines in ranges:
            found = look(lines)
            seen(lines.end - lines.start)
            yield found
        return
    with pool.processes(min(workers, len(ranges))) as executor:

        def submit(lines: LineRange) -> Future[Found]:
            with _death_is_named(lines):
                return executor.submit(look, lines)

        for lines, future in pool.in_order(submit, ranges, lambda: 2 * workers):
            with _death_is_named(lines):
                found = future.result()
            seen(lines.end - lines.start)
            yield found


def lines_of(lines: LineRange) -> Iterator[bytes]:
    """Read the lines of a range one by one, with their line feeds.

    Of a line over LINE_BYTES, which is the last that is read, a part of more than that.

    Raises:
        BadInput: The file is missing, or no regular file.
    """
    with io.BufferedReader(open_lines(lines.path).detach(), BUFFER_BYTES) as handle:
        place = handle.seek(max(0, lines.start - 1))
        piece = b"" if lines.start else b"\n"
        # A line starts at the beginning of the file, and behind a line feed.
        while not piece.endswith(b"\n") and place < lines.end:
            if not (piece := handle.readline(LINE_BYTES)):
                return
            place += len(piece)
        while place < lines.end and (raw := handle.readline(LINE_BYTES + 1)):
            place += len(raw)
            yield raw
            if len(raw) > LINE_BYTES:
                return


def _death_is_named(lines: LineRange) -> contextlib.AbstractContextManager[None]:
    return pool.death_is_named("reads lines", lines.place, "run it")
