"""The one way to open a file of the storage: regular, inside its root, of a bounded size.

What lies in a storage may be anything: a FIFO blocks whoever opens it, /dev/zero never ends, a
link leads out, a sparse file of 6 GB is as large as its size says once it is in memory. What a
library opens by its path is looked at beforehand (`require_regular`, `require_regular_folder`).
"""

import contextlib
import errno
import io
import os
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from wmtp_assets.errors import BadInput

# The largest small file of the real storage is tokenizer.json with 3.6 MB; parsed, JSON takes up
# to twenty times its size.
SMALL_BYTES = 16 * 1024 * 1024
# SHA256SUMS, a decision, a key, params.json, the card of a dataset: a few kB.
TINY_BYTES = 1024 * 1024
# A record has at most 2,048 tokens of at most 16 characters: some 100 kB.
LINE_BYTES = 1024 * 1024
# What may be as large as a model, by the end of its name; everything else in its folder is small.
# Line metadata has 36 bytes a line: 130 MB for the published train split.
LARGE = (".safetensors", ".jsonl", "_metadata.json")

KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}
FIX = "put the file itself there: remove this, then materialize its asset anew or copy it there"


def open_regular(path: Path, *, root: Path | None = None) -> io.BufferedReader:
    """Open a regular file for reading, without ever waiting for another process.

    Args:
        path: The file; it may be a link to a regular file.
        root: Where the file has to lie once links are followed; None asks nothing.

    Raises:
        FileNotFoundError: There is none.
        BadInput: It is no regular file, a link without end, or lies outside of its root.
    """
    return os.fdopen(open_descriptor(path, root=root), "rb")


def open_unbuffered(path: Path) -> io.FileIO:
    """Open a regular file as `open_regular` does; each read is one of the system."""
    return os.fdopen(open_descriptor(path), "rb", buffering=0)


def open_descriptor(path: Path, *, root: Path | None = None, flags: int = 0) -> int:
    """Open a regular file for reading, as `open_regular`; whoever calls closes it.

    Args:
        flags: Further flags of `os.open`.
    """
    if root is not None:
        require_inside(path, root)
    try:
        # Without O_NONBLOCK the open itself waits for a FIFO's writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | flags)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _endless(path) from error
        if error.errno == errno.ENXIO:  # a socket, a device without a driver
            raise BadInput("not a regular file", [path], FIX) from error
        raise
    with contextlib.ExitStack() as otherwise:
        otherwise.callback(os.close, descriptor)
        _require_regular_mode(os.fstat(descriptor).st_mode, path)
        os.set_blocking(descriptor, True)
        otherwise.pop_all()
    return descriptor


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
        raise _too_large(path, limit)
    return data


def read_text(path: Path) -> str:
    """Read a small text for people; bytes that are no UTF-8 are shown as such.

    Raises:
        FileNotFoundError: There is none.
        BadInput: As `read_small`.
    """
    return read_small(path).decode("utf-8", "replace")


def bounded_lines(handle: BinaryIO, path: Path, first: int = 1) -> Iterator[bytes]:
    """The lines of an opened file with their line feeds, however many; the last may lack it.

    Args:
        path: Its name, for the error.
        first: The number of the next line.

    Raises:
        BadInput: A line is longer than LINE_BYTES; its number is named.
    """
    pieces = iter(partial(handle.readline, LINE_BYTES + 1), b"")
    for number, line in enumerate(pieces, first):
        if len(line) > LINE_BYTES:
            raise line_too_long(path, number)
        yield line


def line_too_long(path: Path, number: int) -> BadInput:
    """The error of a line that is longer than LINE_BYTES."""
    at_most = f"longer than any such line ({LINE_BYTES:,} bytes at most)"
    return BadInput(f"{path.name} line {number} is {at_most}", [path], FIX)


def require_regular(
    path: Path, *, root: Path | None = None, limit: int | None = None
) -> os.stat_result:
    """Look at a file that a library will open by its path; returns its size, times, inode.

    Args:
        path: The file; it may be a link to a regular file.
        root: Where the file has to lie once links are followed; None asks nothing.
        limit: The size in bytes beyond which it is none of its kind; None asks nothing.

    Raises:
        FileNotFoundError: There is none.
        BadInput: It is no regular file, a link without end, outside of its root, or too large.
    """
    if root is not None:
        require_inside(path, root)
    try:
        found = path.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _endless(path) from error
        raise
    _require_regular_mode(found.st_mode, path)
    if limit is not None and found.st_size > limit:
        raise _too_large(path, limit)
    return found


def require_regular_folder(folder: Path) -> None:
    """Look at the files of a folder that a library will open by itself; its folders are left aside.

    Raises:
        BadInput: Something in it is no regular file inside of it, or larger than its kind.
    """
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_symlink() or not path.is_dir():
            large = path.name.endswith(LARGE)
            require_regular(path, root=folder, limit=None if large else SMALL_BYTES)


def require_inside(path: Path, root: Path) -> None:
    """Refuse a path that leads out of its root by a link, or to no end.

    Raises:
        BadInput: It does; both ends are named.
    """
    refuse_loop(path)
    try:
        real = path.resolve()
        inside = real.is_relative_to(root.resolve())
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop, before Python 3.13
        raise _endless(path) from error
    if not inside:
        fix = "put what it points to in the place of the link; the root itself may be one"
        raise BadInput(f"a link that leads out of {root}", [f"{path} -> {real}"], fix)


def refuse_loop(path: Path) -> None:
    """Refuse a loop of links, which Python 3.13 resolves to itself, and earlier ones to an error.

    Raises:
        BadInput: The path is one, or lies below one.
    """
    try:
        path.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _endless(path) from error


def _require_regular_mode(mode: int, path: Path) -> None:
    if not stat.S_ISREG(mode):
        kind = KINDS.get(stat.S_IFMT(mode), "something else")
        raise BadInput(f"{kind} where a regular file should be", [path], FIX)


def _endless(path: Path) -> BadInput:
    return BadInput("a link that leads back to itself", [path], FIX)


def _too_large(path: Path, limit: int) -> BadInput:
    return BadInput(f"larger than any such file ({limit:,} bytes at most)", [path], FIX)
