"""Which bytes of an unfinished file are there, where several ranges of it arrive at a time.

The bytes lie at their positions, with holes between. How many there are of each segment stands in
the same file, behind its content: one name, one lock, one end for both. All numbers are 64 bits,
the first byte the lowest:

    content, with holes | zeros to a full block | a count a segment | MARK, size, segment size

A file without this table has no holes: it is of one stream, or of an earlier release. An earlier
release that finds the table sees a file that is too long, and fetches it again.
"""

import os
import struct
from dataclasses import dataclass
from pathlib import Path

from wmtp_assets.files.regular import open_regular

MARK = b"WMTPseg1"
FOOTER = struct.Struct("<8sQQ")
# A count never lies across two pages or sectors, so that half of it is never written.
BLOCK_BYTES = 4096
# Of 64 MiB: 6 TB. A table that says more is none.
MOST_SEGMENTS = 100_000


@dataclass
class Segments:
    """A file that arrives in segments of one length, the last one as long as is left.

    Attributes:
        size_bytes: That of the whole content.
        segment_bytes: That of a segment.
        counts: How many bytes of each segment are there, from its start on.
    """

    size_bytes: int
    segment_bytes: int
    counts: list[int]

    @classmethod
    def without_holes(cls, size_bytes: int, segment_bytes: int, first_bytes: int) -> "Segments":
        """Those of a file of which the first bytes are there."""
        starts = range(0, size_bytes, segment_bytes)
        lengths = [min(segment_bytes, size_bytes - start) for start in starts]
        pairs = zip(starts, lengths, strict=True)
        counts = [min(max(first_bytes - start, 0), length) for start, length in pairs]
        return cls(size_bytes, segment_bytes, counts)

    def span(self, number: int) -> tuple[int, int]:
        """Where a segment begins and ends."""
        start = number * self.segment_bytes
        return start, min(start + self.segment_bytes, self.size_bytes)

    def is_whole(self, number: int) -> bool:
        start, end = self.span(number)
        return self.counts[number] == end - start

    @property
    def bytes_there(self) -> int:
        return sum(self.counts)

    @property
    def bytes_before_hole(self) -> int:
        """How many first bytes are there without a hole."""
        for number, count in enumerate(self.counts):
            if not self.is_whole(number):
                return number * self.segment_bytes + count
        return self.size_bytes

    def write(self, descriptor: int) -> None:
        """Write the table; the bytes that it counts have to be on the disk already."""
        table = struct.pack(f"<{len(self.counts)}Q", *self.counts)
        table += FOOTER.pack(MARK, self.size_bytes, self.segment_bytes)
        write_at(descriptor, table, _table_start(self.size_bytes))


def read_segments(descriptor: int) -> Segments | None:
    """The table of an unfinished file, or None where there is none."""
    there = os.fstat(descriptor).st_size
    footer = os.pread(descriptor, FOOTER.size, max(there - FOOTER.size, 0))
    if len(footer) < FOOTER.size:
        return None
    mark, size_bytes, segment_bytes = FOOTER.unpack(footer)
    if mark != MARK or not 0 < segment_bytes <= size_bytes <= there:
        return None
    number = -(-size_bytes // segment_bytes)
    start = _table_start(size_bytes)
    if number > MOST_SEGMENTS or start + 8 * number + FOOTER.size != there:
        return None
    table = os.pread(descriptor, 8 * number, start)
    if len(table) != 8 * number:
        return None
    found = Segments(size_bytes, segment_bytes, list(struct.unpack(f"<{number}Q", table)))
    spans = map(found.span, range(number))
    possible = zip(found.counts, spans, strict=True)
    return found if all(count <= end - start for count, (start, end) in possible) else None


def bytes_there(path: Path) -> int:
    """How many bytes of its content an unfinished file holds; another process may take it away."""
    try:
        with open_regular(path) as handle:
            found = read_segments(handle.fileno())
            return found.bytes_there if found else os.fstat(handle.fileno()).st_size
    except OSError:
        return 0


def write_at(descriptor: int, data: bytes, position: int) -> None:
    """Write all of it at a position.

    Raises:
        OSError: The disk does not take it.
    """
    left = memoryview(data)
    while left:
        count = os.pwrite(descriptor, left, position)
        left, position = left[count:], position + count


def _table_start(size_bytes: int) -> int:
    return -(-size_bytes // BLOCK_BYTES) * BLOCK_BYTES
