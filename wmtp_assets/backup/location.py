"""A folder that fsspec reaches: another disk, S3, ...; whatever ails it is one clear error.

A place holds `v2.0.0/` (the copy, with the paths of the storage), `v2.0.0.json` (its tag, written
last) and, while files are replaced, `v2.0.0.incoming/`.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.regular import SMALL_BYTES, open_regular
from wmtp_assets.files.walking import files_below
from wmtp_assets.files.writer import to_disk
from wmtp_assets.progress import Seen, unseen
from wmtp_assets.setting_values import without_credentials

AGAIN = "see whether it can be reached and written, then run it again; what is there whole is kept"


class BackupLocation:
    """A folder of an fsspec file system, its paths relative and with slashes.

    Args:
        url: A local path, or a URL of a protocol that fsspec knows.

    Attributes:
        folder: Its path where it is a folder of this machine, else None.
        shown: The URL without what is secret in it.

    Raises:
        BadInput: Its protocol is unknown, or needs a package that is not installed.
    """

    def __init__(self, url: str):
        import fsspec
        from fsspec.implementations.local import LocalFileSystem
        from fsspec.utils import get_protocol

        self.shown = without_credentials(url)
        try:
            fsspec.get_filesystem_class(get_protocol(url))
        except (ImportError, ValueError) as error:
            raise BadInput(
                f"the place of the backup cannot be opened ({error})",
                [self.shown],
                "pip install the package that is named, or give the path of another disk",
            ) from error
        # Some connect here. Their words may quote the URL, also in pieces.
        try:
            self._fs, folder = fsspec.core.url_to_fs(url)
        except Exception as error:
            message = f"the place of the backup cannot be opened ({type(error).__name__})"
            raise BadInput(message, [self.shown], AGAIN) from None
        self._folder = folder.rstrip("/")
        self.folder = self._folder if isinstance(self._fs, LocalFileSystem) else None
        self._made: set[str] = set()

    def sizes(self, folder: str) -> dict[str, int]:
        """Path below `folder` -> bytes, of every file there; none if there is no such folder."""
        top = self._full(folder)
        if self.folder:
            paths = files_below(Path(top))
            plain = [path for path in paths if path.is_file() and not path.is_symlink()]
            return {path.relative_to(top).as_posix(): path.stat().st_size for path in plain}
        with self._named_errors(folder):
            self._fs.invalidate_cache()
            found = self._fs.find(top, detail=True)
        return {
            path.removeprefix(top).lstrip("/"): facts["size"]
            for path, facts in found.items()
            if facts["type"] == "file"
        }

    def digest(self, path: str, seen: Seen = unseen) -> str:
        """SHA-256 of a file, read in order with bounded memory.

        Args:
            seen: Called with each piece that was read.
        """
        digest = hashlib.sha256()
        with self._named_errors(path), self._reading(path) as handle:
            while chunk := handle.read(file_io.CHUNK_BYTES):
                digest.update(chunk)
                seen(len(chunk))
        return digest.hexdigest()

    def write(self, path: str, source: Path, seen: Seen = unseen) -> str:
        """Copy a local file here; returns the SHA-256 of what was read of it.

        Args:
            seen: Called with each piece that was copied.

        Raises:
            BadInput: The source cannot be read, or this place not be written.
        """
        digest = hashlib.sha256()
        with self._named_errors(path), self._writing(path) as out:
            for chunk in _chunks(source):
                digest.update(chunk)
                out.write(chunk)
                seen(len(chunk))
        return digest.hexdigest()

    def write_bytes(self, path: str, data: bytes) -> None:
        """Write a small file, whole or not at all."""
        with self._named_errors(path), self._writing(f"{path}.new") as out:
            out.write(data)
        self.move(f"{path}.new", path)

    def read_bytes(self, path: str) -> bytes | None:
        """A small file; None if there is none.

        Raises:
            BadInput: It is larger than any such file, or the place fails.
        """
        with self._named_errors(path):
            self._fs.invalidate_cache()
            if not (self.folder or self._fs.isfile(self._full(path))):
                return None
            try:
                with self._reading(path) as handle:
                    data = handle.read(SMALL_BYTES + 1)
            except (FileNotFoundError, NotADirectoryError):
                return None
        if len(data) > SMALL_BYTES:
            raise BadInput(
                f"larger than any such file ({SMALL_BYTES:,} bytes at most)",
                [f"{self.shown}: {path}"],
                "move it away, then run job backup_storage again; what is there whole is kept",
            )
        return data

    def read_chunks(self, path: str) -> Iterator[bytes]:
        """A long file, in order."""
        with self._named_errors(path), self._reading(path) as handle:
            while chunk := handle.read(file_io.CHUNK_BYTES):
                yield chunk

    def move(self, source: str, target: str) -> None:
        """Let a file appear under another name, in the place of one; on a disk one rename."""
        with self._named_errors(target):
            self._make_parent(target)
            if self.folder:
                os.replace(self._full(source), self._full(target))
                file_io.fsync_folder(Path(self._full(target)).parent)
                return
            # Not mv: where a folder was, it takes the target for one.
            try:
                self._fs.cp_file(self._full(source), self._full(target))
            except NotImplementedError:
                self._fs.mv(self._full(source), self._full(target))
            else:
                self._fs.rm_file(self._full(source))

    def remove(self, path: str) -> None:
        """Remove a file, and the folders that are empty then: a file may come in their place."""
        with self._named_errors(path):
            self._fs.rm_file(self._full(path))
        self._made.clear()
        for parent in list(PurePosixPath(path).parents)[:-1]:
            try:
                self._fs.rmdir(self._full(str(parent)))
            except Exception:  # not empty, or no folder at all
                break

    def remove_folder(self, folder: str) -> None:
        """Remove a folder and what is in it; nothing if it is not there."""
        with self._named_errors(folder):
            self._fs.invalidate_cache()
            if self._fs.exists(self._full(folder)):
                self._fs.rm(self._full(folder), recursive=True)
            self._made.clear()

    def require_free_space(self, needed_bytes: int) -> None:
        """Refuse before the first byte when this is a disk that is too small.

        Raises:
            BadInput: Needed and free are named.
        """
        free = file_io.free_bytes(Path(self.folder)) if self.folder else needed_bytes
        if free < needed_bytes:
            raise BadInput(
                f"disk too small: {needed_bytes:,} bytes needed, {free:,} free",
                [self.shown],
                "free space there or choose another WMTP_BACKUP_URL",
            )

    @contextlib.contextmanager
    def _writing(self, path: str) -> Iterator:
        self._make_parent(path)
        with self._fs.open(self._full(path), "wb") as out:
            yield out
        if self.folder:
            # To the disk and, on Linux, out of the cache, so that reading back reads the disk.
            with open(self._full(path), "rb") as written:
                to_disk(written.fileno(), 0, 0)
            file_io.fsync_folder(Path(self._full(path)).parent)

    def _reading(self, path: str) -> BinaryIO:
        if self.folder:
            return open_regular(Path(self._full(path)), root=Path(self.folder))
        return self._fs.open(self._full(path), "rb")

    def _make_parent(self, path: str) -> None:
        parent = self._full(path).rpartition("/")[0]
        if parent not in self._made:
            self._fs.makedirs(parent, exist_ok=True)
            self._made.add(parent)

    def _full(self, path: str) -> str:
        return f"{self._folder}/{path}"

    @contextlib.contextmanager
    def _named_errors(self, path: str) -> Iterator[None]:
        """Turn what a file system says into an error that names the location."""
        try:
            yield
        except BadInput:
            raise
        except Exception as error:  # the libraries behind fsspec raise what they like
            reason = without_credentials(f"{type(error).__name__}: {error}")
            # Not from it: Dagster records a cause, and this one may quote a password.
            raise BadInput(
                f"the place of the backup failed ({reason})", [f"{self.shown}: {path}"], AGAIN
            ) from None


def _chunks(source: Path) -> Iterator[bytes]:
    try:
        with open_regular(source) as handle:
            while chunk := handle.read(file_io.CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise BadInput(
            f"a file of the storage cannot be read ({error.strerror})",
            [source],
            "materialize its asset again; an approval covers it",
        ) from error
