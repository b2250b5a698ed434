"""Whether the bytes on disk are those of an upstream file: size, sha256, git blob id."""

import hashlib
from pathlib import Path

from wmtp_assets import store
from wmtp_assets.errors import BadInput
from wmtp_assets.hub.sources import LFS_POINTER, RemoteFile
from wmtp_assets.store import StoredFile


class WrongBody(BadInput):
    """The bytes are not those of the file."""

    def __init__(self, thing: str):
        super().__init__(thing, (), "fetch the file again")


def kept(path: Path, file: RemoteFile) -> StoredFile | None:
    """The file if it is already there and right."""
    try:
        return prove(path, file) if path.is_file() and not path.is_symlink() else None
    except WrongBody:
        return None


def prove(path: Path, file: RemoteFile) -> StoredFile:
    """Hash a file and compare it with what is known of it.

    Raises:
        WrongBody: Wrong size, a Git LFS pointer text, or another digest; both are named.
    """
    size = path.stat().st_size
    if size != file.size_bytes:
        with open(path, "rb") as handle:
            if handle.read(len(LFS_POINTER)) == LFS_POINTER:
                raise WrongBody("a Git LFS pointer text instead of the file")
        raise WrongBody(f"{size:,} bytes, expected {file.size_bytes:,}")
    found = store.stored(path)
    require_digest(path, found.sha256, file)
    return found


def require_digest(path: Path, sha256: str, file: RemoteFile) -> None:
    """Compare a digest with the expected one; without one, the git blob id is read from disk.

    Raises:
        WrongBody: Both are named.
    """
    if file.sha256 and sha256 != file.sha256:
        raise WrongBody(f"sha256 {sha256}, expected {file.sha256}")
    if not file.sha256 and file.git_blob and (blob := git_blob_of(path)) != file.git_blob:
        raise WrongBody(f"git blob {blob}, expected {file.git_blob}")


def git_blob_of(path: Path) -> str:
    """The id git gives a file: SHA-1 over `blob <size>`, a zero byte and the bytes."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with open(path, "rb") as handle:
        while chunk := handle.read(store.CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
