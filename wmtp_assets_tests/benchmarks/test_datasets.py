"""The dataset benchmark finds a wrong row, and its shards have the published shape."""

import json
import statistics
from collections import Counter

import pytest

from benchmarks import datasets
from benchmarks.datasets_shards import problem, problem_name
from benchmarks.measure import run_tree

CONTRACT = {
    "rows",
    "seconds",
    "rows_per_second",
    "ratio_to_reference",
    "ratio_to_map",
    "peak_rss_bytes",
    "projected_train_seconds",
    "mismatches",
}
ROWS = [
    {"instruction": story, "output": f"{story}{n}", "is_correct": True, "metadata": {"a": 1}}
    for story in "pq"
    for n in range(3)
]
LATER = {"instruction": "r", "output": "not of the reference"}


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(
    ("rows", "mismatches"),
    [
        ([*ROWS, LATER], 0),
        ([*ROWS[:2], {**ROWS[2], "is_correct": 1}, *ROWS[3:], LATER], 1),
        ([*ROWS[:2], dict(reversed(ROWS[2].items())), *ROWS[3:]], 1),
        ([*ROWS[:5], {**ROWS[5], "metadata": {"a": 1.0}}, LATER], 1),
        (ROWS[:4], 2),
        ([*ROWS, ROWS[5], LATER], 1),
        ([*ROWS[:3], ROWS[4], ROWS[3], ROWS[5]], 2),
        ([LATER, *ROWS], 6),
    ],
)
def test_rows_that_differ_lack_or_are_too_many_are_counted(tmp_path, rows, mismatches):
    paths = write(tmp_path / "reference.jsonl", ROWS), write(tmp_path / "other.jsonl", rows)
    assert datasets.count_mismatches(*paths) == mismatches


def test_problems_have_the_published_shape_and_are_the_same_each_time():
    rows = [problem(number) for number in range(10)]
    languages = [
        [*row["solutions"]["language"], *row["incorrect_solutions"]["language"]] for row in rows
    ]
    assert statistics.mean(map(len, languages)) == 920
    python = [sum(code in (1, 3) for code in of) for of in languages]
    assert 265 < statistics.mean(python) < 300
    assert 2000 < statistics.mean(len(row["description"].encode()) for row in rows) < 3600
    programs = [
        text
        for row in rows
        for column in (row["solutions"], row["incorrect_solutions"])
        for code, text in zip(column["language"], column["solution"], strict=True)
        if code in (1, 3)
    ]
    assert 700 < statistics.mean(len(text.encode()) for text in programs) < 900
    assert len(set(programs)) > 0.95 * len(programs)
    assert problem(3) == rows[3]


def test_names_repeat_in_a_split_and_no_name_stands_in_two():
    splits = [Counter(map(problem_name, range(first, first + 1000))) for first in (0, 5000)]
    assert [sorted(split.values())[-3:] for split in splits] == [[1, 10, 10]] * 2
    assert not splits[0].keys() & splits[1].keys()


def test_the_memory_of_a_child_process_counts():
    child = "import time; held = bytearray(300_000_000); time.sleep(0.5)"
    starts = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    assert run_tree(["timeit", "-n", "1", "-r", "1", starts]).peak_rss_bytes > 300_000_000


@pytest.mark.long
def test_a_small_run_has_the_numbers_of_the_contract_and_cleans_up(tmp_path):
    arguments = ["--problems", "4", "--folder", str(tmp_path), "--json"]
    said = json.loads(run_tree(["benchmarks.datasets", *arguments]).output.splitlines()[-1])
    assert said.keys() >= CONTRACT
    assert said["mismatches"] == 0
    assert said["rows"] == said["reference_rows"] == said["map_rows"] > 500
    assert not list(tmp_path.iterdir())
