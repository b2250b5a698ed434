"""Where the locked files of a repository lie in the storage, by name and size; no byte is read."""

import fnmatch
from dataclasses import dataclass
from pathlib import Path

from wmtp_assets.catalog import Dataset, Files, Model
from wmtp_assets.hub.lock import LockedRepo
from wmtp_assets.hub.sources import is_plain, select
from wmtp_assets.store import Store


@dataclass(frozen=True)
class OnDisk:
    """The locked files that are there with their size, and those that are not."""

    found: dict[str, Path]
    missing: tuple[str, ...]


def published_folders(store: Store, row: Model | Dataset) -> tuple[Path, ...]:
    """The folders that hold published files: raw ones, and a model's tokenizer beside them."""
    if isinstance(row, Model):
        folder = store.model(row.folder)
        return (folder.raw, folder.tokenizer)
    return (store.dataset(row.name).raw,)


def wanted_files(row: Model | Dataset) -> tuple[Files, ...]:
    """The raw files of a row, and what the catalog pins beside them: Meta's tokenizer."""
    beside = [
        path
        for path in row.repo.pins
        if not any(fnmatch.fnmatchcase(path, files.pattern) for files in row.raw)
    ]
    return row.raw + tuple(Files(path) for path in beside)


def find_locked(
    store: Store, row: Model | Dataset, locked: LockedRepo, wanted: tuple[Files, ...]
) -> OnDisk:
    """Find the locked files of a repository.

    Raises:
        BadInput: The lock does not hold the wanted files.
    """
    select(locked.listing, wanted)
    found = {}
    for path, (size, _) in locked.files.items():
        places = [folder / path for folder in published_folders(store, row) if is_plain(path)]
        there = [p for p in places if p.is_file() and p.stat().st_size == size]
        if there:
            found[path] = there[0]
    return OnDisk(found, tuple(path for path in locked.files if path not in found))
