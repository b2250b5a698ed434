"""Line metadata with the lines of each problem: against a plain recount, in any order of rows."""

import json
from pathlib import Path

import pytest

from wmtp_assets.errors import BadInput
from wmtp_assets.training_view.index_map import (
    StoredSplit,
    facts_at_the_end,
    facts_of_all,
    index_map_difference,
    index_map_text,
    write_index_map,
)
from wmtp_assets_tests.training_view.splits import labelled, recount, unlabelled, write_split

ROWS = [
    labelled("1575_A. Sorting", True, 0),
    labelled("1575_A. Sorting", True, 3),
    labelled("1575_A. Sorting", False, 1),
    # Names that end, or go on, as the suffix of a task_id does.
    labelled("odd_correct_1", False, 2, 3),
    labelled("odd_correct_1", True, 2, 3),
    labelled("odd", True, 1, 0),
    labelled("odd__2", True, 1, 28),
    labelled("ümlaut \u2028 <image>", False, 0, 1),
    # Rows of a problem that do not stand together.
    labelled("1575_A. Sorting", True, 9),
    labelled("odd", False, 12, 0),
]


def made(stored: StoredSplit, **options) -> bytes:
    return b"".join(index_map_text(stored, **options))


@pytest.fixture
def split(tmp_path: Path) -> StoredSplit:
    return write_split(tmp_path / "train.jsonl", ROWS, "codecontests")


def test_items_and_map_are_those_of_a_plain_recount(split):
    stated = json.loads(made(split))
    plain = recount(split.jsonl, has_labels=True)
    assert {name: stated[name] for name in plain} == plain
    assert list(stated["problem_index_map"]) == list(plain["problem_index_map"])
    assert stated["problem_index_map"]["1575_A. Sorting"] == {
        "difficulty": 7,
        "correct_indices": [0, 1, 8],
        "incorrect_indices": [2],
    }
    assert stated["source_file"] == "train.jsonl" and stated["sha256"] == split.sha256


def test_the_counts_are_those_that_training_reads(split):
    assert json.loads(made(split))["stats"] == {
        "total": 10,
        "correct": 6,
        "incorrect": 4,
        "difficulty_dist": {"0": 2, "1": 1, "3": 2, "7": 4, "28": 1},
        "has_is_correct": True,
        "has_difficulty": True,
        "has_problem_id": True,
        "n_problems": 5,
        "n_valid_problems": 3,
        "total_possible_pairs": 3 + 1 + 1,
    }


def test_without_labels_each_row_is_a_problem_and_of_neither_class(tmp_path):
    rows = [unlabelled(n) for n in (11, 12, 13)]
    split = write_split(tmp_path / "test.jsonl", rows, "mbpp")
    stated = json.loads(made(split))
    assert stated["metadata"] == [{"problem_id": str(n)} for n in (11, 12, 13)]
    neither = {"difficulty": None, "correct_indices": [], "incorrect_indices": []}
    assert stated["problem_index_map"] == dict.fromkeys(("11", "12", "13"), neither)
    stats = stated["stats"]
    assert (stats["total"], stats["correct"], stats["n_problems"]) == (3, 0, 3)
    assert not stats["has_is_correct"] and stats["n_valid_problems"] == 0


def test_a_task_id_of_a_dataset_without_labels_keeps_what_looks_like_an_ending(tmp_path):
    row = unlabelled(1) | {"task_id": "x_correct_1"}
    split = write_split(tmp_path / "test.jsonl", [row], "mbpp")
    assert list(json.loads(made(split))["problem_index_map"]) == ["x_correct_1"]


@pytest.mark.parametrize("range_bytes", [1, 150, 700, 10_000])
@pytest.mark.parametrize("read", [facts_at_the_end, facts_of_all])
def test_the_text_is_the_same_however_the_file_is_read(split, range_bytes, read):
    assert made(split, read=read, range_bytes=range_bytes) == made(split)


def test_the_text_is_the_same_with_several_processes(split, monkeypatch):
    monkeypatch.setattr("wmtp_assets.datasets.convert.pool.POOL_WORTH_BYTES", 0)
    assert made(split, workers=2, range_bytes=700) == made(split)


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("damage", [b"\n", b"{}\n", b"\xff\n", b'{"task_id":"a"}\n'])
def test_a_line_that_cannot_be_read_is_named_by_its_number(split, number, damage):
    lines = split.jsonl.read_bytes().splitlines(keepends=True)
    split.jsonl.write_bytes(b"".join([*lines[:number], damage, *lines[number + 1 :]]))
    for range_bytes in (300, 10_000):
        with pytest.raises(BadInput, match=f"train.jsonl line {number + 1}:"):
            made(split, range_bytes=range_bytes)


def test_a_line_longer_than_any_record_is_named(split):
    with split.jsonl.open("ab") as handle:
        handle.write(b"x" * 3_000_000 + b"\n")
    with pytest.raises(BadInput, match=r"train\.jsonl line 11 is longer"):
        made(split)


def test_a_split_without_rows_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no row to make a map of"):
        made(write_split(tmp_path / "train.jsonl", [], "codecontests"))


def test_what_was_written_is_as_recounted(split, tmp_path):
    written = write_index_map(tmp_path / "train_metadata.json", split)
    assert written.size_bytes == written.path.stat().st_size
    assert index_map_difference(written.path, split) is None


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (b"[0,1,8]", b"[0,1,7]", 15),
        (b"[0,1,8]", b"[0,1]", 15),
        (b'"is_correct":false', b'"is_correct":true', 5),
        (b'"total":10', b'"total":11', 21),
        (b'"split":"train"', b'"split":"valid"', 1),
        (b'"problem_id":"odd"}\n]', b'"problem_id":"odd"},\n{}]', 12),
    ],
)
def test_one_number_moved_is_named_by_its_line(split, tmp_path, before, after, line):
    path = write_index_map(tmp_path / "train_metadata.json", split).path
    data = path.read_bytes()
    assert before in data
    path.write_bytes(data.replace(before, after, 1))
    assert index_map_difference(path, split).startswith(f"line {line}: found")


def test_text_after_the_end_and_an_end_cut_off_are_named(split, tmp_path):
    path = write_index_map(tmp_path / "train_metadata.json", split).path
    data = path.read_bytes()
    path.write_bytes(data + b"\n")
    assert index_map_difference(path, split) == "line 22: text after the end"
    path.write_bytes(data[:-2])
    assert index_map_difference(path, split).startswith("line 21: found")
