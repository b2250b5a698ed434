"""sources.lock.json: which commit and which bytes this storage is made of.

Written when a repository is first fetched (trusted on first use where the catalog has no pin) and
obeyed ever after: a moved branch changes nothing, a changed file is refused.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from wmtp_assets.catalog import Repo
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.regular import read_small
from wmtp_assets.files.strict import brief, parse_json
from wmtp_assets.files.strict_model import InvalidModel, validated
from wmtp_assets.files.temporaries import guarded
from wmtp_assets.hub.field_values import revision_text
from wmtp_assets.hub.lock_schema import LockFile
from wmtp_assets.source import Listing, RemoteFile

LOCK_VERSION = 1
RESTORE = (
    "put back an earlier copy, or remove the damaged part: what is not locked is trusted anew on "
    "the next fetch"
)


@dataclass(frozen=True)
class LockedRepo:
    """What is locked of one repository; `files` maps path -> (size in bytes, sha256).

    `revision` is what the catalog asked for when it was locked; empty where that is not known.
    """

    repo: str
    commit: str
    files: Mapping[str, tuple[int, str]]
    revision: str = ""

    @property
    def listing(self) -> Listing:
        """The locked files as a source lists them, each with its sha256."""
        files = (RemoteFile(path, size, sha256) for path, (size, sha256) in self.files.items())
        return Listing(self.repo, self.commit, tuple(files))


def read_lock(path: Path) -> dict[str, Any]:
    """Read the lock file; an absent one is an empty lock.

    Raises:
        BadInput: It is damaged or of another version; every culprit is named.
    """
    try:
        lock = parse_json(read_small(path, root=path.parent))
    except FileNotFoundError:
        return {"version": LOCK_VERSION, "repos": {}}
    except ValueError as error:
        raise BadInput(f"{path} is not JSON ({error})", (), RESTORE) from error
    if isinstance(lock, dict) and lock.get("version", LOCK_VERSION) != LOCK_VERSION:
        raise BadInput(
            f"{path} is of version {brief(lock['version'])}, this release reads {LOCK_VERSION}",
            (),
            "use the release of wmtp_assets that wrote it",
        )
    try:
        validated(LockFile, lock)
    except InvalidModel as error:
        wrong = f"{path} is damaged or was edited by hand"
        raise BadInput(wrong, error.faults, RESTORE) from error
    return lock


def stated_files(files: Mapping[str, tuple[int, str]]) -> dict[str, dict[str, Any]]:
    """Path -> (size in bytes, sha256), as the lock and the listing of a mirror write it."""
    return {
        name: {"size_bytes": size, "sha256": sha256}
        for name, (size, sha256) in sorted(files.items())
    }


def locked_repo(path: Path, repo: Repo) -> LockedRepo | None:
    """What the lock says of a repository, or None before the first fetch."""
    entry = read_lock(path)["repos"].get(repo.id)
    if entry is None:
        return None
    files = {name: (f["size_bytes"], f["sha256"]) for name, f in entry["files"].items()}
    return LockedRepo(repo.id, entry["commit"], files, str(entry.get("revision", "")))


def require_locked(path: Path, repo: Repo, fix: str = "materialize its raw asset") -> LockedRepo:
    """What the lock says of a repository that was fetched before.

    Raises:
        BadInput: The lock does not hold the repository.
    """
    locked = locked_repo(path, repo)
    if locked is None:
        raise BadInput(f"{path.name} does not hold", [repo.id], fix)
    return locked


def locked_commit(path: Path, repo: Repo) -> str:
    """The commit that the stored files of a repository are from.

    Raises:
        BadInput: The lock does not hold the repository.
    """
    return require_locked(path, repo).commit


def locked_revision(path: Path, repo: Repo) -> str:
    """The same for a document: never a branch, which a mirror without a listing gives as commit."""
    return revision_text(locked_commit(path, repo))


def extend_lock(
    path: Path,
    repo: Repo,
    commit: str,
    files: Mapping[str, tuple[int, str]],
    instead_of: Mapping[str, tuple[int, str]] = MappingProxyType({}),
) -> None:
    """Add verified files to the lock; what is there already stays as it is.

    Assets run side by side, so reading and writing happen under a file lock. Where file locks do
    nothing (some network file systems) an entry may be lost, and is then written anew on the next
    run: nothing wrong is ever recorded.

    Args:
        files: Path in the repository -> (size in bytes, sha256).
        instead_of: Entries that were found to be of no such file; these may be replaced.

    Raises:
        BadInput: The repository is locked at another commit, or a file with another digest; both
            are named. Two first fetches at once, while the branch moves, end here.
    """
    with _held(path) as lock:
        entry = lock["repos"].get(repo.id) or _entry(repo, commit, {})
        if entry["commit"] != commit:
            raise BadInput(
                f"{path.name} holds {repo.id} at commit {entry['commit']}",
                [f"files of commit {commit} cannot join them"],
                "run again: the locked commit is fetched; job renew_lock follows the branch",
            )
        new = _entry(repo, commit, files)["files"]
        wrong = stated_files(instead_of)
        known = {name: facts for name, facts in entry["files"].items() if wrong.get(name) != facts}
        changed = [
            f"{name}: locked {known[name]['sha256']}, now {facts['sha256']}"
            for name, facts in new.items()
            if known.get(name, facts) != facts
        ]
        if changed:
            raise BadInput(
                f"{path.name} holds other bytes of {repo.id} at commit {commit}",
                changed,
                "compare the source with the lock; job renew_lock accepts a wanted change",
            )
        merged = dict(sorted({**entry["files"], **new, **known}.items()))
        if merged != entry["files"] or not path.exists():
            _write(path, lock, repo, {**entry, "files": merged})


def replace_entry(
    path: Path, repo: Repo, old: LockedRepo, commit: str, files: Mapping[str, tuple[int, str]]
) -> None:
    """Replace what is locked of a repository, for a renewal that was decided on `old`.

    Args:
        files: Path in the repository -> (size in bytes, sha256), of the files known beforehand.

    Raises:
        BadInput: The entry is not `old` any more.
    """
    with _held(path) as lock:
        if locked_repo(path, repo) != old:
            raise BadInput(
                f"{path.name} was changed meanwhile", [repo.id], "look at the difference again"
            )
        _write(path, lock, repo, _entry(repo, commit, files))


@contextlib.contextmanager
def _held(path: Path) -> Iterator[dict[str, Any]]:
    with guarded(path.with_name(f".{path.name}.guard")):
        yield read_lock(path)


def _entry(repo: Repo, commit: str, files: Mapping[str, tuple[int, str]]) -> dict[str, Any]:
    facts = stated_files(files)
    return {"kind": repo.kind, "revision": repo.revision, "commit": commit, "files": facts}


def _write(path: Path, lock: dict[str, Any], repo: Repo, entry: dict[str, Any]) -> None:
    repos = {**lock["repos"], repo.id: entry}
    file_io.write_json(path, {**lock, "repos": dict(sorted(repos.items()))})
