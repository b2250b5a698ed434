"""schema.json, the card and croissant.json against the splits they describe."""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from wmtp_assets.catalog import Dataset
from wmtp_assets.checking.findings import Finding, compare, flatten
from wmtp_assets.datasets.convert.culprits import Culprits
from wmtp_assets.datasets.convert.tokens import LengthFilter
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.schema.card import card_head, read_head
from wmtp_assets.datasets.schema.croissant import build_croissant
from wmtp_assets.datasets.schema.schema_json import build_schema, read_stored_splits
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.regular import TINY_BYTES, open_regular, read_small, require_regular_folder
from wmtp_assets.folders import DatasetFolder

SCHEMA_AGREES = "schema_json_agrees_with_splits"
CARD_AGREES = "card_names_every_split"
CROISSANT_AGREES = "croissant_json_agrees_with_splits"
FOLDER_LOADS = "folder_loads_with_datasets"

CARD = "README.md"
# Files of a folder that `datasets` obeys besides the card (load.py, LocalDatasetModuleFactory).
DIRECTING = (".huggingface.yaml", "dataset_infos.json")
OPENS = ord("{")
ROWS_LOADED = 3
# The bytes that its JSON reader takes at once, even for three rows (json.py, chunksize).
READ_AT_ONCE = 10 * 1024 * 1024


def inspect_description(
    dataset: Dataset, commit: str, folder: DatasetFolder, settings: LengthFilter
) -> dict[str, Finding]:
    """Compare the three files with those that the stored splits give now.

    Raises:
        BadInput: A file is missing or damaged.
    """
    splits = read_stored_splits(dataset, folder)
    processed = folder.processed
    statements = {
        SCHEMA_AGREES: (
            "statements of schema.json",
            build_schema(dataset, commit, splits, settings),
            lambda: file_io.read_json(processed / "schema.json"),
        ),
        CARD_AGREES: (
            "statements of the card's head",
            card_head(dataset, splits),
            lambda: read_head(read_small(processed / "README.md", limit=TINY_BYTES)),
        ),
        CROISSANT_AGREES: (
            "statements of croissant.json",
            build_croissant(dataset, splits),
            lambda: file_io.read_json(processed / "croissant.json"),
        ),
    }
    return {name: _agree(*of) for name, of in statements.items()}


def _agree(what: str, expected: Any, read: Any) -> Finding:
    try:
        found = read()
    except (OSError, ValueError, BadInput) as error:
        return Finding(False, str(error))
    return compare(what, _flat(expected), _flat(found))


def _flat(value: Any) -> dict[str, Any]:
    keyed = _keyed(value)
    return flatten(keyed) if isinstance(keyed, dict) else {"the file": keyed}


def _keyed(value: Any) -> Any:
    """Lists as mappings by place, so that a difference is named by its path."""
    if isinstance(value, list) and value:
        return {f"[{place}]": _keyed(item) for place, item in enumerate(value)}
    if isinstance(value, dict):
        return {str(key): _keyed(item) for key, item in value.items()}
    return value


def require_openable(folder: Path, head: Mapping[str, Any]) -> None:
    """Refuse a folder that `datasets` must not open: it reads whatever a card names, anywhere.

    Args:
        head: The head of the card as it was built.

    Raises:
        BadInput: The card has another head, other files direct the library, or a line among the
            first is no record.
    """
    fix = "materialize its asset again"
    found = read_head(read_small(folder / CARD, limit=TINY_BYTES))
    if found != head:
        wrong = compare("statements of the card's head", _flat(head), _flat(found))
        raise BadInput("not opened: the card is not as built", [wrong.summary], fix)
    if others := [name for name in DIRECTING if (folder / name).exists()]:
        raise BadInput("not opened: files beside the card direct the library", others, fix)
    for data in head["configs"][0]["data_files"]:
        with open_regular(folder / data["path"], root=folder) as handle:
            first = handle.read(READ_AT_ONCE)
        # pyarrow 26 ends in a segmentation fault where a block of lines is nothing but `null`.
        lines = enumerate(first.split(b"\n"), 1)
        if wrong := [f"{data['path']} line {n}" for n, line in lines if line and line[0] != OPENS]:
            raise BadInput("not opened: lines that are no record", wrong, fix)


def inspect_loading(dataset: Dataset, folder: Path, head: Mapping[str, Any]) -> Finding:
    """Open a folder by its card with `datasets.load_dataset`, offline, and read the first rows.

    Raises:
        BadInput: The folder must not be opened (`require_openable`).
    """
    import datasets
    import yaml
    from datasets.exceptions import DatasetsError

    # The library lets through whatever its parts raise on damaged cards and rows.
    failures = (
        *(OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError),
        *(yaml.YAMLError, DatasetsError),
    )
    require_regular_folder(folder)
    require_openable(folder, head)
    culprits = Culprits()
    fields = list(DATASETS[dataset.name].format.fields)
    wanted = [split.name for split in dataset.splits]
    with tempfile.TemporaryDirectory() as cache, _alone():
        try:
            loaded = datasets.load_dataset(str(folder), streaming=True, cache_dir=cache)
            found = {name: list(rows.take(ROWS_LOADED)) for name, rows in loaded.items()}
        except failures as error:
            return Finding(False, f"load_dataset failed on {folder}: {error}")
    if list(found) != wanted:
        culprits.add(f"splits {list(found)}, not {wanted}")
    for name, rows in found.items():
        for number, row in enumerate(rows, 1):
            if list(row) != fields:
                culprits.add(f"{name} row {number} has the keys {list(row)}")
        if not rows:
            culprits.add(f"{name} has no rows")
    return culprits.finding(
        f"load_dataset gives the splits {', '.join(wanted)} with the fields of schema.json",
        "load_dataset gives something else",
    )


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Meanwhile `datasets` uses no network and does not import torch, which takes 2 s."""
    import huggingface_hub
    from datasets import config

    switches = [
        (config, "HF_HUB_OFFLINE", True),
        (huggingface_hub.constants, "HF_HUB_OFFLINE", True),
        (config, "TORCH_AVAILABLE", False),
    ]
    before = [getattr(module, name) for module, name, _ in switches]
    try:
        for module, name, value in switches:
            setattr(module, name, value)
        yield
    finally:
        for (module, name, _), value in zip(switches, before, strict=True):
            setattr(module, name, value)
