"""sources.lock.json: which commit and which bytes this storage is made of.

Written when a repository is first fetched (trusted on first use where the catalog has no pin) and
obeyed ever after: a moved branch changes nothing, a changed file is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wmtp_assets import store
from wmtp_assets.catalog import Repo
from wmtp_assets.errors import BadInput
from wmtp_assets.hub.sources import Listing, RemoteFile

LOCK_VERSION = 1


@dataclass(frozen=True)
class LockedRepo:
    """What is locked of one repository; `files` maps path -> (size in bytes, sha256)."""

    repo: str
    commit: str
    files: Mapping[str, tuple[int, str]]

    @property
    def listing(self) -> Listing:
        """The locked files as a source lists them, each with its sha256."""
        files = (RemoteFile(path, size, sha256) for path, (size, sha256) in self.files.items())
        return Listing(self.repo, self.commit, tuple(files))


def read_lock(path: Path) -> dict[str, Any]:
    """Read the lock file; an absent one is an empty lock."""
    if not path.exists():
        return {"version": LOCK_VERSION, "repos": {}}
    return store.read_json(path)


def locked_repo(path: Path, repo: Repo) -> LockedRepo | None:
    """What the lock says of a repository, or None before the first fetch."""
    entry = read_lock(path)["repos"].get(repo.id)
    if entry is None:
        return None
    files = {name: (f["size_bytes"], f["sha256"]) for name, f in entry["files"].items()}
    return LockedRepo(repo.id, entry["commit"], files)


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


def extend_lock(path: Path, repo: Repo, commit: str, files: Mapping[str, tuple[int, str]]) -> None:
    """Add verified files to the lock; what is there already stays as it is.

    Assets run side by side, so reading and writing happen under a file lock. Where file locks do
    nothing (some network file systems) an entry may be lost, and is then written anew on the next
    run: nothing wrong is ever recorded.
    """
    from filelock import FileLock

    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.guard")):
        lock = read_lock(path)
        entry = lock["repos"].setdefault(
            repo.id,
            {"kind": repo.kind, "revision": repo.revision, "commit": commit, "files": {}},
        )
        new = {
            name: {"size_bytes": size, "sha256": sha256} for name, (size, sha256) in files.items()
        }
        merged = dict(sorted({**new, **entry["files"]}.items()))
        if merged != entry["files"] or not path.exists():
            entry["files"] = merged
            lock["repos"] = dict(sorted(lock["repos"].items()))
            store.write_json(path, lock)
