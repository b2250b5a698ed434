"""Where the locked files of a repository lie in the storage, by name and size; no byte is read."""

from dataclasses import dataclass
from pathlib import Path

from wmtp_assets.catalog import Dataset, Files, Model
from wmtp_assets.files.strict import is_plain
from wmtp_assets.hub.file_formats import is_impossible
from wmtp_assets.hub.lock import LockedRepo
from wmtp_assets.source import select, unmatched_paths
from wmtp_assets.store import Store


@dataclass(frozen=True)
class OnDisk:
    """The locked files that are there with their size, and those that are not.

    A file locked with a size that no such file has (such as 0) counts as missing.
    """

    found: dict[str, Path]
    missing: tuple[str, ...]


def raw_folder(store: Store, row: Model | Dataset) -> Path:
    """Where the raw files of a catalog row lie."""
    if isinstance(row, Model):
        return store.model(row.folder).raw
    return store.dataset(row.name).raw


def published_folders(store: Store, row: Model | Dataset) -> tuple[Path, ...]:
    """The folders that hold published files: raw ones, and a model's tokenizer beside them."""
    tokenizer = (store.model(row.folder).tokenizer,) if isinstance(row, Model) else ()
    return (raw_folder(store, row), *tokenizer)


def wanted_files(row: Model | Dataset) -> tuple[Files, ...]:
    """The raw files of a row, and what the catalog pins beside them: Meta's tokenizer."""
    return row.raw + tuple(Files(path) for path in unmatched_paths(row.repo.pins, row.raw))


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
        if there and not is_impossible(path, size):
            found[path] = there[0]
    return OnDisk(found, tuple(path for path in locked.files if path not in found))
