"""Splits as they are stored, of a few rows, and the line metadata that a plain script makes."""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from wmtp_assets.datasets.convert.records import dump_json
from wmtp_assets.training_view.index_map import StoredSplit

PROMPT = 'Print "x" \\ and\n a, "task_id":"no_correct_1"'


def labelled(name: str, label: bool, number: int, difficulty: int = 7) -> dict[str, Any]:
    """A row of CodeContests."""
    return {
        "instruction": f"{PROMPT} {name}",
        "input": "",
        "output": f'print({number})  # ,"task_id":"no"',
        "task_id": f"{name}_{'correct' if label else 'incorrect'}_{number}",
        "is_correct": label,
        "metadata": {"source": "code_contests", "difficulty": difficulty, "has_tests": True},
    }


def unlabelled(number: int) -> dict[str, Any]:
    """A row of MBPP."""
    return {
        "instruction": PROMPT,
        "input": "",
        "output": "pass",
        "task_id": f"{number}",
        "metadata": {
            "source": "mbpp",
            "test_list": ["assert x"],
            "test_setup_code": "",
            "has_tests": True,
        },
    }


def write_split(path: Path, rows: Iterable[dict[str, Any]], dataset: str) -> StoredSplit:
    """Write a JSONL as the storage has it."""
    data = "".join(dump_json(row) + "\n" for row in rows).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return StoredSplit(dataset, path.stem, path, hashlib.sha256(data).hexdigest())


def recount(jsonl: Path, *, has_labels: bool) -> dict[str, Any]:
    """The three parts of the line metadata, as domain.md words them, by the json module alone."""
    items, problems = [], {}
    for number, line in enumerate(jsonl.read_bytes().split(b"\n")[:-1]):
        row = json.loads(line)
        name = row["task_id"]
        if has_labels:
            name = re.fullmatch(r"(.*)_(correct|incorrect)_[0-9]+", name, re.S)[1]
        difficulty = row["metadata"].get("difficulty")
        item = {"is_correct": row.get("is_correct"), "difficulty": difficulty, "problem_id": name}
        items.append({key: value for key, value in item.items() if value is not None})
        empty = {"difficulty": difficulty, "correct_indices": [], "incorrect_indices": []}
        problem = problems.setdefault(name, empty)
        if has_labels:
            problem[f"{'correct' if row['is_correct'] else 'incorrect'}_indices"].append(number)
    return {"metadata": items, "problem_index_map": problems}
