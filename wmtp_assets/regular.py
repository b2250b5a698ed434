"""The one way to open a file of the storage: regular, inside its root, of a bounded size.

What lies in a storage may be anything: a FIFO blocks whoever opens it, /dev/zero never ends, a
link leads out, a sparse file of 6 GB is as large as its size says once it is in memory.
"""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from wmtp_assets.errors import BadInput

# The largest small file of the real storage is tokenizer.json with 3.6 MB.
SMALL_BYTES = 64 * 1024 * 1024

KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}
FIX = "remove it and materialize its asset anew"


def open_regular(path: Path, *, root: Path | None = None) -> BinaryIO:
    """Open a regular file for reading, without ever waiting for another process.

    Args:
        path: The file; it may be a link to a regular file.
        root: Where the file has to lie once links are followed; None asks nothing.

    Raises:
        FileNotFoundError: There is none.
        BadInput: It is no regular file, a link without end, or lies outside of its root.
    """
    if root is not None:
        require_inside(path, root)
    try:
        # Without O_NONBLOCK the open itself waits for a FIFO's writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise BadInput("a link that leads back to itself", [path], FIX) from error
        if error.errno == errno.ENXIO:  # a socket, a device without a driver
            raise BadInput("not a regular file", [path], FIX) from error
        raise
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            kind = KINDS.get(stat.S_IFMT(mode), "something else")
            raise BadInput(f"{kind} where a regular file should be", [path], FIX)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_small(path: Path, *, limit: int = SMALL_BYTES, root: Path | None = None) -> bytes:
    """Read a small file whole.

    Args:
        path: The file.
        limit: The size in bytes beyond which it is none of its kind.
        root: Where it has to lie.

    Raises:
        FileNotFoundError: There is none.
        BadInput: It is larger than its kind, or not a regular file inside of its root.
    """
    with open_regular(path, root=root) as handle:
        size = os.fstat(handle.fileno()).st_size
        data = b"" if size > limit else handle.read(limit + 1)
    if size > limit or len(data) > limit:
        raise BadInput(f"larger than any such file ({limit:,} bytes at most)", [path], FIX)
    return data


def require_inside(path: Path, root: Path) -> None:
    """Refuse a path that leads out of its root by a link.

    Raises:
        BadInput: It does; both ends are named.
    """
    try:
        real = path.resolve()
        inside = real.is_relative_to(root.resolve())
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop, before Python 3.13
        raise BadInput("a link that leads back to itself", [path], FIX) from error
    if not inside:
        raise BadInput(f"a link that leads out of {root}", [f"{path} -> {real}"], FIX)
