"""What the checks of a stored model are given, and how tables of them become check groups."""

from collections.abc import Callable, Iterable, Mapping

from wmtp_assets.catalog import Catalog, Micro, Model
from wmtp_assets.checking.check_group import CheckGroup
from wmtp_assets.checking.stored_asset import StoredAsset, bind_to_asset
from wmtp_assets.folders import ModelFolder
from wmtp_assets.store import Store

Row = Callable[[Catalog], Model | Micro]
StoredModel = StoredAsset[Model, ModelFolder]
StoredMicro = StoredAsset[Micro, ModelFolder]
StoredWeights = StoredModel | StoredMicro


def check_groups_of(
    row: Row, table: Mapping[str, Iterable[CheckGroup]]
) -> dict[str, tuple[CheckGroup, ...]]:
    """Asset key -> its check groups, bound to the model that a row of the catalog names."""
    return {key: bind_to_asset(key, groups, row, _folder) for key, groups in table.items()}


def _folder(store: Store, row: Model | Micro) -> ModelFolder:
    return store.model(row.folder)
