"""croissant.json: the files with their digests, and their fields, in MLCommons Croissant 1.0."""

from typing import Any

from wmtp_assets.catalog import STORAGE_VERSION, Dataset
from wmtp_assets.datasets.field_types import walk_type
from wmtp_assets.datasets.formats import FieldType
from wmtp_assets.datasets.row import DatasetRow
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.schema.schema_json import StoredSplit

# The context of the specification; mlcroissant warns of any other.
_TERMS = (
    "citeAs column equivalentProperty extract field fileObject fileProperty fileSet format "
    "includes isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated "
    "replace samplingRate separator source subField transform"
)
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS.split()},
}
DATA_TYPES = {str: "sc:Text", int: "sc:Integer", bool: "sc:Boolean"}


def build_croissant(dataset: Dataset, splits: list[StoredSplit]) -> dict[str, Any]:
    """The content of croissant.json."""
    stated = DATASETS[dataset.name]
    facts = stated.facts
    _, licence = facts.licence_of(dataset.repo.licence, stated.published.repo.licence)
    made = f"{facts.summary}. Processed for WMTP training from {dataset.repo.id}."
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": dataset.name,
        "description": " ".join(filter(None, (dataset.repo.notice, made))),
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "license": licence,
        "url": dataset.repo.url,
        "version": STORAGE_VERSION.removeprefix("v"),
        "datePublished": facts.published,
        "citeAs": facts.citation,
        "distribution": [_file(split) for split in splits],
        "recordSet": [_records(split, stated) for split in splits],
    }


def _file(split: StoredSplit) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": split.file,
        "name": split.file,
        "contentUrl": split.file,
        "contentSize": f"{split.size_bytes} B",
        "encodingFormat": "application/jsonlines",
        "sha256": split.facts.sha256,
    }


def _records(split: StoredSplit, stated: DatasetRow) -> dict[str, Any]:
    described = [
        _field(split, column, path, types, stated.descriptions[column])
        for column, kind in stated.format.fields.items()
        for path, types in _types(kind).items()
    ]
    return {"@type": "cr:RecordSet", "@id": split.name, "name": split.name, "field": described}


def _types(kind: FieldType) -> dict[str, dict[str, Any]]:
    """JSON path of each part of a field, "" for a field without parts -> its type."""

    def plain(of: type) -> dict[str, dict[str, Any]]:
        return {"": {"dataType": DATA_TYPES[of]}}

    return walk_type(
        kind,
        plain,
        many=lambda items: {path: {**of, "repeated": True} for path, of in items.items()},
        struct=lambda parts: {
            f".{name}{path}": of for name, types in parts.items() for path, of in types.items()
        },
    )


def _field(
    split: StoredSplit, column: str, path: str, types: dict[str, Any], description: str
) -> dict[str, Any]:
    """One field; what lies inside an object is taken out of it by a JSON path."""
    name = column + path.replace(".", "/")
    transform = {"transform": {"jsonPath": f"${path}"}} if path else {}
    return {
        "@type": "cr:Field",
        "@id": f"{split.name}/{name}",
        "name": name,
        "description": description,
        **types,
        "source": {
            "fileObject": {"@id": split.file},
            "extract": {"column": column},
            **transform,
        },
    }
