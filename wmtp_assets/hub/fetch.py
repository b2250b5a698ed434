"""Upstream files -> the raw folder, each one proven before it appears under its name.

In: a repository row, the wanted files, a source. Out: what lies in the folder now. A file that is
there and right is kept. A file is right when its sha256 equals the catalog's pin, the lock and the
source's own statement, as far as each of them has one, and it has the form of its name; a
contradiction is an error with both. What earlier releases locked and can be no such file (an empty
one, a pointer text) is locked anew.
"""

import contextlib
import dataclasses
import fnmatch
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from wmtp_assets.catalog import Files, Repo
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.file_io import StoredFile
from wmtp_assets.files.regular import refuse_loop
from wmtp_assets.files.strict import is_plain
from wmtp_assets.hub import file_formats
from wmtp_assets.hub import lock as locks
from wmtp_assets.hub.download import Download, download_all
from wmtp_assets.hub.listing import fill_missing_facts, listed
from wmtp_assets.hub.partial import DownloadPaths, sweep_unfinished
from wmtp_assets.hub.progress import DownloadProgress
from wmtp_assets.hub.proof import kept
from wmtp_assets.source import IncompleteRepo, Listing, RemoteFile, Source, select, unmatched_paths


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
        report: Called with one line for each file.

    Raises:
        BadInput: Anything that is not as pinned, locked and stated; the good files stay.
    """
    locked = locks.locked_repo(lock, repo)
    impossible = _impossible(locked, wanted, folder) if locked else {}
    for path, (size, _) in impossible.items():
        report(
            f"{repo.id}: {path} is locked with {size:,} bytes that are no such file; locked anew"
        )
    if locked and impossible:
        believed = {p: facts for p, facts in locked.files.items() if p not in impossible}
        locked = dataclasses.replace(locked, files=believed)
    commit, files = _bound_files(source, repo, wanted, locked, folder)
    places = {f.path: DownloadPaths(folder, f.path) for f in files}
    _refuse_links(places.values(), lock.parent)
    looked = {f.path: kept(folder / f.path, f) for f in files}
    missing = [f for f in files if looked[f.path] is None]
    total = sum(f.size_bytes or 0 for f in missing)
    there = sum(places[f.path].bytes_on_disk for f in missing)
    file_io.require_free_space(folder, total - there)
    unknown = any(f.size_bytes is None for f in missing)
    progress = DownloadProgress(repo.id, total, at_least=unknown)
    downloads = [Download(source, repo, commit, f, places[f.path]) for f in missing]
    fetched = download_all(downloads, progress, report)
    have = {path: file or fetched[path] for path, file in looked.items()}
    proven = {path: (file.size_bytes, file.sha256) for path, file in have.items()}
    locks.extend_lock(lock, repo, commit, proven, instead_of=impossible)
    sweep_unfinished(folder)
    return Fetched(commit, tuple(have.values()), len(files) - len(missing), progress.received)


def _impossible(
    locked: locks.LockedRepo, wanted: tuple[Files, ...], folder: Path
) -> dict[str, tuple[int, str]]:
    """Locked files that cannot be what their names say: by their size, or by the locked bytes."""
    return {
        path: (size, sha256)
        for path, (size, sha256) in locked.files.items()
        if not unmatched_paths([path], wanted)
        and (
            file_formats.is_impossible(path, size)
            or _is_locked_fault(folder / path, path, size, sha256)
        )
    }


def _is_locked_fault(file: Path, path: str, size: int, sha256: str) -> bool:
    there = is_plain(path) and file.is_file() and file.stat().st_size == size
    return (
        there and file_formats.fault(file, path) is not None and file_io.sha256_of(file) == sha256
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
        with contextlib.suppress(IncompleteRepo):
            files = _bind(select(locked.listing, wanted), "sources.lock.json", repo, locked)
            if all((folder / f.path).is_file() for f in files):
                return locked.commit, files
    listing = _listing(source, repo, wanted, locked, folder)
    chosen = select(listing, wanted)
    known = {f.path for f in chosen if f.size_bytes and f.path in repo.pins}
    known |= locked.files.keys() if locked else set()
    chosen = fill_missing_facts(source, repo, listing.commit, chosen, known)
    files = _bind(chosen, f"{source.name} at {listing.commit}", repo, locked)
    if locked and listing.commit != locked.commit:
        # A mirror without a listing has no commits to go by, and neither has a lock made from one:
        # what the lock names is proven by digest, the rest is not.
        _refuse_unlocked(files, locked, listing.commit, repo)
    return locked.commit if locked else listing.commit, files


def _refuse_unlocked(
    files: list[RemoteFile], locked: locks.LockedRepo, commit: str, repo: Repo
) -> None:
    new = [f"{f.path} at {commit}" for f in files if f.path not in locked.files]
    if new:
        raise BadInput(
            f"{repo.id} is locked at {locked.commit}, and {commit} is offered; nothing was fetched",
            new,
            "a folder is never a mix of two commits: offer the locked one, or run job renew_lock",
        )


def _listing(
    source: Source,
    repo: Repo,
    wanted: tuple[Files, ...],
    locked: locks.LockedRepo | None,
    folder: Path,
) -> Listing:
    """What the source has, or the error of the source with what is missing for want of it."""
    try:
        return listed(source, repo, locked.commit if locked else repo.revision)
    except BadInput as error:
        known = list(locked.files) if locked else []
        named = [
            [p for p in known if fnmatch.fnmatchcase(p, files.pattern)] or [files.pattern]
            for files in wanted
        ]
        missing = [p for paths in named for p in paths if not (folder / p).is_file()]
        raise BadInput(
            error.thing, [*error.culprits, *(f"{p} is missing" for p in missing)], error.fix
        ) from None


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
            contradiction = ", ".join(f"{who} says {digest}" for who, digest in stated.items())
            wrong.append(f"{file.path}: {contradiction}")
        size = file.size_bytes or (known[file.path][0] if file.path in known else None)
        digest = next(iter(stated.values()), None)
        bound.append(dataclasses.replace(file, size_bytes=size, sha256=digest))
    if wrong:
        raise BadInput(
            f"{repo.id} is not what was pinned or locked; nothing was fetched",
            wrong,
            "if the change is wanted, run job renew_lock, which shows the difference first",
        )
    return bound


def _refuse_links(places: Iterable[DownloadPaths], root: Path) -> None:
    """Refuse files that a symbolic link would take out of the storage.

    Raises:
        BadInput: All of them, named.
    """
    places = tuple(places)
    for place in places:
        if is_plain(place.file):
            refuse_loop(place.target.parent)
            refuse_loop(place.unfinished.parent)
    inside = root.resolve()
    wrong = [
        place.target
        for place in places
        if not is_plain(place.file)
        or place.target.is_symlink()
        or not all(
            p.parent.resolve().is_relative_to(inside) for p in (place.target, place.unfinished)
        )
    ]
    if wrong:
        raise BadInput(
            "a symbolic link leads out of the storage",
            wrong,
            "remove the link; only the storage root itself may be one",
        )
