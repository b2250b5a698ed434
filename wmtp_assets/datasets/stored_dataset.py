"""What the checks of a stored dataset are given, and how groups of them are bound to one."""

from collections.abc import Iterable

from wmtp_assets.catalog import Dataset
from wmtp_assets.checking.check_group import CheckGroup
from wmtp_assets.checking.stored_asset import StoredAsset, bind_to_asset
from wmtp_assets.folders import DatasetFolder
from wmtp_assets.store import Store

StoredDataset = StoredAsset[Dataset, DatasetFolder]


def bind_dataset(key: str, groups: Iterable[CheckGroup]) -> tuple[CheckGroup, ...]:
    """Bind groups to an asset of the dataset that its key begins with."""
    name = key.split("/")[0]
    return bind_to_asset(key, groups, lambda catalog: catalog.dataset(name), _folder)


def _folder(store: Store, row: Dataset) -> DatasetFolder:
    return store.dataset(row.name)
