"""Contradictory labels: what is the same solution, and below which prompt.

The conversion counts them as it writes, a check as it reads; both are held against a plain count.
"""

import itertools
import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wmtp_assets.datasets.convert.label_conflicts import (
    LABELLED_BOTH,
    LabelConflicts,
    PartLabels,
    without_space,
)
from wmtp_assets.datasets.convert.records import dump_json
from wmtp_assets.datasets.convert.split import convert_split
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.stats.range_facts import COUNTS
from wmtp_assets.datasets.stats.split_pass import read_splits
from wmtp_assets.folders import DatasetFolder
from wmtp_assets_tests.datasets.rows import problem, write_parquet
from wmtp_assets_tests.datasets.world import FILTER

CPP = 2
LONG = " ".join(map(str, range(3000)))
NONE = {"exact": (0, 0), "space_aside": (0, 0)}


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
    found, *others = (recounted(folder, size) for size in (10**9, 1, 50, 200, 500))
    assert all(other == found for other in others)
    return found


def recounted(folder, range_bytes=10**9):
    """What the check counts."""
    row = DATASETS["codecontests"].published
    train = replace(row, splits=row.splits[:1])
    readings = read_splits(train, folder, {COUNTS}, range_bytes=range_bytes).require(COUNTS)
    return in_pairs(readings.recounts["train"].counts[LABELLED_BOTH])


def in_pairs(found):
    return {form: (of["texts"], of["records"]) for form, of in found.items()}


def plain(rows):
    """The counts of (prompt, program, is_correct) rows, without a shortcut."""
    found = {}
    for form, fold in (("exact", str), ("space_aside", without_space)):
        texts = records = 0
        for _, run in itertools.groupby(rows, key=lambda row: row[0]):
            seen = [(fold(program), is_correct) for _, program, is_correct in run]
            both = {p for p, label in seen if label} & {p for p, label in seen if not label}
            texts += len(both)
            records += sum(program in both for program, _ in seen)
        found[form] = texts, records
    return found


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
    assert counts(tmp_path, rows) == {"exact": (2, 5), "space_aside": (2, 5)} == plain(rows)


def test_white_space_at_line_ends_is_aside_and_indentation_is_not(tmp_path):
    rows = [
        ("p", "if a:\n  b\nc", True),
        ("p", "if a: \r\n\r\n  b\r\nc\n", False),
        ("p", "if a:\n  b\n  c", False),
    ]
    assert counts(tmp_path, rows) == {"exact": (0, 0), "space_aside": (1, 2)}
    assert without_space("\n a \t\n\n\tb\r\n") == " a\n\tb"


def test_the_last_prompt_counts_and_no_record_is_no_conflict(tmp_path):
    assert counts(tmp_path, []) == NONE
    assert counts(tmp_path, [("p", "a", True), ("p", "a", False)])["exact"] == (1, 2)


PROGRAMS = st.sampled_from(["", "a", "b", "a ", "a\n", "a\u3000", "\u3000", "é", "é\t", "ab", "ba"])


@given(
    st.lists(st.tuples(st.sampled_from("pqr"), PROGRAMS, st.booleans()), max_size=200),
    st.booleans(),
    st.lists(st.integers(0, 200), max_size=6),
)
def test_parts_of_any_rows_add_up_to_a_plain_count(rows, ordered, cuts):
    if ordered:
        rows.sort(key=lambda row: row[0])
    joined = LabelConflicts()
    ends = [0, *sorted(cuts), len(rows)]
    for start, end in itertools.pairwise(ends):
        part = PartLabels()
        for prompt, program, is_correct in rows[start:end]:
            part.see(prompt.encode(), [program], is_correct)
        joined.add(part.conflicts())
    assert in_pairs(joined.counts()) == plain(rows)


def test_a_prompt_that_comes_again_at_the_other_end_of_a_part_is_another(tmp_path):
    rows = [("p", "a", True), ("q", "b", True), ("p", "a", False)]
    assert counts(tmp_path, rows) == NONE


# Description, correct, incorrect: one prompt through several rows, a row between of which nothing
# is written, one that ends it, and the same prompt again.
SOLVED = [
    ("d", [(3, "a"), (3, LONG), (CPP, "b")], []),
    ("d", [], [(3, "a"), (3, LONG), (3, "b")]),
    ("other", [(3, LONG)], [(CPP, "x")]),
    ("d", [(1, "b\n")], [(3, "c")]),
    ("e", [(3, "a"), (3, "z"), (3, "y  ")], [(3, "z"), (3, "z"), (3, "y")]),
    ("d", [(3, "c")], [(3, "q")]),
    ("f", [(3, "m")], [(3, "n")]),
]


@pytest.mark.parametrize("unit_bytes", [1, 10**9])
@pytest.mark.parametrize("row_group_size", [1, 2, 100])
def test_the_conversion_counts_what_it_writes(tmp_path, row_group_size, unit_bytes):
    rows = [problem(f"n{n}", *solved) for n, solved in enumerate(SOLVED)]
    source = write_parquet("codecontests", rows, tmp_path / "raw.parquet", row_group_size)
    stated, written = converted(tmp_path, [source], unit_bytes)
    assert stated == plain(written) == {"exact": (2, 5), "space_aside": (4, 9)}


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(st.sampled_from("pq"), *[st.lists(PROGRAMS, max_size=3)] * 2),
        min_size=1,
        max_size=8,
    ),
    st.integers(1, 3),
    st.integers(0, 8),
)
def test_the_conversion_counts_as_the_check_does_for_any_rows(tmp_path, solved, group_size, cut):
    rows = [
        problem(f"n{n}", text, [(3, p) for p in correct], [(3, p) for p in incorrect])
        for n, (text, correct, incorrect) in enumerate(solved)
    ]
    sources = [
        write_parquet("codecontests", part, tmp_path / f"{n}.parquet", group_size)
        for n, part in enumerate((rows[:cut], rows[cut:]))
    ]
    stated, written = converted(tmp_path, sources, 1)
    assert stated == plain(written) == recounted(DatasetFolder(tmp_path / "out", tmp_path / "s"))


def converted(tmp_path, sources, unit_bytes):
    """What the conversion counts, and the (prompt, program, is_correct) rows that it writes."""
    folder = DatasetFolder(tmp_path / "out", tmp_path / "s")
    made = convert_split("codecontests", "train", sources, folder, FILTER, unit_bytes=unit_bytes)
    records = [json.loads(line) for line in folder.jsonl("train").read_bytes().split(b"\n")[:-1]]
    rows = [((r["instruction"], r["input"]), r["output"], r["is_correct"]) for r in records]
    return in_pairs(made.stats[LABELLED_BOTH]), rows
