"""Published text that is not UTF-8 costs the candidates that it is of, by name, and no others."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wmtp_assets.catalog import Split
from wmtp_assets.datasets.convert import pool
from wmtp_assets.datasets.convert.accounting import judge_languages, judge_sum
from wmtp_assets.datasets.convert.inspection import ROWS_EQUAL_CATALOG, inspect_split
from wmtp_assets.datasets.convert.line_metadata import read_facts
from wmtp_assets.datasets.convert.split import convert_split
from wmtp_assets.datasets.languages import program_columns
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.errors import BadInput
from wmtp_assets.folders import DatasetFolder
from wmtp_assets_tests.datasets import reference
from wmtp_assets_tests.datasets.rows import HUMANEVAL, LONG, MBPP, SCHEMAS, pairs, problem
from wmtp_assets_tests.datasets.world import FILTER

# A byte 0xE9, "é" in Latin-1, as Python writes what is no UTF-8 in a str.
BAD = "caf\udce9"
GOOD = problem("good", "d", [(3, "a")])


def as_bytes(kind: pa.DataType) -> pa.DataType:
    """The type with bytes in the place of text."""
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(as_bytes(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(as_bytes(kind.value_type))
    return pa.binary() if kind == pa.string() else kind


def encoded(value):
    """The value with its texts as the bytes that they stand for."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, list):
        return [encoded(item) for item in value]
    if isinstance(value, dict):
        return {name: encoded(item) for name, item in value.items()}
    return value


def write_bytes_as_text(dataset, rows, path, row_group_size=2):
    """Parquet that calls its bytes text, whatever they are."""
    columns = [
        pa.array([encoded(row[field.name]) for row in rows], as_bytes(field.type)).view(field.type)
        for field in SCHEMAS[dataset]
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_arrays(columns, schema=SCHEMAS[dataset])
    pq.write_table(table, path, row_group_size=row_group_size)
    return path


def convert(folder, rows, dataset="codecontests", **options):
    source = write_bytes_as_text(dataset, rows, folder / "raw.parquet")
    target = DatasetFolder(folder / "out", folder / "small")
    made = convert_split(dataset, "train", [source], target, FILTER, **options)
    return made, target


def judged(folder, dataset="codecontests", rows=None):
    """The sums of a converted split: quick, and deep where there is one."""
    metadata = folder / "out/processed/train_metadata.json"
    sources = [folder / "raw.parquet"]
    split = Split("train", None, rows, None, None, None, None)
    found = [judge_sum(dataset, split, metadata, sources)]
    if program_columns(DATASETS[dataset].format):
        found.append(judge_languages(dataset, metadata, sources))
    return found


def test_a_program_that_is_never_written_may_hold_any_bytes(tmp_path):
    rows = [problem("x", "d", [(2, BAD), (3, "a"), (4, BAD), (9, BAD)], [(2, BAD)], tests=[])]
    clean = [problem("x", "d", [(2, ""), (3, "a"), (4, ""), (9, "")], [(2, "")], tests=[])]
    assert convert(tmp_path / "a", rows)[0].files[0].sha256 == (
        convert(tmp_path / "b", clean)[0].files[0].sha256
    )
    stats = convert(tmp_path / "a", rows)[0].stats
    assert stats["dropped"] == {"other_language": 3, "unknown_language": 1, "over_length": 0}
    assert "invalid_utf8" not in stats


def test_a_program_of_a_kept_language_is_dropped_counted_and_named(tmp_path):
    good = [(3, "a"), (2, "b"), (1, BAD), (3, "c"), (3, BAD + "\n")]
    rows = [GOOD, GOOD, GOOD, problem("x", "d", good, [(1, BAD), (3, "e")])]
    made, folder = convert(tmp_path, rows)
    stats = made.stats
    assert stats["dropped"] == {
        "other_language": 1,
        "unknown_language": 0,
        "over_length": 0,
        "invalid_utf8": 3,
    }
    assert stats["candidates"] == 10 == stats["rows"] + 4
    places = ["solutions.solution[2]", "solutions.solution[4]", "incorrect_solutions.solution[0]"]
    assert stats["invalid_utf8"] == [
        {"file": "raw.parquet", "row_group": 1, "row": 3, "place": place, "dropped": 1}
        for place in places
    ]
    ids = [json.loads(line)["task_id"] for line in folder.jsonl("train").open("rb")]
    assert ids[-3:] == ["x_correct_0", "x_correct_3", "x_incorrect_1"]
    facts = read_facts(folder.line_metadata("train"), DATASETS["codecontests"].format)
    assert [str(invalid) for invalid in facts.invalid] == [
        f"raw.parquet row group 1 row 3 {place} (1 dropped)" for place in places
    ]
    assert all(finding.passed for finding in judged(tmp_path, rows=4)), judged(tmp_path, rows=4)


def test_what_was_dropped_for_it_may_explain_another_count_than_the_catalog_s(tmp_path):
    _, folder = convert(tmp_path, [GOOD, problem("x", "d", [(3, "a"), (3, BAD)], [])])
    split = Split("train", None, 2, 9, None, None, None)
    found = inspect_split("codecontests", split, folder, FILTER).findings
    assert "1 dropped as invalid_utf8" in found[ROWS_EQUAL_CATALOG].summary


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"name": BAD}, "name"),
        ({"description": BAD}, "description"),
        ({"public_tests": pairs([("1", "2"), (BAD, "2")], "input", "output")}, "input[1]"),
        ({"public_tests": pairs([("1", BAD)], "input", "output")}, "output[0]"),
    ],
)
def test_a_problem_whose_prompt_is_not_text_loses_its_programs_and_the_run_goes_on(
    tmp_path, changes, place
):
    row = problem("x", "d", [(3, "a"), (2, "b"), (1, BAD)], [(3, "c"), (0, "d")])
    made, folder = convert(tmp_path, [GOOD, {**row, **changes}, GOOD])
    assert made.stats["dropped"] == {
        "other_language": 1,
        "unknown_language": 1,
        "over_length": 0,
        "invalid_utf8": 3,
    }
    [listed] = made.stats["invalid_utf8"]
    assert listed["row"] == 1 and listed["row_group"] == 0 and listed["dropped"] == 3
    assert listed["place"].endswith(place)
    ids = [json.loads(line)["task_id"] for line in folder.jsonl("train").open("rb")]
    assert ids == ["good_correct_0", "good__2_correct_0"]
    assert all(finding.passed for finding in judged(tmp_path, rows=3))


def test_a_test_that_is_not_shown_and_a_prompt_without_python_cost_nothing(tmp_path):
    third = problem("x", "d", [(3, "a")], tests=[("1", "2"), ("3", "4"), (BAD, BAD)])
    java = problem("y", BAD, [(4, "class Main {}")])
    stats = convert(tmp_path, [third, java])[0].stats
    assert stats["rows"] == 1
    assert stats["dropped"] == {"other_language": 1, "unknown_language": 0, "over_length": 0}


@pytest.mark.parametrize(
    ("dataset", "column", "value"),
    [("mbpp", name, BAD) for name in ("text", "code", "test_setup_code")]
    + [("mbpp", "test_list", ["fine", BAD])]
    + [("humaneval", name, BAD) for name in SCHEMAS["humaneval"].names],
)
def test_a_row_of_the_other_datasets_is_dropped_and_named(tmp_path, dataset, column, value):
    rows = {"mbpp": MBPP["train"][:2], "humaneval": HUMANEVAL["test"][:2]}[dataset]
    made, folder = convert(tmp_path, [rows[0], {**rows[1], column: value}], dataset)
    assert made.stats["dropped"] == {"over_length": 0, "invalid_utf8": 1}
    [listed] = made.stats["invalid_utf8"]
    place = f"{column}[1]" if column == "test_list" else column
    assert (listed["row"], listed["place"]) == (1, place)
    assert folder.jsonl("train").read_bytes() == reference.jsonl_bytes(
        reference.RECORDS[dataset](rows[:1])
    )
    assert all(finding.passed for finding in judged(tmp_path, dataset, rows=2))


TEXT = st.sampled_from(["", "a", "b\n", "é", BAD, BAD + "x"])
PROGRAMS = st.lists(st.tuples(st.sampled_from([0, 1, 2, 3, 4, 9]), TEXT), max_size=5)
PROBLEMS = st.lists(
    st.builds(
        problem, TEXT, TEXT, PROGRAMS, PROGRAMS, tests=st.lists(st.tuples(TEXT, TEXT), max_size=3)
    ),
    max_size=6,
)


def is_bad(text: str) -> bool:
    return BAD in text


def told_beforehand(rows: list[dict]) -> list[dict]:
    """The rows as they would be had upstream called what is no text a program in C++."""
    mended = []
    for number, row in enumerate(rows):
        tests = row["public_tests"]
        prompt = [row["name"], row["description"], *tests["input"][:2], *tests["output"][:2]]
        lost = any(map(is_bad, prompt))
        mended.append({**row, "description": "d" if lost else row["description"]})
        if is_bad(row["name"]):
            mended[-1]["name"] = f"no name {number}"
        shown = {side: [t for t in of if not is_bad(t)] for side, of in tests.items()}
        mended[-1]["public_tests"] = shown if lost else tests
        for column in ("solutions", "incorrect_solutions"):
            programs = list(zip(row[column]["language"], row[column]["solution"], strict=True))
            kept = [
                (2 if lost or is_bad(text) else code, "" if is_bad(text) else text)
                for code, text in programs
            ]
            mended[-1][column] = pairs(kept, "language", "solution")
    return mended


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=PROBLEMS, row_group_size=st.integers(1, 3), unit_bytes=st.sampled_from([1, 10**9]))
def test_whatever_is_no_text_all_else_is_written_as_the_reference_writes_it(
    tmp_path, rows, row_group_size, unit_bytes
):
    source = write_bytes_as_text("codecontests", rows, tmp_path / "raw.parquet", row_group_size)
    folder = DatasetFolder(tmp_path / "out", tmp_path / "small")
    made = convert_split("codecontests", "train", [source], folder, FILTER, unit_bytes=unit_bytes)
    records = reference.codecontests_records(told_beforehand(rows))
    assert folder.jsonl("train").read_bytes() == reference.jsonl_bytes(records)
    assert made.stats["candidates"] == made.stats["rows"] + sum(made.stats["dropped"].values())
    assert all(finding.passed for finding in judged(tmp_path, rows=len(rows)))


def many(count: int) -> list[dict]:
    """Problems that hold one program that is no text, one that is and a third one that is none."""
    return [
        problem(f"p{n}", f"d{n}", [(3, f"{BAD}{n}"), (3, f"a{n}"), (1, BAD)]) for n in range(count)
    ]


def test_units_and_processes_do_not_change_what_is_named(tmp_path, monkeypatch):
    whole, _ = convert(tmp_path / "whole", many(30))
    cut, _ = convert(tmp_path / "cut", many(30), unit_bytes=1)
    monkeypatch.setattr(pool, "POOL_WORTH_BYTES", 0)
    two, _ = convert(tmp_path / "two", many(30), unit_bytes=1, workers=2)
    assert whole.stats == cut.stats == two.stats
    digests = {tuple(file.sha256 for file in made.files) for made in (whole, cut, two)}
    assert len(digests) == 1


def test_of_many_the_first_twenty_are_named_and_all_are_counted(tmp_path):
    made, folder = convert(tmp_path, many(30))
    assert made.stats["dropped"]["invalid_utf8"] == 60
    assert [entry["row"] for entry in made.stats["invalid_utf8"]] == [n // 2 for n in range(20)]
    assert (
        read_facts(folder.line_metadata("train"), DATASETS["codecontests"].format).tally.rows == 30
    )
    assert all(finding.passed for finding in judged(tmp_path, rows=30))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'"invalid_utf8":2', b'"invalid_utf8":1', "1 dropped as invalid_utf8, .* cost 2"),
        (b'"invalid_utf8":2', b'"invalid_utf8":0', "contradict themselves in dropped"),
        (b',"invalid_utf8":2', b"", "0 dropped as invalid_utf8, .* cost 2"),
        (b'"place":"', b'"place":3,"was":"', "exactly the keys"),
        (b'"dropped":1', b'"dropped":true', "no int"),
    ],
)
def test_a_list_that_contradicts_the_counts_is_named(tmp_path, old, new, says):
    _, folder = convert(tmp_path, many(1))
    path = folder.line_metadata("train")
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))
    with pytest.raises(BadInput, match=says):
        read_facts(path, DATASETS["codecontests"].format)


def test_a_drop_that_the_source_does_not_explain_is_found_by_the_recount(tmp_path):
    """One more dropped for its bytes, one fewer written: the sums of before would still add up."""
    convert(tmp_path, [problem("x", "d", [(3, LONG), (3, BAD)])])
    path = tmp_path / "out/processed/train_metadata.json"
    data = path.read_bytes()
    for old, new in (
        (b'"over_length":1', b'"over_length":0'),
        (b'"invalid_utf8":1', b'"invalid_utf8":2'),
        (b'"dropped":1}', b'"dropped":2}'),
    ):
        assert old in data
        data = data.replace(old, new, 1)
    path.write_bytes(data)
    quick, deep = judged(tmp_path, rows=1)
    assert quick.passed
    assert not deep.passed and "invalid_utf8: 1 in the source, recorded 2" in deep.summary


def test_lists_that_reach_beyond_their_values_are_still_damage(tmp_path):
    """Only the bytes of text are let through: offsets are proven all the same."""
    from wmtp_assets.datasets.convert.parquet import _require_sound

    offsets = pa.py_buffer(b"".join(n.to_bytes(4, "little") for n in (0, 900, 4)))
    texts = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"caf\xe9")])
    with pytest.raises(pa.ArrowInvalid, match="offset"):
        _require_sound(pa.RecordBatch.from_arrays([texts], ["text"]))
