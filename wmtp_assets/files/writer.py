"""A long file on its way to the disk: hashed as it passes, written out as it grows."""

import hashlib
import os
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

# Often enough that little waits in memory, seldom enough that the disk is not asked all the time:
# 27 GB were copied at 1.27 GB/s with 32 MB, at 1.04 to 1.19 with 128.
SETTLE_BYTES = 32 * 1024 * 1024
# A smaller piece is hashed in less time than another thread takes to begin.
WORTH_A_THREAD_BYTES = 256 * 1024


class HashingWriter:
    """A binary file that hashes what passes through it, and writes it at the same time.

    What was written is brought to the disk as it goes, by a thread: a long file ends without a
    long fsync, and leaves the memory of the machine to others.
    """

    def __init__(self, handle: BinaryIO):
        self._handle = handle
        self._hash = hashlib.sha256()
        self.size_bytes = 0
        self._written = self._settled = 0
        self._settler = ThreadPoolExecutor(1)
        self._settling: Future[None] | None = None
        self._hasher = ThreadPoolExecutor(1)
        self._hashing: Future[None] | None = None

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Hash and write; what may change is hashed when this returns, `bytes` by the next call."""
        size_bytes = memoryview(data).nbytes
        if size_bytes < WORTH_A_THREAD_BYTES:
            self.hash(data)
            return self.put(data)
        self._finish_hashing()
        self.size_bytes += size_bytes
        self._hashing = self._hasher.submit(self._hash.update, data)
        try:
            return self.put(data)
        finally:
            if not isinstance(data, bytes):
                self._finish_hashing()

    def hash(self, data: bytes | bytearray | memoryview) -> None:
        """The first half of a write; a caller of both halves gives each the same data in order."""
        self._finish_hashing()
        self._hash.update(data)
        self.size_bytes += memoryview(data).nbytes

    def put(self, data: bytes | bytearray | memoryview) -> int:
        """The second half of a write; may run in another thread than the first."""
        count = self._handle.write(data)
        self._written += count
        if self._written - self._settled >= SETTLE_BYTES:
            self._handle.flush()
            self.settle()
            span = (self._settled, self._written - self._settled)
            self._settling = self._settler.submit(to_disk, self._handle.fileno(), *span)
            self._settled = self._written
        return count

    def settle(self) -> None:
        """Wait for what is on its way to the disk; an error of the disk is raised here."""
        if self._settling is not None:
            self._settling.result()

    def close(self) -> None:
        """Let the threads end."""
        self._settler.shutdown()
        self._hasher.shutdown()

    @property
    def sha256(self) -> str:
        self._finish_hashing()
        return self._hash.hexdigest()

    def _finish_hashing(self) -> None:
        if self._hashing is not None:
            self._hashing.result()
            self._hashing = None


def forget_pages(descriptor: int, start: int, count: int) -> None:
    """Let the system reuse the memory that caches these bytes of a file, where it can be told.

    A pass over 27 GB would else push everything out of the cache of a 24 GB machine; on a virtual
    machine, where untouched memory is slow to get, it took three times as long.
    """
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, start, count, os.POSIX_FADV_DONTNEED)


def to_disk(descriptor: int, start: int, count: int) -> None:
    """Write out these bytes of a file, and forget their pages."""
    getattr(os, "fdatasync", os.fsync)(descriptor)
    forget_pages(descriptor, start, count)
