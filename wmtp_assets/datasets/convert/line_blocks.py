"""A JSONL read once and in order, in blocks of whole lines that are handed on in memory.

Whoever reads hashes: both together cost a few hundredths of what is done with the lines. The memory
is divided into parts that are filled in turn, so that it stays the same for a file of any size;
where processes share it, no byte of a block travels.
"""

import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wmtp_assets.files.regular import LINE_BYTES

# A fifth of a second of work for one process. Four blocks, for two processes, are 28 MB: of such
# memory a container has 64 MB unless it is told otherwise (/dev/shm).
BLOCK_BYTES = 6_000_000


class Digest(Protocol):
    """What is given every byte that is read, in order, such as `hashlib.sha256()`."""

    def update(self, data: bytes | memoryview, /) -> None: ...


@dataclass(frozen=True)
class LineBlock:
    """Lines of a file in memory, from `start` to before `end` in it.

    All of them end with a line feed, but for the last one of a file, and for one that is longer
    than LINE_BYTES and may be a part of it; then it is the last that is read.

    Attributes:
        first_byte: Where its first line begins in the file.
    """

    path: Path
    first_byte: int
    start: int
    end: int

    @property
    def place(self) -> str:
        """Where it begins, for a message."""
        return f"{self.path}, from byte {self.first_byte:,} on"


def part_bytes(block_bytes: int) -> int:
    """The memory that a block needs: what is read at a time, behind the line that was begun."""
    return block_bytes + LINE_BYTES


def read_blocks(
    handle: io.BufferedReader, path: Path, memory: memoryview, block_bytes: int, digest: Digest
) -> Iterator[LineBlock]:
    """Read a file to its end; a part of the memory is filled anew when all others have been.

    An empty file is a block too.

    Args:
        path: Its name, for messages.
        memory: One or more times `part_bytes` of single bytes.
        digest: Given every byte that is read, in order.
    """
    size = part_bytes(block_bytes)
    begun, place = b"", 0  # the line that the last block ended in, and where it begins
    for start in itertools.cycle(range(0, len(memory), size)):
        cut = start
        while cut == start:
            memory[start : start + len(begun)] = begun
            end = start + len(begun)
            read = handle.readinto(memory[end : end + block_bytes])
            digest.update(memory[end : end + read])
            end += read
            tail = bytes(memory[max(start, end - LINE_BYTES - 1) : end])
            after_feed = tail.rfind(b"\n") + 1
            if not read or (not after_feed and len(tail) > LINE_BYTES):
                if end > start or not place:
                    yield LineBlock(path, place, start, end)
                return
            begun = tail[after_feed:]
            if after_feed:
                cut = end - len(begun)
        yield LineBlock(path, place, start, cut)
        place += cut - start
