"""The dataset benchmark finds a wrong row, and its shards have the published shape."""

import json
import statistics
from collections import Counter

import pytest

from benchmarks import datasets
from benchmarks.datasets_pipeline import numbered
from benchmarks.datasets_shards import problem, problem_name
from benchmarks.measure import run_tree
from benchmarks.reference import codecontests_records
from wmtp_assets.files import file_io

CONTRACT = {
    "rows",
    "seconds",
    "rows_per_second",
    "ratio_to_reference",
    "ratio_to_map",
    "ratio_to_tuetoken",
    "ratio_to_sentencepiece",
    "ratio_to_tokenizers",
    "other_busy_cores",
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


@pytest.mark.parametrize("wrong", [{"rows": 8}, {"output": 70}, {}])
def test_a_way_that_did_other_work_ends_the_comparison(tmp_path, wrong):
    made = {"rows": 9, "instruction": 9, "input": 9, "output": 71}
    jsonl = write(tmp_path / "train.jsonl", ROWS)
    project = datasets.Way(made, 1.0, 1, jsonl)
    datasets.require_same(project, project, file_io.sha256_of(jsonl))
    sha256 = file_io.sha256_of(jsonl) if wrong else "of other bytes"
    with pytest.raises(RuntimeError, match=r"train\.jsonl"):
        datasets.require_same(datasets.Way(made | wrong, 1.0, 1, jsonl), project, sha256)


def test_names_of_the_pipeline_are_those_of_the_reference():
    names = ["a", "b", "a", "a__2", "a", "b", "a__2"]
    tests = {"input": [], "output": []}
    one, none = {"language": [3], "solution": ["x"]}, {"language": [], "solution": []}
    columns = {"description": "d", "public_tests": tests, "difficulty": 1}
    columns |= {"solutions": one, "incorrect_solutions": none}
    records = codecontests_records([columns | {"name": name} for name in names])
    written = [record["task_id"].removesuffix("_correct_0") for record in records]
    assert numbered(names) == written


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
    ways = ("reference", "map", "tuetoken", "sentencepiece", "tokenizers")
    assert {said[f"{way}_rows"] for way in ways} == {said["rows"]}
    assert said["rows"] > 500
    assert not list(tmp_path.iterdir())
