"""Files written whole or not at all, read within bounds, and hashed.

A file appears under its name by rename after fsync; a folder of files that belong together ends
with the one that names the digests of the others. Not here: where files lie (store.py, folders.py).
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wmtp_assets.errors import BadInput
from wmtp_assets.files.regular import TINY_BYTES, open_regular, read_small
from wmtp_assets.files.strict import parse_json, parse_sums
from wmtp_assets.files.temporaries import HeldFile, new_file, new_folder, sweep
from wmtp_assets.files.writer import HashingWriter, forget_pages
from wmtp_assets.progress import Seen, unseen

# In pieces of 1 MiB a copy of 27 GB took twice the time, most of it to hand them to the thread that
# hashes; in pieces of 8 MiB it took half more.
CHUNK_BYTES = 2 * 1024 * 1024
# Fits into the second-level cache: with buffers of 4 MiB a copy took twice as long.
BUFFER_BYTES = 256 * 1024
# Whoever reads such a file again reads past the cache (models/checkpoint/uncached.py). On a virtual
# machine that gives unused memory back, 4 GB were hashed in 2.3 s without the cache, in 8.8 s with.
LONG_BYTES = 1024 * 1024 * 1024


@dataclass(frozen=True)
class StoredFile:
    """A file as it was written: the proof travels with the path."""

    path: Path
    size_bytes: int
    sha256: str


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success fsync and rename it, on failure remove it.

    Raises:
        BadInput: The folder cannot be written.
    """
    held = _beside(path, new_file)
    try:
        yield held.path
        publish(held.path, path)
    finally:
        held.remove()


@contextlib.contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path`; it is removed at the end, if it is still there.

    Raises:
        BadInput: The folder of `path` cannot be written.
    """
    held = _beside(path, new_folder)
    try:
        yield held.path
    finally:
        held.remove()


def _beside(path: Path, new: Callable[[Path], HeldFile]) -> HeldFile:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path.parent)
        return new(path)
    except OSError as error:
        raise BadInput(
            f"cannot write into {path.parent} ({error.strerror})",
            [path.name],
            "make the folder writable or choose another WMTP_STORAGE_ROOT / WMTP_DOCS_ROOT",
        ) from error


def publish(temporary: Path, path: Path) -> None:
    """Let a whole file appear under its name, so that both survive a power cut.

    Raises:
        BadInput: Somebody took the unfinished file away.
    """
    try:
        fsync_file(temporary)
        os.replace(temporary, path)
    except FileNotFoundError as error:
        raise BadInput(
            "an unfinished file was taken away while it was written",
            [temporary],
            "leave what ends with .tmp or .partial alone while a run is under way, then run again",
        ) from error
    fsync_folder(path.parent)


@contextlib.contextmanager
def atomic_writer(path: Path) -> Iterator[HashingWriter]:
    """Yield a hashing writer whose bytes appear under `path` whole, or not at all."""
    with (
        atomic_path(path) as temporary,
        open(temporary, "wb", buffering=BUFFER_BYTES) as handle,
        contextlib.closing(HashingWriter(handle)) as out,
    ):
        yield out
        out.settle()


def write_bytes(path: Path, data: bytes) -> StoredFile:
    """Write a small file atomically."""
    with atomic_writer(path) as out:
        out.write(data)
    return StoredFile(path, out.size_bytes, out.sha256)


def write_json(path: Path, value: Any) -> StoredFile:
    """Write JSON for people: UTF-8, two spaces, the key order given, a final newline."""
    return write_bytes(path, json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """The text that `write_json` writes."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def copy_file(source: Path, target: Path) -> StoredFile:
    """Copy a file atomically, hashing on the way."""
    with open_regular(source) as handle, atomic_writer(target) as out:
        while chunk := handle.read(CHUNK_BYTES):
            out.write(chunk)
    return StoredFile(target, out.size_bytes, out.sha256)


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        BadInput: The file is missing, no regular file, too large, or is not strict JSON.
    """
    try:
        return json_in(read_small(path), path)
    except FileNotFoundError as error:
        raise BadInput("file is missing", [path], "materialize its asset") from error


def json_in(data: bytes, path: Path) -> Any:
    """Parse the JSON of a file.

    Raises:
        BadInput: It is not strict JSON; the file is named.
    """
    try:
        return parse_json(data)
    except ValueError as error:
        raise BadInput(f"not valid JSON ({error})", [path], "materialize its asset anew") from error


def sha256_of(path: Path, seen: Seen = unseen) -> str:
    """SHA-256 of a file, read in order with bounded memory.

    Args:
        seen: Called with what was read: of a long file in pieces.

    Raises:
        FileNotFoundError: There is none.
        BadInput: It is no regular file.
    """
    with open_regular(path) as handle:
        return _sha256_of(handle, seen)


def stored(path: Path) -> StoredFile:
    """Describe a file that is already in place, by reading it; errors are those of `sha256_of`."""
    with open_regular(path) as handle:
        size = os.fstat(handle.fileno()).st_size
        return StoredFile(path, size, _sha256_of(handle))


def _sha256_of(handle: io.BufferedReader, seen: Seen = unseen) -> str:
    if (size := os.fstat(handle.fileno()).st_size) < LONG_BYTES:
        found = hashlib.file_digest(handle, "sha256").hexdigest()
        seen(size)
        return found
    digest = hashlib.sha256()
    for chunk in read_and_forget(handle):
        digest.update(chunk)
        seen(len(chunk))
    return digest.hexdigest()


def read_and_forget(handle: io.BufferedReader, position: int = 0) -> Iterator[bytes]:
    """Read from where a file stands to its end; the pages of what was read are for others.

    Args:
        position: Where it stands.
    """
    # In pieces of 256 KiB the system kept what it was told to forget.
    while chunk := handle.read(CHUNK_BYTES):
        yield chunk
        forget_pages(handle.fileno(), position, len(chunk))
        position += len(chunk)


def write_sums(target: Path, files: Iterable[StoredFile]) -> StoredFile:
    """Write the SHA256SUMS of files in its own folder, as `sha256sum -c` reads it.

    The first file given has the first line, since scripts read that one for the weights; the rest
    follow by name. It is written last: a folder whose SHA256SUMS is in place is a whole one.
    """
    first, *rest = ((f.path.relative_to(target.parent).as_posix(), f.sha256) for f in files)
    named = [first, *sorted(rest)]
    return write_bytes(target, "".join(f"{sha256}  {name}\n" for name, sha256 in named).encode())


def read_sums(path: Path) -> dict[str, str]:
    """Read a SHA256SUMS file: file name -> digest.

    Raises:
        BadInput: The file is missing, no regular file of its folder, too large, empty, malformed,
            or names a file outside of its folder.
    """
    try:
        return parse_sums(read_small(path, limit=TINY_BYTES, root=path.parent))
    except FileNotFoundError as error:
        raise BadInput("file is missing", [path], "materialize its asset") from error
    except ValueError as error:
        wrong = f"SHA256SUMS is empty or malformed ({error})"
        raise BadInput(wrong, [path], "materialize its asset anew") from error


def content_digest(digests: Mapping[str, str]) -> str:
    """The data version of a set of files: path below the root -> sha256, in any order."""
    listing = "".join(f"{digests[path]}  {path}\n" for path in sorted(digests))
    return "sha256:" + hashlib.sha256(listing.encode()).hexdigest()


def nearest_existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there already."""
    return next(p for p in [folder, *folder.parents] if p.exists())


def free_bytes(folder: Path) -> int:
    """Free bytes of the disk that a folder is or will be on."""
    return shutil.disk_usage(nearest_existing(folder)).free


def require_free_space(folder: Path, needed_bytes: int) -> None:
    """Refuse before the first byte when the disk is too small.

    Raises:
        BadInput: Needed and free are named.
    """
    free = free_bytes(folder)
    if free < needed_bytes:
        raise BadInput(
            f"disk too small: {needed_bytes:,} bytes needed, {free:,} free",
            [folder],
            "free space there or choose another WMTP_STORAGE_ROOT",
        )


def fsync_file(path: Path) -> None:
    """Bring what was written into a file to the disk."""
    with open(path, "rb") as handle:
        os.fsync(handle.fileno())


def fsync_folder(folder: Path) -> None:
    """Make a rename in this folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
