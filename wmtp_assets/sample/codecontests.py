"""Writes the sample of deepmind/code_contests: the published schema, our own problems.

In come the families of `problems`, out go parquet files as the Hub has them: two of train, one
of valid, one of test. The same versions of Python and pyarrow write the same bytes. Names are
like the published ones, the sixteen hex digits stand for nothing.
"""

import json
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from wmtp_assets.sample.problems import test, train, valid
from wmtp_assets.sample.problems.awkward import edit_rows
from wmtp_assets.sample.problems.build import Row, build_row
from wmtp_assets.sample.problems.family import CODECHEF

SPLITS = {"train": train.FAMILIES, "valid": valid.FAMILIES, "test": test.FAMILIES}

# File name, split, first and last row (exclusive).
FILES = (
    ("train-00000-of-00002-0a51e0c0de5a0001.parquet", "train", 0, 34),
    ("train-00001-of-00002-0a51e0c0de5a0002.parquet", "train", 34, None),
    ("valid-00000-of-00001-0a51e0c0de5a0003.parquet", "valid", 0, None),
    ("test-00000-of-00001-0a51e0c0de5a0004.parquet", "test", 0, None),
)
ROWS_PER_GROUP = 10

SOURCES = ["UNKNOWN_SOURCE", "CODECHEF", "CODEFORCES", "HACKEREARTH", "CODEJAM", "ATCODER", "AIZU"]
DIFFICULTIES = [
    *("UNKNOWN_DIFFICULTY", "EASY", "MEDIUM", "HARD", "HARDER", "HARDEST", "EXTERNAL"),
    *"ABCDEFGHIJKLMNOPQRSTUV",
]
LANGUAGES = ["UNKNOWN_LANGUAGE", "PYTHON", "CPP", "PYTHON3", "JAVA"]

Feature = dict[str, Any]


def _value(dtype: str) -> Feature:
    return {"dtype": dtype, "id": None, "_type": "Value"}


def _label(names: list[str]) -> Feature:
    return {"names": names, "id": None, "_type": "ClassLabel"}


def _sequence(feature: Feature) -> Feature:
    return {"feature": feature, "length": -1, "id": None, "_type": "Sequence"}


_TESTS = _sequence({"input": _value("string"), "output": _value("string")})
_PROGRAMS = _sequence({"language": _label(LANGUAGES), "solution": _value("string")})

FEATURES: dict[str, Feature] = {
    "name": _value("string"),
    "description": _value("string"),
    "public_tests": _TESTS,
    "private_tests": _TESTS,
    "generated_tests": _TESTS,
    "source": _label(SOURCES),
    "difficulty": _label(DIFFICULTIES),
    "solutions": _PROGRAMS,
    "incorrect_solutions": _PROGRAMS,
    "cf_contest_id": _value("int64"),
    "cf_index": _value("string"),
    "cf_points": _value("float32"),
    "cf_rating": _value("int32"),
    "cf_tags": _sequence(_value("string")),
    "is_description_translated": _value("bool"),
    "untranslated_description": _value("string"),
    "time_limit": {"seconds": _value("int64"), "nanos": _value("int64")},
    "memory_limit_bytes": _value("int64"),
    "input_file": _value("string"),
    "output_file": _value("string"),
}


def write_codecontests(folder: Path) -> None:
    """Write the four parquet files into `folder/data`.

    Args:
        folder: The root of the repository in the mirror; made if absent.
    """
    splits = build_splits()
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for name, split, first, last in FILES:
        table = pa.Table.from_pylist(splits[split][first:last], schema=schema())
        pq.write_table(
            table,
            folder / "data" / name,
            row_group_size=ROWS_PER_GROUP,
            # The published files are of 2022, when pyarrow called a list's field "item".
            use_compliant_nested_type=False,
        )


def build_splits() -> dict[str, list[Row]]:
    """Build the rows of each split in file order; CodeChef stands first in train, as published."""
    written: set[str] = set()
    splits = {
        split: [
            build_row(family, story, written) for family in families for story in family.stories
        ]
        for split, families in SPLITS.items()
    }
    Random("order of train").shuffle(splits["train"])
    splits["train"].sort(key=lambda row: row["source"] != CODECHEF)
    edit_rows(splits)
    return splits


def schema() -> pa.Schema:
    """Return the published Arrow schema with the features as the `huggingface` metadata."""
    metadata = {"huggingface": json.dumps({"info": {"features": FEATURES}})}
    fields = [pa.field(name, _arrow_type(feature)) for name, feature in FEATURES.items()]
    return pa.schema(fields, metadata=metadata)


def _arrow_type(feature: Feature) -> pa.DataType:
    """Map a feature to its storage; a sequence of a dictionary is a struct of lists."""
    match feature.get("_type"):
        case "ClassLabel":
            return pa.int64()
        case "Value":
            dtype: str = feature["dtype"]
            return getattr(pa, {"bool": "bool_"}.get(dtype, dtype))()
        case "Sequence" if "_type" not in feature["feature"]:
            parts = feature["feature"].items()
            return pa.struct([(name, pa.list_(_arrow_type(part))) for name, part in parts])
        case "Sequence":
            return pa.list_(_arrow_type(feature["feature"]))
        case _:
            return pa.struct([(name, _arrow_type(part)) for name, part in feature.items()])
