"""What of the storage appears under which path, as a table; which files those are, by the record.

`plan` are the names of the plan that the storage follows, `current` those of the training code
after it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from wmtp_assets.catalog import Catalog
from wmtp_assets.errors import BadInput
from wmtp_assets.folders import DATASETS, MODELS, SMALL_SETS, STATS
from wmtp_assets.store import Store
from wmtp_assets.training_view.index_map import StoredSplit

LayoutName = Literal["plan", "current"]


@dataclass(frozen=True)
class Layout:
    """The folders of a view.

    Attributes:
        models: Where a model folder appears, whole.
        datasets: Where of a dataset the folders in `parts` appear.
        small_sets: Where the small sets appear; None where they do not.
        index_maps: Whether line metadata is made anew, with the lines of each problem.
    """

    models: str
    datasets: str
    parts: tuple[str, ...]
    small_sets: str | None
    index_maps: bool


LAYOUTS: Mapping[LayoutName, Layout] = {
    "plan": Layout(MODELS, DATASETS, ("raw", "processed", STATS), SMALL_SETS, index_maps=False),
    "current": Layout("models", "datasets", ("processed",), None, index_maps=True),
}
# Folder in a view -> the micro model that appears there: a strict loader wants output.weight, and
# what transformers saves again must not share memory. All other models keep their folder's name.
UNTIED = {"micro-mtp": "micro_mtp_untied", "micro-ref-hf": "micro_ref_untied"}
# Named to transformers by its folder alone: what lies in safetensors/ appears at its top as well.
OPENED_AT_TOP = "micro-ref-hf"
_SAFETENSORS = "safetensors/"


@dataclass(frozen=True)
class ShownFile:
    """A file of the storage: its path there, and what it is by the record."""

    shows: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class ViewPlan:
    """What a view has to hold: path in it -> a file of the storage, or a split to map anew."""

    layout: LayoutName
    shown: Mapping[str, ShownFile]
    index_maps: Mapping[str, StoredSplit]

    @property
    def paths(self) -> frozenset[str]:
        """All paths of the view, VIEW.json aside."""
        return frozenset([*self.shown, *self.index_maps])

    @property
    def folders(self) -> frozenset[str]:
        """The folders that these lie in, at the top of the view."""
        return frozenset(path.split("/")[0] for path in self.paths)


def plan_view(
    name: LayoutName, catalog: Catalog, store: Store, recorded: Mapping[str, Mapping[str, Any]]
) -> ViewPlan:
    """Decide what a view holds.

    Args:
        recorded: Path in the storage -> size_bytes, sha256, of all artifacts.

    Raises:
        BadInput: A model or a split that the layout names is not stored; all are named.
    """
    layout, places = LAYOUTS[name], _places(catalog, recorded)
    shown = {
        path: ShownFile(stored, facts["size_bytes"], facts["sha256"])
        for stored, facts in recorded.items()
        for path in _paths(layout, places, stored)
    }
    splits = dict(_splits(layout, catalog, store, shown)) if layout.index_maps else {}
    shown = {path: file for path, file in sorted(shown.items()) if path not in splits}
    return ViewPlan(name, shown, splits)


def _places(catalog: Catalog, recorded: Mapping[str, Any]) -> dict[str, list[str]]:
    """Folder of a stored model -> the names that it has in a view."""
    folders = {path.split("/")[1] for path in recorded if path.startswith(f"{MODELS}/")}
    rows = {row.name: row for row in catalog.micros}
    named = {place: rows[micro].folder for place, micro in UNTIED.items() if micro in rows}
    missing = [micro for place, micro in UNTIED.items() if named.get(place) not in folders]
    if missing:
        raise BadInput(
            "a view shows models that are not stored", missing, "materialize them, then run again"
        )
    places = {folder: [folder] for folder in folders if folder not in named}
    for place, folder in named.items():
        places.setdefault(folder, []).append(place)
    return places


def _paths(layout: Layout, places: Mapping[str, list[str]], stored: str) -> Iterator[str]:
    """The paths under which a file of the storage appears."""
    top, _, below = stored.partition("/")
    folder, _, rest = below.partition("/")
    if top == MODELS:
        for place in places.get(folder, ()):
            yield f"{layout.models}/{place}/{rest}"
            if place == OPENED_AT_TOP and rest.startswith(_SAFETENSORS):
                yield f"{layout.models}/{place}/{rest.removeprefix(_SAFETENSORS)}"
    elif top == DATASETS and rest.split("/")[0] in layout.parts:
        yield f"{layout.datasets}/{below}"
    elif top == SMALL_SETS and layout.small_sets:
        yield f"{layout.small_sets}/{below}"


def _splits(
    layout: Layout, catalog: Catalog, store: Store, shown: Mapping[str, ShownFile]
) -> Iterator[tuple[str, StoredSplit]]:
    """Path of line metadata in the view -> the split that it is of."""
    missing = []
    for row in catalog.datasets:
        folder = store.dataset(row.name)
        for split in row.splits:
            jsonl, metadata = folder.jsonl(split.name), folder.line_metadata(split.name)
            at = f"{layout.datasets}/{row.name}/{{}}"
            file = shown.get(at.format(jsonl.relative_to(folder.root).as_posix()))
            if file is None:
                missing.append(f"{row.name}/{split.name}")
                continue
            path = at.format(metadata.relative_to(folder.root).as_posix())
            yield path, StoredSplit(row.name, split.name, jsonl, file.sha256)
    if missing:
        raise BadInput(
            "a view shows splits that are not stored", missing, "materialize them, then run again"
        )
