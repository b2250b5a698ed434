"""Byte ranges of a JSONL, so that one pass over it is divided between processes.

A line belongs to the range in which it starts. Whoever reads a range finds its first line, so that
nobody reads the file beforehand; the number of that line is known once the ranges before it are.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from wmtp_assets.datasets.convert.records import open_lines
from wmtp_assets.files.regular import LINE_BYTES

# About a second of work for one process.
RANGE_BYTES = 32_000_000


@dataclass(frozen=True)
class LineRange:
    """The lines of a file that start at `start` or later, and before `end`; None is its end."""

    path: Path
    start: int
    end: int | None

    @property
    def place(self) -> str:
        """Where it begins, for a message."""
        return f"{self.path}, from byte {self.start:,} on"

    def goes_on(self, place: int) -> bool:
        """Whether a line that starts there belongs to it."""
        return self.end is None or place < self.end


def plan_ranges(path: Path, range_bytes: int = RANGE_BYTES) -> list[LineRange]:
    """Divide a JSONL; an empty one is a range too.

    Raises:
        BadInput: The file is missing, or no regular file.
    """
    with open_lines(path) as handle:
        size = os.fstat(handle.fileno()).st_size
    starts = list(range(0, max(size, 1), range_bytes))
    return [LineRange(path, *ends) for ends in zip(starts, [*starts[1:], None], strict=True)]


def read_range(lines: LineRange) -> Iterator[tuple[int, bytes]]:
    """Read the lines of a range: where the next one starts, and the line with its line feed.

    Of a line over LINE_BYTES, which is the last that is read, a part of more than that.

    Raises:
        BadInput: As `plan_ranges`.
    """
    with open_lines(lines.path) as handle:
        place = _seek_first_line(handle, lines)
        while lines.goes_on(place) and (raw := handle.readline(LINE_BYTES + 1)):
            place += len(raw)
            yield place, raw
            if len(raw) > LINE_BYTES:
                return


def _seek_first_line(handle: BinaryIO, lines: LineRange) -> int:
    """Go to the first line that starts in the range; returns its place, or one beyond the range."""
    if lines.start == 0:
        return 0
    place = handle.seek(lines.start - 1)
    while lines.goes_on(place) and (piece := handle.readline(LINE_BYTES)):
        place += len(piece)
        if piece.endswith(b"\n"):
            break
    return place
