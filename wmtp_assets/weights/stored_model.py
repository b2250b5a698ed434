"""What a judge of a stored model is given, and how tables of such judges become readings."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from wmtp_assets.catalog import Catalog, Micro, Model
from wmtp_assets.checks import Reading, Seen
from wmtp_assets.findings import Finding
from wmtp_assets.folders import ModelFolder
from wmtp_assets.propositions import Proposition
from wmtp_assets.setup import Setup

Row = Callable[[Catalog], Model | Micro]


@dataclass(frozen=True)
class StoredModel:
    """A model on the disk while one of its assets is judged.

    Attributes:
        key: The asset, such as "meta_mtp/safetensors".
        row: What the catalog says of the model.
        folder: Where its files lie.
        setup, seen: As every judge gets them.
    """

    key: str
    row: Model | Micro
    folder: ModelFolder
    setup: Setup
    seen: Seen


@dataclass(frozen=True)
class ModelReading:
    """A `Reading` of whichever stored model it is bound to."""

    judge: Callable[[StoredModel], Mapping[str, Finding]]
    propositions: Mapping[str, Proposition]
    deep: bool = False


def readings_of(
    row: Row, table: Mapping[str, Iterable[ModelReading]]
) -> dict[str, tuple[Reading, ...]]:
    """Asset key -> its readings, bound to the model that a row of the catalog names."""
    return {key: tuple(_bound(key, row, one) for one in looks) for key, looks in table.items()}


def _bound(key: str, row: Row, reading: ModelReading) -> Reading:
    def judge(setup: Setup, seen: Seen) -> Mapping[str, Finding]:
        model = row(setup.catalog)
        folder = setup.store.model(model.folder)
        return reading.judge(StoredModel(key, model, folder, setup, seen))

    return Reading(judge, reading.propositions, reading.deep)
