"""Upstream files -> the raw folder, each one proven before it appears under its name.

In: a repository row, the wanted files, a source. Out: what lies in the folder now. A file that is
there and right is kept. A file is right when its sha256 equals the catalog's pin, the lock and the
source's own statement, as far as each of them has one; a contradiction is an error with both.
"""

import contextlib
import dataclasses
import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wmtp_assets import store
from wmtp_assets.catalog import Files, Repo
from wmtp_assets.errors import BadInput
from wmtp_assets.hub import lock as locks
from wmtp_assets.hub.sources import (
    LFS_POINTER,
    IncompleteRepo,
    Listing,
    RemoteFile,
    Source,
    is_plain,
    select,
)
from wmtp_assets.store import StoredFile


@dataclass(frozen=True)
class Fetched:
    """The wanted files of a repository, as they lie in the folder."""

    commit: str
    files: tuple[StoredFile, ...]
    kept: int
    fetched_bytes: int


def fetch_files(
    source: Source,
    repo: Repo,
    wanted: tuple[Files, ...],
    folder: Path,
    lock: Path,
    report: Callable[[str], None] = lambda line: None,
) -> Fetched:
    """Bring the wanted files of a repository into a folder, under their published paths.

    Args:
        folder: Files land at `folder/<path in the repository>`.
        lock: Path of sources.lock.json; obeyed, and extended by what was verified.
        report: Told one line for each file.

    Raises:
        BadInput: Anything that is not as pinned, locked and stated; the good files stay.
    """
    locked = locks.locked_repo(lock, repo)
    commit, files = _bound_files(source, repo, wanted, locked, folder)
    have = {f.path: _kept(folder / f.path, f) for f in files}
    missing = [f for f in files if have[f.path] is None]
    store.require_free_space(folder, sum(f.size_bytes for f in missing))
    for number, file in enumerate(missing, 1):
        report(f"{repo.id}: {file.path}, {file.size_bytes:,} bytes, {number} of {len(missing)}")
        have[file.path] = _fetch_one(source, repo, commit, file, folder)
    locks.extend_lock(lock, repo, commit, {p: (f.size_bytes, f.sha256) for p, f in have.items()})
    return Fetched(
        commit,
        tuple(have.values()),
        len(files) - len(missing),
        sum(f.size_bytes for f in missing),
    )


def _bound_files(
    source: Source,
    repo: Repo,
    wanted: tuple[Files, ...],
    locked: locks.LockedRepo | None,
    folder: Path,
) -> tuple[str, list[RemoteFile]]:
    """The commit and the wanted files, each with the digest that binds it.

    The source is not asked when the lock names all of them and all are on disk: a verified
    storage needs no network.
    """
    if locked:
        listing = Listing(
            repo.id,
            locked.commit,
            tuple(RemoteFile(path, size, sha) for path, (size, sha) in locked.files.items()),
        )
        with contextlib.suppress(IncompleteRepo):
            files = _bind(select(listing, wanted), "sources.lock.json", repo, locked)
            if all((folder / f.path).is_file() for f in files):
                return locked.commit, files
    listing = source.list_files(repo, locked.commit if locked else repo.revision)
    files = _bind(select(listing, wanted), f"{source.name} at {listing.commit}", repo, locked)
    return locked.commit if locked else listing.commit, files


def _bind(
    files: list[RemoteFile], stated_by: str, repo: Repo, locked: locks.LockedRepo | None
) -> list[RemoteFile]:
    """Give each file the digest that pin, lock and source agree on; refuse contradictions."""
    known = locked.files if locked else {}
    wrong, bound = [], []
    for file in files:
        statements = {
            "catalog pin": repo.pins.get(file.path),
            "sources.lock.json": known[file.path][1] if file.path in known else None,
            stated_by: file.sha256,
        }
        stated = {who: digest for who, digest in statements.items() if digest}
        if len(set(stated.values())) > 1:
            told = ", ".join(f"{who} says {digest}" for who, digest in stated.items())
            wrong.append(f"{file.path}: {told}")
        bound.append(dataclasses.replace(file, sha256=next(iter(stated.values()), None)))
    if wrong:
        raise BadInput(
            f"{repo.id} is not what was pinned or locked; nothing was fetched",
            wrong,
            "if the change is wanted, remove the repository's entry from sources.lock.json",
        )
    return bound


def _fetch_one(
    source: Source, repo: Repo, commit: str, file: RemoteFile, folder: Path
) -> StoredFile:
    """Fetch one file, prove it, and let it appear; a wrong body is set aside and fetched again."""
    target = folder / file.path
    _refuse_escape(folder, target)
    for last_try in (False, True):
        try:
            with store.atomic_path(target) as temporary:
                source.fetch(repo, commit, file.path, temporary)
                try:
                    proven = prove(temporary, file)
                except WrongBody:
                    shutil.copyfile(temporary, target.with_name(target.name + ".rejected"))
                    raise
            return dataclasses.replace(proven, path=target)
        except WrongBody as error:
            if last_try:
                raise BadInput(
                    f"{repo.id} at {commit} sent a wrong file",
                    [f"{file.path}: {error.thing}"],
                    f"look at {target.name}.rejected beside it, then run again",
                ) from error
    raise AssertionError("unreachable")


class WrongBody(BadInput):
    """The bytes are not those of the file."""


def _kept(path: Path, file: RemoteFile) -> StoredFile | None:
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
    if file.sha256 and found.sha256 != file.sha256:
        raise WrongBody(f"sha256 {found.sha256}, expected {file.sha256}")
    if not file.sha256 and file.git_blob and (blob := git_blob_of(path)) != file.git_blob:
        raise WrongBody(f"git blob {blob}, expected {file.git_blob}")
    return found


def git_blob_of(path: Path) -> str:
    """The id git gives a file: SHA-1 over `blob <size>`, a zero byte and the bytes."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with open(path, "rb") as handle:
        while chunk := handle.read(store.CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _refuse_escape(folder: Path, target: Path) -> None:
    inside = target.parent.resolve().is_relative_to(folder.resolve())
    if not is_plain(target.relative_to(folder).as_posix()) or not inside or target.is_symlink():
        raise BadInput(
            "a symbolic link leads out of the storage",
            [target],
            "remove the link; only the storage root itself may be one",
        )
