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

LOCK_VERSION = 1


@dataclass(frozen=True)
class LockedRepo:
    """What is locked of one repository; `files` maps path -> (size in bytes, sha256)."""

    commit: str
    files: Mapping[str, tuple[int, str]]


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
    return LockedRepo(entry["commit"], files)


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
