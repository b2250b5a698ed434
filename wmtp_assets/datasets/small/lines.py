"""One range of a split, as its small set needs it: the ranks of lines, and where given lines are.

Pure functions of a range, picklable both ways. A range of blank lines has 32 million: after
MOST_LINES of them (or as many found) a part is handed back, and the rest to be read.
"""

import contextlib
import hashlib
from array import array
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field, replace
from typing import TypeVar

from wmtp_assets.datasets.convert.line_ranges import LineRange
from wmtp_assets.datasets.convert.range_pass import each_range, lines_of
from wmtp_assets.files.regular import LINE_BYTES, line_too_long
from wmtp_assets.progress import Seen, unseen

SEED = "wmtp small set v3"
# The end of the program, task_id, label, metadata: enough to tell nearly all lines apart, in a
# fifth of the time of the whole line. Lines with equal ends are taken in their order.
RANKED_BYTES = 256
MOST_LINES = 1_000_000
_SEEDED = hashlib.blake2b(key=SEED.encode(), digest_size=8)


@dataclass
class LinesRead:
    """What a look at a range begins with.

    Attributes:
        count, size_bytes: The lines that were read, and all of their bytes.
        too_long: Whether it ends at a line longer than any record.
        goes_on: Whether there are more lines, which were not read since there were too many before.
    """

    count: int = 0
    size_bytes: int = 0
    too_long: bool = False
    goes_on: bool = False


@dataclass
class RankedLines(LinesRead):
    """The ranks of all lines (`rank_of`) and their sizes in bytes."""

    ranks: array = field(default_factory=lambda: array("Q"))
    sizes: array = field(default_factory=lambda: array("I"))


@dataclass
class FoundLines(LinesRead):
    """Lines that were looked for: (lines before it, which one it is)."""

    found: list[tuple[int, int]] = field(default_factory=list)


Look = TypeVar("Look", bound=LinesRead)


def each_look(
    look: Callable[[LineRange], Look],
    ranges: Sequence[LineRange],
    workers: int,
    seen: Seen = unseen,
) -> Generator[Look]:
    """Yield what `look` finds in the ranges of a file, whole ones or in parts.

    Raises:
        BadInput: The file cannot be read or has a line too long for any record, a process died.
    """
    before = place = 0
    with contextlib.closing(each_range(look, ranges, workers, seen)) as looks:
        for lines, found in zip(ranges, looks, strict=True):
            while True:
                yield found
                before += found.count
                place += found.size_bytes
                if found.too_long:
                    raise line_too_long(lines.path, before + 1)
                if not found.goes_on:
                    break
                found = look(replace(lines, start=place))


def rank_lines(lines: LineRange) -> RankedLines:
    """Rank the lines of a range."""
    ranked = RankedLines()
    for raw in _lines_of(lines, ranked, ranked.ranks):
        ranked.ranks.append(rank_of(raw))
        ranked.sizes.append(len(raw))
    return ranked


def find_lines(wanted: Mapping[bytes, int], lines: LineRange) -> FoundLines:
    """Find lines in a range.

    Args:
        wanted: Line -> which one it is.
    """
    sizes = frozenset(map(len, wanted))
    looked = FoundLines()
    for raw in _lines_of(lines, looked, looked.found):
        if len(raw) in sizes and (which := wanted.get(raw)) is not None:
            looked.found.append((looked.count - 1, which))
    return looked


def rank_of(data: bytes) -> int:
    """A seeded hash of the last RANKED_BYTES as a number."""
    seeded = _SEEDED.copy()
    seeded.update(data[-RANKED_BYTES:])
    return int.from_bytes(seeded.digest())


def _lines_of(lines: LineRange, read: LinesRead, held: Sized) -> Iterator[bytes]:
    """The lines of a range, until too much is held."""
    for raw in lines_of(lines):
        if len(held) >= MOST_LINES:
            read.goes_on = True
            return
        if len(raw) > LINE_BYTES:
            read.too_long = True
            return
        read.count += 1
        read.size_bytes += len(raw)
        yield raw
