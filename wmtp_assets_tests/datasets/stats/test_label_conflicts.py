"""Contradictory labels: what is the same solution, and below which prompt."""

from dataclasses import replace

from wmtp_assets.datasets.convert.records import dump_json
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.stats.label_conflicts import without_space
from wmtp_assets.datasets.stats.range_facts import LABELS
from wmtp_assets.datasets.stats.split_pass import read_splits
from wmtp_assets.folders import DatasetFolder


def counts(tmp_path, rows):
    """Count (prompt, program, is_correct) rows, the same for any ranges of the file."""
    folder = DatasetFolder(tmp_path, tmp_path)
    path = folder.jsonl("train")
    path.parent.mkdir(exist_ok=True)
    metadata = {"source": "", "difficulty": 0, "has_tests": True}
    with open(path, "wb") as out:
        for number, (prompt, program, is_correct) in enumerate(rows):
            record = {"instruction": prompt, "input": "", "output": program}
            record |= {"task_id": str(number), "is_correct": is_correct, "metadata": metadata}
            out.write(dump_json(record).encode() + b"\n")
    row = DATASETS["codecontests"].published
    train = replace(row, splits=row.splits[:1])
    found, *others = (
        read_splits(train, folder, {LABELS}, range_bytes=size).require(LABELS).labels["train"]
        for size in (10**9, 1, 50, 200, 500)
    )
    assert all(other == found for other in others)
    return {form: (of["texts"], of["records"]) for form, of in found.items()}


def test_only_texts_with_both_labels_below_one_prompt_count_with_all_their_records(tmp_path):
    rows = [
        ("p", "a", True),
        ("p", "a", True),
        ("p", "b", True),
        ("p", "a", False),
        ("p", "c", False),
        ("p", "c", False),
        ("q", "b", False),
        ("q", "d", True),
        ("q", "d", False),
    ]
    assert counts(tmp_path, rows) == {"exact": (2, 5), "space_aside": (2, 5)}


def test_white_space_at_line_ends_is_aside_and_indentation_is_not(tmp_path):
    rows = [
        ("p", "if a:\n  b\nc", True),
        ("p", "if a: \r\n\r\n  b\r\nc\n", False),
        ("p", "if a:\n  b\n  c", False),
    ]
    assert counts(tmp_path, rows) == {"exact": (0, 0), "space_aside": (1, 2)}
    assert without_space("\n a \t\n\n\tb\r\n") == " a\n\tb"


def test_the_last_prompt_counts_and_no_record_is_no_conflict(tmp_path):
    assert counts(tmp_path, []) == {"exact": (0, 0), "space_aside": (0, 0)}
    assert counts(tmp_path, [("p", "a", True), ("p", "a", False)])["exact"] == (1, 2)
