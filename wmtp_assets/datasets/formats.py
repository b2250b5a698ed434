"""`Format`: the parquet columns that a dataset reads, and the JSONL fields that it writes.

It stands in the module of each dataset and is the only place that names fields, types and
reasons to drop a row; the conversion, the checks, schema.json, the dataset card and croissant.json
read it. Nothing here computes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

# A type of a JSON value: str, int or bool, [str] for a list of strings, a mapping for an object.
FieldType = type | list | Mapping[str, "FieldType"]

OTHER_LANGUAGE = "other_language"
UNKNOWN_LANGUAGE = "unknown_language"
OVER_LENGTH = "over_length"
# Stated only where it occurs: no file is known to hold such text.
INVALID_UTF8 = "invalid_utf8"

TOKEN_FIELDS = ("instruction", "input", "output")
TOTAL = "total"
# In the metadata of problems that are solved by programs.
HAS_TESTS = "has_tests"


@dataclass(frozen=True)
class Format:
    """How rows of one dataset are read and written.

    Attributes:
        columns: Parquet column -> its accepted types, written as `parquet.type_name` does.
        fields: JSONL keys in their order -> type.
        dropped: Every reason for which a candidate is not written, `INVALID_UTF8` aside.
    """

    columns: Mapping[str, tuple[str, ...]]
    fields: Mapping[str, FieldType]
    dropped: tuple[str, ...]

    @property
    def labelled(self) -> bool:
        """Whether rows have is_correct and difficulty."""
        return "is_correct" in self.fields


ALPACA = {"instruction": str, "input": str, "output": str, "task_id": str}

# What each field holds, in all datasets; of `input` the facts of a dataset say it.
DESCRIPTIONS = {
    "instruction": "The problem statement.",
    "output": "The solution as published.",
    "task_id": "Unique within the split.",
    "is_correct": "Whether the published data lists the solution as correct.",
    "metadata": "Facts of the problem that training may select by.",
}
