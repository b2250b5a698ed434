"""Whether the bytes on disk are those of an upstream file: size, sha256, git blob id, form."""

import hashlib
import os
from pathlib import Path

from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.file_io import StoredFile
from wmtp_assets.files.regular import open_regular
from wmtp_assets.hub import file_formats
from wmtp_assets.source import RemoteFile


class WrongBody(BadInput):
    """The bytes are not those of the file.

    `set_aside` says whether they were kept for a look; `as_stated` whether they are what the source
    states of them: fetching them again changes nothing. Nor does it where there is a `remedy`: it
    was published in another form, and the remedy says what to do with that.
    """

    set_aside = False
    as_stated = False

    def __init__(self, thing: str, remedy: str = ""):
        super().__init__(thing, (), remedy or "fetch the file again")
        self.remedy = remedy


def kept(path: Path, file: RemoteFile) -> StoredFile | None:
    """The file if it is already there and right."""
    try:
        return prove(path, file) if path.is_file() and not path.is_symlink() else None
    except WrongBody:
        return None


def prove(path: Path, file: RemoteFile) -> StoredFile:
    """Hash a file and compare it with what is known of it.

    Raises:
        WrongBody: As `require_proof`.
    """
    require_size(path, file)
    found = file_io.stored(path)
    require_proof(path, found.sha256, file)
    return found


def require_proof(path: Path, sha256: str, file: RemoteFile) -> None:
    """Compare bytes with what is known of them: their size, their digest, the form of the name.

    Args:
        sha256: That of the bytes on disk.

    Raises:
        WrongBody: Another size or digest (both are named), another thing than such a file, or
            nothing is known of it that could prove it whole.
    """
    require_size(path, file)
    require_digest(path, sha256, file)
    stated = file.sha256 or file.git_blob
    if wrong := file_formats.fault(path, file.path):
        error = WrongBody(wrong, file_formats.remedy(file.path, _head(path)))
        error.as_stated = bool(stated)
        raise error
    if not stated and file.size_bytes is None and not file_formats.format_of(file.path).shows_end:
        raise WrongBody("neither size nor digest is stated, and its form does not prove it whole")


def require_size(path: Path, file: RemoteFile) -> None:
    """Compare the size of a file on disk with the known one, if there is one.

    Raises:
        WrongBody: Both are named, or what lies there instead of the file.
    """
    size = path.stat().st_size
    if file.size_bytes is not None and size != file.size_bytes:
        raise WrongBody(_other_thing(path) or f"{size:,} bytes, expected {file.size_bytes:,}")


def require_digest(path: Path, sha256: str, file: RemoteFile) -> None:
    """Compare a digest with the expected one; without one, the git blob id is read from disk.

    Raises:
        WrongBody: Both are named.
    """
    differs = ""
    if file.sha256 and sha256 != file.sha256:
        differs = f"sha256 {sha256}, expected {file.sha256}"
    if not file.sha256 and file.git_blob and (blob := git_blob_of(path)) != file.git_blob:
        differs = f"git blob {blob}, expected {file.git_blob}"
    if differs:
        other = _other_thing(path)
        raise WrongBody(f"{other}: {differs}" if other else differs)


def _other_thing(path: Path) -> str | None:
    return file_formats.other_thing(_head(path))


def _head(path: Path) -> bytes:
    with open_regular(path) as handle:
        return handle.read(file_formats.HEAD_BYTES)


def git_blob_of(path: Path) -> str:
    """The id git gives a file: SHA-1 over `blob <size>`, a zero byte and the bytes."""
    with open_regular(path) as handle:
        size = os.fstat(handle.fileno()).st_size
        digest = hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
        while chunk := handle.read(file_io.CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
