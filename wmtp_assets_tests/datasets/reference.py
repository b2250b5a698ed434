"""The reference semantics, written plainly and independently of the project.

Everything in lists, each text encoded on its own, `json.dumps` for each record. What the project
writes must be these bytes. The rows of CodeContests are those of `benchmarks.reference`.
"""

import json

import sentencepiece

from benchmarks import reference
from wmtp_assets_tests.datasets.world import TOKENIZER

MAX_TOKENS = 2048

_tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(TOKENIZER))


def encoded_lengths(record: dict) -> list[int]:
    return [len(_tokenizer.encode(record[key])) for key in ("instruction", "input", "output")]


def fits(record: dict) -> bool:
    return sum(encoded_lengths(record)) <= MAX_TOKENS


def codecontests_records(problems: list[dict]) -> list[dict]:
    return [record for record in reference.codecontests_records(problems) if fits(record)]


def mbpp_records(tasks: list[dict]) -> list[dict]:
    records = [
        {
            "instruction": task["text"],
            "input": "",
            "output": task["code"],
            "task_id": str(task["task_id"]),
            "metadata": {
                "source": "mbpp",
                "test_list": task["test_list"],
                "test_setup_code": task["test_setup_code"],
                "has_tests": len(task["test_list"]) > 0,
            },
        }
        for task in tasks
    ]
    return [record for record in records if fits(record)]


def humaneval_records(tasks: list[dict]) -> list[dict]:
    records = [
        {
            "instruction": task["prompt"],
            "input": "",
            "output": task["canonical_solution"],
            "task_id": task["task_id"],
            "metadata": {
                "source": "humaneval",
                "test": task["test"],
                "entry_point": task["entry_point"],
                "has_tests": task["test"] != "",
            },
        }
        for task in tasks
    ]
    return [record for record in records if fits(record)]


RECORDS = {
    "codecontests": codecontests_records,
    "mbpp": mbpp_records,
    "humaneval": humaneval_records,
}


def jsonl_bytes(records: list[dict]) -> bytes:
    return b"".join(
        json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        for record in records
    )


def line_metadata(records: list[dict]) -> list[dict]:
    return [
        {"is_correct": record["is_correct"], "difficulty": record["metadata"]["difficulty"]}
        if "is_correct" in record
        else {}
        for record in records
    ]
