"""What a row of each dataset looks like: published columns in, Alpaca fields out.

The tables here are the only place that names fields, types and reasons to drop a row; the
conversion, the checks, schema.json, the dataset card and croissant.json read them. Semantics:
domain facts, section Datasets. Nothing here computes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

# A type of a JSON value: str, int or bool, [str] for a list of strings, a mapping for an object.
FieldType = type | list | Mapping[str, "FieldType"]

PYTHON2, PYTHON3 = 1, 3
KEPT_LANGUAGES = (PYTHON2, PYTHON3)
# The published ClassLabel: 0 UNKNOWN_LANGUAGE, 1 PYTHON, 2 CPP, 3 PYTHON3, 4 JAVA.
OTHER_LANGUAGES = (2, 4)

OTHER_LANGUAGE = "other_language"
UNKNOWN_LANGUAGE = "unknown_language"
OVER_LENGTH = "over_length"
# Stated only where it occurs: no file is known to hold such text.
INVALID_UTF8 = "invalid_utf8"

TOKEN_FIELDS = ("instruction", "input", "output")
TOTAL = "total"


@dataclass(frozen=True)
class Format:
    """How rows of one dataset are read and written.

    Attributes:
        splits: Split names in their published order; each is an asset of its own.
        columns: Parquet column -> its accepted types, written as `parquet.type_name` does.
        fields: JSONL keys in their order -> type.
        dropped: Every reason for which a candidate is not written, `INVALID_UTF8` aside.
        labelled: Whether rows have is_correct and difficulty.
    """

    splits: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    fields: Mapping[str, FieldType]
    dropped: tuple[str, ...]
    labelled: bool


_ALPACA = {"instruction": str, "input": str, "output": str, "task_id": str}
_TESTS = ("struct<input: list<string>, output: list<string>>",)
_SOLUTIONS = ("struct<language: list<int64>, solution: list<string>>",)

# has_tests is true when at least one public (input, output) pair is there, an empty side included,
# a missing one not (CodeContests); when test_list is not empty (MBPP), test not empty (HumanEval).
FORMATS: dict[str, Format] = {
    "codecontests": Format(
        splits=("train", "valid", "test"),
        columns={
            "name": ("string",),
            "description": ("string",),
            "public_tests": _TESTS,
            "difficulty": ("int64",),
            "solutions": _SOLUTIONS,
            "incorrect_solutions": _SOLUTIONS,
        },
        fields={
            **_ALPACA,
            "is_correct": bool,
            "metadata": {"source": str, "difficulty": int, "has_tests": bool},
        },
        dropped=(OTHER_LANGUAGE, UNKNOWN_LANGUAGE, OVER_LENGTH),
        labelled=True,
    ),
    "mbpp": Format(
        splits=("train", "validation", "test"),
        columns={
            "task_id": ("int32", "int64"),
            "text": ("string",),
            "code": ("string",),
            "test_list": ("list<string>",),
            "test_setup_code": ("string",),
        },
        fields={
            **_ALPACA,
            "metadata": {
                "source": str,
                "test_list": [str],
                "test_setup_code": str,
                "has_tests": bool,
            },
        },
        dropped=(OVER_LENGTH,),
        labelled=False,
    ),
    "humaneval": Format(
        splits=("test",),
        columns={
            "task_id": ("string",),
            "prompt": ("string",),
            "canonical_solution": ("string",),
            "test": ("string",),
            "entry_point": ("string",),
        },
        fields={
            **_ALPACA,
            "metadata": {"source": str, "test": str, "entry_point": str, "has_tests": bool},
        },
        dropped=(OVER_LENGTH,),
        labelled=False,
    ),
}

DESCRIPTIONS = {
    "instruction": "The problem statement.",
    "input": "CodeContests: the first two public tests; empty otherwise.",
    "output": "The solution as published.",
    "task_id": "Unique within the split.",
    "is_correct": "Whether the published data lists the solution as correct.",
    "metadata": "Facts of the problem that training may select by.",
}
