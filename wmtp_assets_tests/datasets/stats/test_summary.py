"""Summaries: right numbers, and a date that is that of the content."""

import json
import statistics
from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmtp_assets.datasets.convert.tally import SplitCounts
from wmtp_assets.datasets.stats.summary import (
    choose_summary,
    describe_counts,
    newest_summary,
    summary_bytes,
)
from wmtp_assets.datasets.stats.tables import describe_lengths
from wmtp_assets.files import file_io
from wmtp_assets_tests.datasets import reference
from wmtp_assets_tests.datasets.rows import CODECONTESTS
from wmtp_assets_tests.datasets.world import DAY


def test_token_lengths_are_those_of_the_records(made):
    summary = file_io.read_json(made.store.dataset("codecontests").stats / f"{DAY}_summary.json")
    records = reference.codecontests_records(CODECONTESTS["train"])
    lengths = sorted(sum(reference.encoded_lengths(record)) for record in records)
    stated = summary["splits"]["train"]["token_lengths"]["total"]
    assert stated["mean"] == pytest.approx(statistics.mean(lengths), abs=5e-4)
    assert stated["max"] == lengths[-1]
    assert stated["p50"] == lengths[-(-50 * len(lengths) // 100) - 1]
    train = summary["splits"]["train"]
    assert train["candidates"] == train["rows"] + sum(train["dropped"].values())
    assert train["correct"] + train["incorrect"] == train["rows"] == len(records)
    assert train["repeated_names"] == 2


def test_the_names_of_the_training_code_have_the_counts_of_the_records(made):
    summary = file_io.read_json(made.store.dataset("codecontests").stats / f"{DAY}_summary.json")
    for split, rows in CODECONTESTS.items():
        records = reference.codecontests_records(rows)
        stated = summary["splits"][split]
        labels = [record["is_correct"] for record in records]
        assert stated["count"] == len(records)
        assert stated["correct_ratio"] == round(sum(labels) / len(labels), 3)
        levels = Counter(str(record["metadata"]["difficulty"]) for record in records)
        assert stated["difficulty_dist"] == levels
        assert list(stated["difficulty_dist"]) == sorted(levels, key=int)


def test_a_dataset_without_labels_has_no_ratio_of_correct_ones(made):
    summary = file_io.read_json(made.store.dataset("mbpp").stats / f"{DAY}_summary.json")
    for stated in summary["splits"].values():
        assert stated["count"] == stated["rows"]
        assert not stated.keys() & {"correct_ratio", "difficulty_dist"}


def test_a_split_without_records_has_a_ratio_of_zero():
    described = describe_counts(SplitCounts(), "codecontests")
    assert (described["correct_ratio"], described["difficulty_dist"]) == (0.0, {})


@given(st.lists(st.integers(0, 2048), min_size=1, max_size=200))
def test_percentiles_are_the_nearest_rank_of_the_sorted_lengths(lengths):
    stated = describe_lengths(Counter(lengths))
    for percent in (50, 90, 95, 99):
        not_above = [
            n
            for n in sorted(set(lengths))
            if sum(m <= n for m in lengths) * 100 >= percent * len(lengths)
        ]
        assert stated[f"p{percent}"] == not_above[0]
    assert stated["max"] == max(lengths)


def test_no_records_have_zeros():
    assert set(describe_lengths(Counter()).values()) == {0}


def write(folder, content, today):
    path, day = choose_summary(folder, content, today)
    file_io.write_bytes(path, summary_bytes(content, day))
    return path.name


def test_unchanged_content_keeps_its_file_and_its_date(tmp_path):
    content = {"dataset": "x", "rows": 1}
    assert write(tmp_path, content, date(2025, 11, 14)) == "2025-11-14_summary.json"
    before = file_io.stored(tmp_path / "2025-11-14_summary.json")
    assert write(tmp_path, content, date(2025, 12, 1)) == "2025-11-14_summary.json"
    assert file_io.stored(before.path) == before
    assert len(list(tmp_path.iterdir())) == 1


def test_changed_content_has_the_date_of_today_and_the_older_summary_stays(tmp_path):
    write(tmp_path, {"dataset": "x", "rows": 1}, date(2025, 11, 14))
    before = (tmp_path / "2025-11-14_summary.json").read_bytes()
    assert write(tmp_path, {"dataset": "x", "rows": 2}, date(2025, 12, 1)) == (
        "2025-12-01_summary.json"
    )
    assert (tmp_path / "2025-11-14_summary.json").read_bytes() == before
    assert newest_summary(tmp_path).name == "2025-12-01_summary.json"
    assert json.loads(newest_summary(tmp_path).read_bytes())["date"] == "2025-12-01"


def test_content_of_an_older_summary_is_written_anew_as_the_newest(tmp_path):
    write(tmp_path, {"dataset": "x", "rows": 1}, date(2025, 11, 14))
    write(tmp_path, {"dataset": "x", "rows": 2}, date(2025, 11, 20))
    assert write(tmp_path, {"dataset": "x", "rows": 1}, date(2025, 12, 1)) == (
        "2025-12-01_summary.json"
    )


def test_a_clock_that_went_back_does_not_make_an_older_summary(tmp_path):
    write(tmp_path, {"dataset": "x", "rows": 1}, date(2025, 11, 14))
    assert write(tmp_path, {"dataset": "x", "rows": 2}, date(2025, 1, 1)) == (
        "2025-11-14_summary.json"
    )


def test_a_damaged_newest_summary_is_replaced(tmp_path):
    write(tmp_path, {"dataset": "x", "rows": 1}, date(2025, 11, 14))
    (tmp_path / "2025-11-14_summary.json").write_bytes(b"{")
    assert write(tmp_path, {"dataset": "x", "rows": 1}, date(2025, 11, 15)) == (
        "2025-11-15_summary.json"
    )
