"""What a judge of a stored model is given, and how tables of such judges become check groups.

Rows name judges, and the doctor reads rows where Dagster may be missing: it is imported only where
checks are made.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wmtp_assets.catalog import Catalog, Micro, Model
from wmtp_assets.deployment import Deployment
from wmtp_assets.findings import Finding
from wmtp_assets.folders import ModelFolder
from wmtp_assets.propositions import Proposition

if TYPE_CHECKING:
    from wmtp_assets.checks import AssetState, CheckGroup

Row = Callable[[Catalog], Model | Micro]


@dataclass(frozen=True)
class StoredModel:
    """A model on the disk while one of its assets is judged.

    Attributes:
        key: The asset, such as "meta_mtp/safetensors".
        row: What the catalog says of the model.
        folder: Where its files lie.
        deployment, state: As every judge gets them.
    """

    key: str
    row: Model | Micro
    folder: ModelFolder
    deployment: Deployment
    state: "AssetState"


@dataclass(frozen=True)
class ModelCheckGroup:
    """A `CheckGroup` of whichever stored model it is bound to."""

    judge: Callable[[StoredModel], Mapping[str, Finding]]
    propositions: Mapping[str, Proposition]
    deep: bool = False


def check_groups_of(
    row: Row, table: Mapping[str, Iterable[ModelCheckGroup]]
) -> "dict[str, tuple[CheckGroup, ...]]":
    """Asset key -> its check groups, bound to the model that a row of the catalog names."""
    return {key: tuple(_bound(key, row, one) for one in looks) for key, looks in table.items()}


def _bound(key: str, row: Row, group: ModelCheckGroup) -> "CheckGroup":
    from wmtp_assets.checks import CheckGroup

    def judge(deployment: Deployment, state: "AssetState") -> Mapping[str, Finding]:
        model = row(deployment.catalog)
        folder = deployment.store.model(model.folder)
        return group.judge(StoredModel(key, model, folder, deployment, state))

    return CheckGroup(judge, group.propositions, group.deep)
