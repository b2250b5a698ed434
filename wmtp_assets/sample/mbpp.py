"""Writes the sample of google-research-datasets/mbpp (config full): its schema, our own tasks."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from wmtp_assets.sample.problems.mbpp_held_out import PROMPT, VALIDATION
from wmtp_assets.sample.problems.mbpp_test import TEST
from wmtp_assets.sample.problems.mbpp_train import TRAIN, MbppRow

SPLITS = {"train": TRAIN, "validation": VALIDATION, "test": TEST, "prompt": PROMPT}

# Task ids whose code needs a module that the tests import, and tasks with harder tests.
SETUP_CODE = {615: "import math", 516: "import math"}
CHALLENGE_TESTS = {
    604: ["assert balanced('a(b[c]{d})e') == True", "assert balanced(']') == False"],
    15: ["assert run_lengths('ab' * 3) == '1a1b1a1b1a1b'"],
    613: ["assert is_leap(2100) == False"],
}

STRINGS = pa.list_(pa.field("element", pa.string()))

COLUMNS: dict[str, tuple[pa.DataType, str]] = {
    "task_id": (pa.int32(), "int32"),
    "text": (pa.string(), "string"),
    "code": (pa.string(), "string"),
    "test_list": (STRINGS, "string"),
    "test_setup_code": (pa.string(), "string"),
    "challenge_test_list": (STRINGS, "string"),
}


def write_mbpp(folder: Path) -> None:
    """Write one parquet file per split into `folder/full`.

    Args:
        folder: The root of the repository in the mirror; made if absent.
    """
    (folder / "full").mkdir(parents=True, exist_ok=True)
    for split, rows in SPLITS.items():
        table = pa.Table.from_pylist([_as_published(row) for row in rows], schema=schema())
        pq.write_table(table, folder / "full" / f"{split}-00000-of-00001.parquet")


def schema() -> pa.Schema:
    """Return the published Arrow schema with the features as the `huggingface` metadata."""
    features = {}
    for name, (arrow_type, dtype) in COLUMNS.items():
        value = {"dtype": dtype, "_type": "Value"}
        is_list = pa.types.is_list(arrow_type)
        features[name] = {"feature": value, "_type": "Sequence"} if is_list else value
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    fields = [pa.field(name, arrow_type) for name, (arrow_type, _) in COLUMNS.items()]
    return pa.schema(fields, metadata=metadata)


def _as_published(row: MbppRow) -> dict[str, object]:
    task_id, text, code, tests = row
    return {
        "task_id": task_id,
        "text": text,
        # The published code has CRLF line ends.
        "code": code.replace("\n", "\r\n"),
        "test_list": list(tests),
        "test_setup_code": SETUP_CODE.get(task_id, ""),
        "challenge_test_list": CHALLENGE_TESTS.get(task_id, []),
    }
