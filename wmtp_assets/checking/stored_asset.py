"""What the checks of a stored model or dataset are given: its row, its folder, and the state.

A table of check groups names functions of one `StoredAsset`; `bind_to_asset` makes it a table for
one asset.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from wmtp_assets.catalog import Catalog
from wmtp_assets.checking.check_group import AssetState, CheckGroup
from wmtp_assets.checking.findings import Finding
from wmtp_assets.deployment import Deployment
from wmtp_assets.store import Store

Row = TypeVar("Row")
Folder = TypeVar("Folder")


@dataclass(frozen=True)
class StoredAsset(Generic[Row, Folder]):
    """An asset on the disk while its checks run.

    Attributes:
        key: The asset, such as "meta_mtp/safetensors".
        row: What the catalog says of the model or dataset.
        folder: Where its files lie.
        deployment, state: As every check group gets them.
    """

    key: str
    row: Row
    folder: Folder
    deployment: Deployment
    state: AssetState


def bind_to_asset(
    key: str,
    groups: Iterable[CheckGroup],
    find_row: Callable[[Catalog], Row],
    find_folder: Callable[[Store, Row], Folder],
) -> tuple[CheckGroup, ...]:
    """Make check groups of one asset out of groups that look at any `StoredAsset`."""

    def bound(group: CheckGroup) -> CheckGroup:
        def evaluate(deployment: Deployment, state: AssetState) -> Mapping[str, Finding]:
            row = find_row(deployment.catalog)
            folder = find_folder(deployment.store, row)
            return group.evaluate(StoredAsset(key, row, folder, deployment, state))

        return replace(group, evaluate=evaluate)

    return tuple(bound(group) for group in groups)
