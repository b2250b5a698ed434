"""The bytes that a conversion writes are those of the plain reference."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wmtp_assets.datasets.convert import pool
from wmtp_assets.datasets.convert.line_metadata import open_line_metadata
from wmtp_assets.datasets.convert.split import convert_split
from wmtp_assets.files import file_io
from wmtp_assets.folders import DatasetFolder
from wmtp_assets_tests.datasets import reference
from wmtp_assets_tests.datasets.rows import (
    AWKWARD,
    CODECONTESTS,
    LONG,
    ROWS,
    problem,
    write_parquet,
)
from wmtp_assets_tests.datasets.world import FILTER, lines_of


def convert(folder: Path, rows: list[dict], dataset: str = "codecontests", **options):
    """Write rows as parquet, convert them, and return (JSONL bytes, metadata bytes, stats)."""
    groups = options.pop("row_group_size", 3)
    sources = [write_parquet(dataset, rows, folder / "raw.parquet", groups)]
    target = DatasetFolder(folder / "out", folder / "small")
    converted = convert_split(dataset, "train", sources, target, FILTER, **options)
    jsonl, metadata = (file.path.read_bytes() for file in converted.files)
    assert [file_io.stored(file.path) for file in converted.files] == list(converted.files)
    return jsonl, metadata, converted.stats


@pytest.mark.parametrize("dataset", ROWS)
def test_every_split_is_that_of_the_reference(made, dataset):
    folder = made.store.dataset(dataset)
    for part in made.catalog.dataset(dataset).splits:
        records = reference.RECORDS[dataset](ROWS[dataset][part.name])
        assert folder.jsonl(part.name).read_bytes() == reference.jsonl_bytes(records)
        metadata = json.loads(folder.line_metadata(part.name).read_bytes())
        assert list(metadata) == [
            "dataset",
            "split",
            "source_file",
            "sha256",
            "stats",
            "metadata",
        ]
        assert metadata["metadata"] == reference.line_metadata(records)
        assert metadata["source_file"] == f"{part.name}.jsonl"
        assert metadata["sha256"] == file_io.sha256_of(folder.jsonl(part.name))


def test_counts_and_token_lengths_are_those_of_the_reference(made):
    records = reference.codecontests_records(CODECONTESTS["train"])
    metadata = json.loads(made.store.dataset("codecontests").line_metadata("train").read_bytes())
    stats = metadata["stats"]
    languages = [
        language
        for row in CODECONTESTS["train"]
        for column in ("solutions", "incorrect_solutions")
        for language in row[column]["language"]
    ]
    python = sum(language in (1, 3) for language in languages)
    assert stats["source_rows"] == len(CODECONTESTS["train"])
    assert stats["candidates"] == len(languages)
    assert stats["dropped"] == {
        "other_language": sum(language in (2, 4) for language in languages),
        "unknown_language": 3,
        "over_length": python - len(records),
    }
    assert stats["rows"] == len(records) == stats["correct"] + stats["incorrect"]
    lengths = [sum(reference.encoded_lengths(record)) for record in records]
    assert stats["token_lengths"]["total"] == {
        str(length): lengths.count(length) for length in sorted(set(lengths))
    }
    assert sum(stats["difficulty"]["incorrect"].values()) == stats["incorrect"]


def test_names_that_repeat_across_files_are_numbered_and_listed(made):
    folder = made.store.dataset("codecontests")
    ids = [json.loads(line)["task_id"] for line in lines_of(folder.jsonl("train"))]
    assert [i for i in ids if i.startswith("same")] == [
        "same_correct_0",
        "same__2_correct_3",
        "same__3_correct_0",
        "same__3_correct_2",
        "same__3_correct_4",
    ]
    with open_line_metadata(folder.line_metadata("train")) as metadata:
        listed = metadata.head["stats"]["repeated_names"]
    assert [(entry["name"], entry["written"]) for entry in listed] == [
        ("same", "same__2"),
        ("same", "same__3"),
    ]


def test_a_repeat_in_a_later_file_is_found(tmp_path):
    rows = [problem("twice", "first", [(3, "a")]), problem("twice", "second", [(3, "b")])]
    sources = [
        write_parquet("codecontests", [row], tmp_path / f"{n}.parquet")
        for n, row in enumerate(rows)
    ]
    folder = DatasetFolder(tmp_path / "out", tmp_path / "small")
    converted = convert_split("codecontests", "train", sources, folder, FILTER)
    assert converted.files[0].path.read_bytes() == reference.jsonl_bytes(
        reference.codecontests_records(rows)
    )


def test_2048_tokens_are_kept_and_2049_dropped(tmp_path):
    row = problem("edge", "d", [(3, "x" + " y" * n) for n in (2010, 2025)])
    prompt = {"instruction": "d", "input": "Input: 1\n\nOutput: 2\n", "output": "x"}
    needed = 2048 - sum(reference.encoded_lengths(prompt))
    texts = ["x" + " y" * needed, "x" + " y" * (needed + 1)]
    sizes = [sum(reference.encoded_lengths({**prompt, "output": text})) for text in texts]
    assert sizes == [2048, 2049]
    row = problem("edge", "d", [(3, text) for text in texts])
    jsonl, _, stats = convert(tmp_path, [row])
    assert [json.loads(line)["output"] for line in jsonl.splitlines()] == texts[:1]
    assert stats["dropped"]["over_length"] == 1


@pytest.mark.parametrize(
    "text",
    ["\r\n", "\u2028\u2029\x85", "\x00", "😀", "<s></s><unk>", "\ufeffx", " a ", "\u2581", AWKWARD],
)
def test_awkward_text_comes_through_unchanged_in_each_field(tmp_path, text):
    row = problem(text, text, [(3, text)], [(1, text)], tests=[(text, text)])
    jsonl, _, _ = convert(tmp_path, [row])
    assert jsonl == reference.jsonl_bytes(reference.codecontests_records([row]))
    assert jsonl.count(b"\n") == 2


@pytest.mark.parametrize(
    "options", [{"row_group_size": 1}, {"row_group_size": 100}, {"unit_bytes": 1}]
)
def test_row_groups_and_units_do_not_change_a_byte(tmp_path, options):
    usual = convert(tmp_path / "usual", CODECONTESTS["train"])
    assert convert(tmp_path / "other", CODECONTESTS["train"], **options) == usual


def test_two_processes_write_the_bytes_of_one(tmp_path, monkeypatch):
    one = convert(tmp_path / "one", CODECONTESTS["train"], unit_bytes=1)
    monkeypatch.setattr(pool, "POOL_WORTH_BYTES", 0)
    used = []
    real = pool.ProcessPoolExecutor
    monkeypatch.setattr(
        pool, "ProcessPoolExecutor", lambda n, **kw: used.append(n) or real(n, **kw)
    )
    two = convert(tmp_path / "two", CODECONTESTS["train"], unit_bytes=1, workers=2)
    assert used == [2]
    assert two == one


@pytest.mark.parametrize(("seed", "locale", "workers"), [("7", "C", 1), ("random", "C.UTF-8", 3)])
def test_hash_seed_locale_and_workers_do_not_change_a_byte(tmp_path, seed, locale, workers):
    usual = convert(tmp_path, CODECONTESTS["train"])[:2]
    program = (
        "import sys, pathlib\n"
        "from wmtp_assets.datasets.convert import pool\n"
        "from wmtp_assets_tests.datasets.test_conversion import convert, CODECONTESTS\n"
        "pool.POOL_WORTH_BYTES = 0\n"
        "if __name__ == '__main__':\n"
        "    options = {'unit_bytes': 1, 'workers': int(sys.argv[2])}\n"
        "    found = convert(pathlib.Path(sys.argv[1]), CODECONTESTS['train'], **options)\n"
        "    sys.stdout.buffer.write(found[0] + found[1])\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "PYTHONUTF8": "0"}
    made = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "again"), str(workers)],
        env=environment,
        capture_output=True,
        check=True,
    )
    assert made.stdout == b"".join(usual)


TEXT = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]), st.sampled_from("\n\r\t \u2028\u3000\u2581<s>0é")
    ),
    max_size=30,
)
PROGRAMS = st.lists(st.tuples(st.integers(-1, 5), st.one_of(TEXT, st.just(LONG))), max_size=4)
PROBLEMS = st.lists(
    st.builds(
        problem,
        st.sampled_from(["a", "b", "ü/x"]),
        TEXT,
        PROGRAMS,
        PROGRAMS,
        tests=st.lists(st.tuples(TEXT, TEXT), max_size=3),
        difficulty=st.integers(0, 28),
    ),
    max_size=5,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=PROBLEMS, row_group_size=st.integers(1, 4), unit_bytes=st.sampled_from([1, 10**9]))
def test_any_rows_are_written_as_the_reference_writes_them(
    tmp_path, rows, row_group_size, unit_bytes
):
    records = reference.codecontests_records(rows)
    jsonl, metadata, stats = convert(
        tmp_path, rows, row_group_size=row_group_size, unit_bytes=unit_bytes
    )
    assert jsonl == reference.jsonl_bytes(records)
    assert json.loads(metadata)["metadata"] == reference.line_metadata(records)
    assert stats["candidates"] == stats["rows"] + sum(stats["dropped"].values())


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=st.lists(st.tuples(TEXT, TEXT, st.lists(TEXT, max_size=2)), max_size=4))
def test_any_mbpp_and_humaneval_rows_are_written_as_the_reference_writes_them(tmp_path, texts):
    mbpp = [
        {
            "task_id": number,
            "text": text,
            "code": code,
            "test_list": tests,
            "test_setup_code": code,
            "challenge_test_list": [],
        }
        for number, (text, code, tests) in enumerate(texts)
    ]
    humaneval = [
        {
            "task_id": f"HumanEval/{number}",
            "prompt": text,
            "canonical_solution": code,
            "test": "".join(tests),
            "entry_point": "f",
        }
        for number, (text, code, tests) in enumerate(texts)
    ]
    for dataset, rows in (("mbpp", mbpp), ("humaneval", humaneval)):
        jsonl, metadata, _ = convert(tmp_path, rows, dataset)
        assert jsonl == reference.jsonl_bytes(reference.RECORDS[dataset](rows))
        assert json.loads(metadata)["metadata"] == [{}] * jsonl.count(b"\n")


def test_only_the_needed_columns_are_read(tmp_path, monkeypatch):
    asked = []
    real = pq.ParquetFile.iter_batches
    monkeypatch.setattr(
        pq.ParquetFile,
        "iter_batches",
        lambda self, *a, **kw: asked.append(kw["columns"]) or real(self, *a, **kw),
    )
    convert(tmp_path, CODECONTESTS["valid"])
    assert asked
    assert not any("generated_tests" in columns for columns in asked)


def test_progress_is_told_with_rate_and_remaining_time(tmp_path):
    told = []
    convert(tmp_path, CODECONTESTS["valid"], report=told.append)
    assert len(told) == 1
    assert told[0].startswith("codecontests/train: 100%, 18 rows, ")
    assert told[0].endswith("about 0 s left")


def test_an_empty_split_is_two_valid_files(tmp_path):
    jsonl, metadata, stats = convert(tmp_path, [])
    assert jsonl == b""
    assert json.loads(metadata)["metadata"] == []
    assert stats["rows"] == 0
