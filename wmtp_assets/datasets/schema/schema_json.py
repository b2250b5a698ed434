"""schema.json: fields and types of the records, and what each split holds, for programs."""

from dataclasses import dataclass
from typing import Any

from wmtp_assets.catalog import STORAGE_VERSION, VOCAB_SIZE, Dataset
from wmtp_assets.datasets.convert.line_metadata import SplitFacts, read_facts
from wmtp_assets.datasets.convert.tally import CORRECT, INCORRECT, ROWS
from wmtp_assets.datasets.convert.tokens import LengthFilter
from wmtp_assets.datasets.field_types import walk_type
from wmtp_assets.datasets.formats import FieldType
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.folders import DatasetFolder

OPTIONAL_FIELDS = ("metadata",)
TYPE_NAMES = {str: "string", int: "integer", bool: "boolean"}


@dataclass(frozen=True)
class StoredSplit:
    """A stored split; the digest of its JSONL is the one that its line metadata states."""

    name: str
    file: str
    size_bytes: int
    metadata_file: str
    metadata_sha256: str
    facts: SplitFacts


def read_stored_splits(dataset: Dataset, folder: DatasetFolder) -> list[StoredSplit]:
    """Read the size, digest and line metadata of each split of a dataset.

    Raises:
        BadInput: A split is missing, or its line metadata is damaged.
    """
    missing = [s.name for s in dataset.splits if not folder.jsonl(s.name).is_file()]
    if missing:
        raise BadInput(f"{dataset.name} lacks splits", missing, "materialize their assets")
    return [
        StoredSplit(
            split.name,
            folder.jsonl(split.name).name,
            folder.jsonl(split.name).stat().st_size,
            folder.line_metadata(split.name).name,
            file_io.sha256_of(folder.line_metadata(split.name)),
            read_facts(folder.line_metadata(split.name), DATASETS[dataset.name].format),
        )
        for split in dataset.splits
    ]


def build_schema(
    dataset: Dataset, commit: str, splits: list[StoredSplit], settings: LengthFilter
) -> dict[str, Any]:
    """The content of schema.json."""
    stated = DATASETS[dataset.name]
    form = stated.format
    return {
        **dataset.repo.marked,
        "dataset": dataset.name,
        "version": STORAGE_VERSION,
        "description": f"{dataset.title} in Alpaca format: {stated.facts.summary}.",
        "format": "Alpaca JSONL",
        "source": {"repo": dataset.repo.id, "commit": commit, "licence": dataset.repo.licence},
        "fields": {
            name: {**describe_type(kind), "description": stated.descriptions[name]}
            for name, kind in form.fields.items()
        },
        "required_fields": [name for name in form.fields if name not in OPTIONAL_FIELDS],
        "optional_fields": list(OPTIONAL_FIELDS),
        "max_tokens": settings.max_tokens,
        "tokenizer": {"sha256": settings.tokenizer_sha256, "pieces": VOCAB_SIZE},
        "splits": {split.name: _describe_split(split, form.labelled) for split in splits},
    }


def describe_type(kind: FieldType) -> dict[str, Any]:
    """A field type in the words of JSON Schema."""

    def plain(of: type) -> dict[str, Any]:
        return {"type": TYPE_NAMES[of]}

    return walk_type(
        kind,
        plain,
        many=lambda items: {"type": "array", "items": items},
        struct=lambda parts: {"type": "object", "fields": parts},
    )


def _describe_split(split: StoredSplit, labelled: bool) -> dict[str, Any]:
    tally = split.facts.tally
    labels = {CORRECT: tally.by_class(True), INCORRECT: tally.by_class(False)}
    return {
        "file": split.file,
        ROWS: tally.rows,
        **(labels if labelled else {}),
        "size_bytes": split.size_bytes,
        "sha256": split.facts.sha256,
        "metadata_file": split.metadata_file,
        "metadata_sha256": split.metadata_sha256,
    }
