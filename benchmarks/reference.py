"""Ways to compare with, written plainly: the scripts before this project, and a better one."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

MAX_TOKENS = 2048
COLUMNS = (
    "name",
    "description",
    "public_tests",
    "difficulty",
    "solutions",
    "incorrect_solutions",
)


def convert_checkpoint(source: Path, target: Path) -> None:
    """torch.load the whole checkpoint, cast every tensor, save_file."""
    import torch
    from safetensors.torch import save_file

    state = torch.load(source, map_location="cpu", weights_only=True)
    save_file({name: t.to(torch.float16) for name, t in state.items()}, target)


def convert_checkpoint_mapped(source: Path, target: Path) -> str:
    """Map the checkpoint; cast, hash and write a tensor at a time, in the form of safetensors.

    Returns:
        The digest of the file, which is on the disk.
    """
    import torch

    state = torch.load(source, map_location="cpu", weights_only=True, mmap=True)
    header, end = {}, 0
    for name, tensor in state.items():
        start, end = end, end + 2 * tensor.numel()
        header[name] = {"dtype": "F16", "shape": list(tensor.shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    sha256 = hashlib.sha256()
    with open(target, "wb", buffering=0) as out:

        def put(data: bytes | memoryview) -> None:
            sha256.update(data)
            left = memoryview(data).cast("B")
            while left:  # one call writes 2 GiB at most
                left = left[out.write(left) :]

        put(len(text).to_bytes(8, "little") + text)
        for tensor in state.values():
            put(memoryview(tensor.to(torch.float16).contiguous().numpy()).cast("B"))
        os.fsync(out.fileno())
    return sha256.hexdigest()


def convert_codecontests(sources: Sequence[Path], target: Path, tokenizer: Path) -> dict:
    """Encode three texts a row, hold the split, json.dumps; then read and encode it again.

    Returns:
        The statistics, counted from the file: rows, is_correct, token lengths by field.
    """
    import pyarrow.parquet as pq
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_file=str(tokenizer))

    def lengths(record: dict) -> list[int]:
        return [len(processor.encode(record[key])) for key in ("instruction", "input", "output")]

    problems = []
    for source in sources:
        problems += pq.read_table(source, columns=list(COLUMNS)).to_pylist()
    records = [
        record for record in codecontests_records(problems) if sum(lengths(record)) <= MAX_TOKENS
    ]
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    target.write_text("".join(line + "\n" for line in lines), encoding="utf-8", newline="\n")

    stored = [json.loads(line) for line in target.read_bytes().split(b"\n")[:-1]]
    counted = [lengths(record) for record in stored]
    labels = [record["is_correct"] for record in stored]
    return {
        "rows": len(stored),
        "correct": labels.count(True),
        "incorrect": labels.count(False),
        "token_lengths": {
            "instruction": Counter(one for one, _, _ in counted),
            "input": Counter(two for _, two, _ in counted),
            "output": Counter(three for _, _, three in counted),
            "total": Counter(sum(three) for three in counted),
        },
    }


def codecontests_records(problems: Sequence[dict]) -> list[dict]:
    """All Python solutions of published rows as records, before the length filter."""
    names = [problem["name"] for problem in problems]
    published = set(names)
    number = dict.fromkeys(names, 0)
    records = []
    for problem in problems:
        name = problem["name"]
        number[name] += 1
        if number[name] > 1:
            while f"{name}__{number[name]}" in published:
                number[name] += 1
            name = f"{name}__{number[name]}"
        tests = problem["public_tests"]
        shown = []
        for place in range(min(2, len(tests["input"]), len(tests["output"]))):
            given, printed = tests["input"][place], tests["output"][place]
            if given != "" and printed != "":
                shown.append("Input: " + given + "\nOutput: " + printed)
        for column, word, label in (
            ("solutions", "correct", True),
            ("incorrect_solutions", "incorrect", False),
        ):
            solutions = problem[column]
            for index in range(len(solutions["solution"])):
                if solutions["language"][index] not in (1, 3):
                    continue
                records.append(
                    {
                        "instruction": problem["description"],
                        "input": "\n\n".join(shown),
                        "output": solutions["solution"][index],
                        "task_id": f"{name}_{word}_{index}",
                        "is_correct": label,
                        "metadata": {
                            "source": "code_contests",
                            "difficulty": problem["difficulty"],
                            "has_tests": len(tests["input"]) > 0 and len(tests["output"]) > 0,
                        },
                    }
                )
    return records
