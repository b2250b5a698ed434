"""Byte ranges of a JSONL, for processes that read them by themselves.

A line belongs to the range in which it starts. Whoever reads a range finds its first line, so that
nobody reads the file beforehand; the number of that line is known once the ranges before it are.
Where the whole is hashed too, lines are handed on in memory within a machine (`line_blocks`).
"""

import os
from dataclasses import dataclass
from pathlib import Path

from wmtp_assets.datasets.convert.records import open_lines
from wmtp_assets.files.regular import LINE_BYTES

# About a second of work for one process.
RANGE_BYTES = 32_000_000


@dataclass(frozen=True)
class LineRange:
    """The lines of a file that start at byte `start` or later, and before `end`."""

    path: Path
    start: int
    end: int

    @property
    def place(self) -> str:
        """Where it begins, for a message."""
        return f"{self.path}, from byte {self.start:,} on"


def plan_ranges(path: Path, range_bytes: int = RANGE_BYTES) -> list[LineRange]:
    """Divide a JSONL as it is now; an empty one is a range too.

    Raises:
        BadInput: The file is missing, or no regular file.
    """
    with open_lines(path) as handle:
        size = os.fstat(handle.fileno()).st_size
    return [
        LineRange(path, start, min(start + range_bytes, size))
        for start in range(0, max(size, 1), range_bytes)
    ]


def read_range(lines: LineRange) -> bytes:
    """Read the lines of a range, whole, with their line feeds.

    Of a last line over LINE_BYTES a part of more than that, and what of the file is there where it
    is shorter than it was.

    Raises:
        BadInput: As `plan_ranges`.
    """
    with open_lines(lines.path) as handle:
        # A line starts at the beginning of the file, and behind a line feed.
        before = handle.seek(max(0, lines.start - 1))
        data = handle.read(lines.end - before)
        if lines.start:
            data = data[data.find(b"\n") + 1 :] if b"\n" in data else b""
        if data and not data.endswith(b"\n"):
            data += handle.readline(LINE_BYTES + 1)
        return data
