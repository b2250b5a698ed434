"""One range of a split, as its small set needs it: the ranks of lines, and where given lines are.

Pure functions of a range, picklable both ways. A range of blank lines has 32 million: after
MOST_LINES of them (or as many found) a part is handed back, and the rest to be read.
"""

import hashlib
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from wmtp_assets.datasets.convert.line_ranges import LineRange, read_range
from wmtp_assets.datasets.convert.range_pass import each_range
from wmtp_assets.files.regular import LINE_BYTES, line_too_long

SEED = "wmtp small set v2"
MOST_LINES = 1_000_000


@dataclass
class LinesRead:
    """What a look at a range begins with.

    Attributes:
        lines: The range, or the part of it that was to be read.
        count: Lines read.
        too_long: Whether it ends at a line longer than any record.
        rest: The lines that were not read, since there were too many before.
    """

    lines: LineRange
    count: int = 0
    too_long: bool = False
    rest: LineRange | None = None


@dataclass
class RankedLines(LinesRead):
    """The ranks of all lines (`rank_of`), their sizes, and where the first one begins."""

    start: int = 0
    ranks: array = field(default_factory=lambda: array("Q"))
    sizes: array = field(default_factory=lambda: array("I"))


@dataclass
class FoundLines(LinesRead):
    """Lines that were looked for: (lines before it, which one it is)."""

    found: list[tuple[int, int]] = field(default_factory=list)


Look = TypeVar("Look", bound=LinesRead)


def each_look(
    look: Callable[[LineRange], Look], ranges: Sequence[LineRange], workers: int
) -> Iterator[Look]:
    """Yield what `look` finds in the ranges of a file, whole ones or in parts.

    Raises:
        BadInput: The file cannot be read or has a line too long for any record, a process died.
    """
    before = 0
    for found in each_range(look, ranges, workers):
        while True:
            yield found
            before += found.count
            if found.too_long:
                raise line_too_long(found.lines.path, before + 1)
            if found.rest is None:
                break
            found = look(found.rest)


def rank_lines(lines: LineRange) -> RankedLines:
    """Rank the lines of a range."""
    ranked = RankedLines(lines)
    for raw, place in _lines_of(ranked, lambda: len(ranked.ranks)):
        if not ranked.ranks:
            ranked.start = place - len(raw)
        ranked.ranks.append(rank_of(raw))
        ranked.sizes.append(len(raw))
    return ranked


def find_lines(wanted: Mapping[bytes, int], lines: LineRange) -> FoundLines:
    """Find lines in a range.

    Args:
        wanted: Line -> which one it is.
    """
    sizes = frozenset(map(len, wanted))
    looked = FoundLines(lines)
    for raw, _ in _lines_of(looked, lambda: len(looked.found)):
        if len(raw) in sizes and (which := wanted.get(raw)) is not None:
            looked.found.append((looked.count - 1, which))
    return looked


def rank_of(data: bytes) -> int:
    """A seeded hash as a number."""
    return int.from_bytes(hashlib.blake2b(data, key=SEED.encode(), digest_size=8).digest())


def _lines_of(read: LinesRead, held: Callable[[], int]) -> Iterator[tuple[bytes, int]]:
    """The lines of a range and where the next one begins, until `held` is too much."""
    for place, raw in read_range(read.lines):
        if len(raw) > LINE_BYTES:
            read.too_long = True
            return
        read.count += 1
        yield raw, place
        if held() >= MOST_LINES and read.lines.goes_on(place):
            read.rest = replace(read.lines, start=place)
            return
