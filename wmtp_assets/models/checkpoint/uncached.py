"""Reading past the page cache, into page-aligned buffers.

A pass over 27 GB through the cache pushes everything else out of the memory of a 24 GB machine; on
a virtual machine, where untouched memory is slow to get, it also took up to three times as long.
Where the system cannot read past its cache, the same bytes come through it.
"""

import contextlib
import errno
import fcntl
import mmap
import os
from collections import deque
from pathlib import Path

from wmtp_assets.files.regular import open_descriptor

# Direct reads begin and end at multiples of this: the largest logical block in use.
PAGE = 4096


class Buffers:
    """Equal pieces of memory in turn: so many are in use while one more is filled."""

    def __init__(self, size_bytes: int, in_use: int) -> None:
        self._size_bytes = -(-size_bytes // PAGE) * PAGE + PAGE
        self._in_use = in_use
        self._buffers: deque[mmap.mmap] = deque()

    def next(self) -> mmap.mmap:
        """Memory with room for `size_bytes` that begin anywhere in its first page."""
        if len(self._buffers) > self._in_use:
            self._buffers.rotate(-1)
        else:
            self._buffers.append(mmap.mmap(-1, self._size_bytes))
            if hasattr(mmap, "MADV_HUGEPAGE"):
                with contextlib.suppress(OSError):
                    self._buffers[-1].madvise(mmap.MADV_HUGEPAGE)
        return self._buffers[-1]


class UncachedFile:
    """A file read by position."""

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = open_descriptor(path, flags=getattr(os, "O_DIRECT", 0))
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            self._descriptor = open_descriptor(path)  # not every file system can
        if (no_cache := getattr(fcntl, "F_NOCACHE", None)) is not None:  # macOS
            fcntl.fcntl(self._descriptor, no_cache, 1)

    def read(self, buffer: mmap.mmap, position: int, count: int) -> memoryview | None:
        """Read bytes into a buffer of `Buffers`; None when the file ends before the last one."""
        first = position % PAGE
        pages = memoryview(buffer)[: -(-(first + count) // PAGE) * PAGE]
        done = 0
        while done < first + count:
            try:
                got = os.preadv(self._descriptor, [pages[done:]], position - first + done)
            except OSError as error:
                if error.errno != errno.EINVAL or not self._end_direct_reads():
                    raise
                continue
            if got == 0:
                return None
            done += got
        return pages[first : first + count]

    def _end_direct_reads(self) -> bool:
        """Some file systems open a file for direct reads and then refuse them."""
        flags = fcntl.fcntl(self._descriptor, fcntl.F_GETFL)
        direct = flags & getattr(os, "O_DIRECT", 0)
        fcntl.fcntl(self._descriptor, fcntl.F_SETFL, flags & ~direct)
        return bool(direct)

    def close(self) -> None:
        os.close(self._descriptor)
