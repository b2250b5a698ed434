"""What the page says of an asset: what it is, where it lies, how to open it, what reads it.

The first line is that of the row. The rest follows: the place from the store, the snippet from the
implementation of a model or from the table here, the readers from the graph.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from wmtp_assets.catalog import Dataset, Micro, Model
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.documents.assets import checklist_paths, document_path
from wmtp_assets.evidence.steps import REPORTS
from wmtp_assets.folders import dataset_folder, model_folder
from wmtp_assets.models.card import THIS_FOLDER
from wmtp_assets.models.micro.rows import MICROS
from wmtp_assets.models.row import CONFIGS, METADATA, SAFETENSORS, TOKENIZER
from wmtp_assets.models.rows import MODELS
from wmtp_assets.store import Store

# As all snippets of docs/ call the storage root and the folder of documents.
STORE = Store(Path("storage"), Path("docs"))
TRAINING = "training code, through a view (job write_training_view)"
# Of a dataset, what no training code opens.
NOT_FOR_TRAINING = ("raw", "stats")
REPORTED = "the reports and the checklist"
NOBODY = "people"

READ_JSON = """
import json
from pathlib import Path

found = json.loads(Path("{path}").read_text())
"""
READ_CHECKPOINT = """
import torch

path = "{path}"
tensors = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
"""
READ_PARQUET = """
from datasets import load_dataset

path = "{path}"
rows = load_dataset("parquet", data_files=path, split="train")
"""
READ_TOKENIZER = """
import sentencepiece

path = "{path}"
tokenizer = sentencepiece.SentencePieceProcessor(model_file=path)
"""
READ_JSONL = """
from datasets import load_dataset

path = "{path}"
rows = load_dataset("json", data_files=path, split="train")
"""
READ_FOLDER = """
from datasets import load_dataset

rows = load_dataset("{path}")
"""
READ_NEWEST = """
import json
from pathlib import Path

newest = max(Path("{path}").glob("*_summary.json"))
found = json.loads(newest.read_text())
"""
READ_TEXT = """
from pathlib import Path

print(Path("{path}").read_text())
"""
LIST_FOLDERS = """
from pathlib import Path

folders = sorted(path for path in Path("{path}").rglob("*") if path.is_dir())
"""


class Artifact(NamedTuple):
    """Where an asset lies, and Python that opens it."""

    place: Path
    snippet: str


def describe(key: str, what: str, artifact: Artifact, readers: Iterable[str]) -> str:
    """The description of an asset as Markdown.

    Args:
        what: What it is, as its row says it: a line, more paragraphs where there is more to say.
        readers: Keys of the assets that depend on it.
    """
    return (
        f"{what}\n\n"
        f"**Lies in** `{artifact.place}`\n\n"
        f"**Read by** {_said(key, sorted(readers))}\n\n"
        f"**Opened with**\n\n```python\n{artifact.snippet.strip()}\n```"
    )


def _said(key: str, readers: list[str]) -> str:
    documents = [reader for reader in readers if reader in (*REPORTS, "signoff/checklist")]
    said = [f"`{reader}`" for reader in readers if reader not in documents]
    name, *part = key.split("/")
    of_models = name in (*MODELS, *MICROS)
    if of_models or (name in DATASETS and not {*part} & {*NOT_FOR_TRAINING}):
        said.append(TRAINING)
    return ", ".join([*said, *([REPORTED] if documents else [])]) or NOBODY


def artifact_of(key: str, row: Model | Micro | Dataset | None) -> Artifact:
    """Where an asset lies and how it is opened.

    Args:
        row: Its row of the catalog; None where it has none.

    Raises:
        KeyError: No asset that this project makes has this key.
    """
    part = key.split("/")[-1]
    if isinstance(row, Micro):
        folder = model_folder(STORE.root, row.folder)
        loading = MICROS[row.name].implementation.loading
        return Artifact(folder.root, loading.replace(THIS_FOLDER, str(folder.root)))
    if isinstance(row, Model):
        return _of_model(row, part)
    if isinstance(row, Dataset):
        return _of_dataset(row, part)
    return _of_the_rest(key)


def _of_model(row: Model, part: str) -> Artifact:
    folder = model_folder(STORE.root, row.folder)
    checkpoint = folder.raw / row.checkpoint
    read_raw = READ_JSON if checkpoint.suffix == ".json" else READ_CHECKPOINT
    settings = folder.configs / row.implementation.settings_file
    return {
        "raw": _opened(folder.raw, read_raw, checkpoint),
        TOKENIZER: _opened(folder.tokenizer, READ_TOKENIZER, folder.tokenizer_model),
        CONFIGS: _opened(folder.configs, READ_JSON, settings),
        METADATA: _opened(folder.metadata, READ_JSON),
        SAFETENSORS: Artifact(
            folder.safetensors, row.implementation.loading.replace(THIS_FOLDER, str(folder.root))
        ),
    }[part]


def _of_dataset(row: Dataset, part: str) -> Artifact:
    folder = dataset_folder(STORE.root, row.name)
    first = row.splits[0]
    return {
        "raw": _opened(folder.raw, READ_PARQUET, folder.raw / first.files.pattern),
        "schema": _opened(folder.processed, READ_FOLDER),
        "stats": _opened(folder.stats, READ_NEWEST),
        "small": _opened(folder.small, READ_JSONL, folder.small_jsonl(first.name)),
        **{of.name: _opened(folder.jsonl(of.name), READ_JSONL) for of in row.splits},
    }[part]


def _of_the_rest(key: str) -> Artifact:
    if key in REPORTS:
        return _opened(document_path(STORE, key), READ_TEXT)
    return {
        "storage_layout": _opened(STORE.root, LIST_FOLDERS),
        "signoff/checklist": _opened(checklist_paths(STORE)[0], READ_JSON),
    }[key]


def _opened(place: Path, snippet: str, file: Path | None = None) -> Artifact:
    return Artifact(place, snippet.format(path=file or place))
