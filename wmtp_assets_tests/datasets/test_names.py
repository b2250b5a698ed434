"""Names made unique are unique, for every sequence of names; so are the task_ids made of them."""

import json
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import reference
from wmtp_assets.datasets.convert.names import unique_names
from wmtp_assets.datasets.convert.split import convert_split
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.stats.range_facts import COUNTS
from wmtp_assets.datasets.stats.split_pass import read_splits
from wmtp_assets.folders import DatasetFolder
from wmtp_assets_tests.datasets.rows import problem, write_parquet
from wmtp_assets_tests.datasets.world import FILTER

# Few parts, so that what one name is made into is often another published one.
PARTS = ["A", "__2", "__3", "__", "_", "2", "_correct_0", "_correct_", "_incorrect_0", "__02", "é"]
NAMES = st.lists(st.lists(st.sampled_from(PARTS), max_size=4).map("".join), max_size=12)


def test_names_that_look_like_numbered_ones_are_told_apart():
    assert unique_names(["A", "A", "A__2"]) == ["A", "A__3", "A__2"]
    assert unique_names(["A__2", "A", "A", "A"]) == ["A__2", "A", "A__3", "A__4"]
    assert unique_names(["A", "A", "A__2", "A__2"]) == ["A", "A__3", "A__2", "A__2__2"]
    assert unique_names(["A", "A", "A__3", "A"]) == ["A", "A__2", "A__3", "A__4"]


def test_a_name_that_repeats_is_numbered_as_ever_where_the_numbers_are_free():
    assert unique_names(["a", "b", "a", "a", "b"]) == ["a", "b", "a__2", "a__3", "b__2"]
    assert unique_names(["", "", ""]) == ["", "__2", "__3"]


def test_many_repeats_among_numbered_names_take_no_time():
    """20,000 searches from the beginning would look 200 million times."""
    published = [f"A__{n}" for n in range(20_000)] + ["A"] * 20_000
    assert len(set(unique_names(published))) == 40_000


@settings(max_examples=500, deadline=None)
@given(NAMES)
def test_any_names_become_different_ones_and_the_first_of_each_keeps_its_own(published):
    written = unique_names(published)
    assert len(set(written)) == len(published)
    for place, name in enumerate(published):
        count = published[: place + 1].count(name)
        if count == 1:
            assert written[place] == name
        elif f"{name}__{count}" not in {*published, *written[:place]}:
            assert written[place] == f"{name}__{count}"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(NAMES, st.integers(1, 4), st.sampled_from([1, 10**9]), st.integers(0, 12))
def test_no_task_id_occurs_twice_however_the_work_is_cut(
    tmp_path, published, row_group_size, unit_bytes, cut
):
    """Names repeat across row groups and across files, and have both labels and several places."""
    rows = [
        problem(name, f"d{n}", [(3, "a"), (2, "b"), (3, "c")], [(1, "x"), (3, "y")])
        for n, name in enumerate(published)
    ]
    sources = [
        write_parquet("codecontests", part, tmp_path / f"{n}.parquet", row_group_size)
        for n, part in enumerate((rows[:cut], rows[cut:]))
    ]
    folder = DatasetFolder(tmp_path / "out", tmp_path / "small")
    made = convert_split("codecontests", "train", sources, folder, FILTER, unit_bytes=unit_bytes)
    lines = [json.loads(line) for line in folder.jsonl("train").read_bytes().splitlines()]
    ids = [line["task_id"] for line in lines]
    assert len(set(ids)) == len(ids) == 4 * len(rows)
    assert ids == [record["task_id"] for record in reference.codecontests_records(rows)]
    # The name is read back out of a task_id, whatever it holds.
    row = DATASETS["codecontests"].published
    train = replace(row, splits=row.splits[:1])
    recount = read_splits(train, folder, {COUNTS}).require(COUNTS).recounts["train"]
    assert list(recount.problems) == unique_names(published)
    numbered = {(entry["file"], entry["row"]): entry for entry in made.stats["repeated_names"]}
    assert len(numbered) == len(published) - len(set(published))
    for entry in numbered.values():
        assert (
            published[entry["row"] + (cut if entry["file"] == "1.parquet" else 0)]
            == (entry["name"])
        )
