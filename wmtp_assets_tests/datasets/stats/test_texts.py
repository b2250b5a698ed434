"""Records read without a full parse are those of a full parse; words are those of the rule."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmtp_assets.datasets.convert.records import dump_json
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.stats.texts import (
    PROMPT,
    digest_text,
    facts_check,
    normalise,
    read_records,
    split_words,
)
from wmtp_assets.errors import BadInput

FORM = DATASETS["codecontests"].format


def test_typography_does_not_hide_a_description():
    assert normalise("Ｈello\u00a0\tWORLD \n ﬁne ") == "hello world fine"
    assert digest_text("A  b") == digest_text("a\nB ")
    assert digest_text("a b") != digest_text("ab")


def test_words_are_without_case_punctuation_and_white_space():
    assert split_words("Ｆor i_1 in Range(N):\n\tprint('ﬁne', é)  # ≤ 2") == [
        word.encode() for word in ("for", "i_1", "in", "range", "n", "print", "fine", "é", "≤", "2")
    ]
    assert split_words(" ():\n") == []


def write(path, records):
    path.write_bytes(b"".join(dump_json(record).encode() + b"\n" for record in records))
    return path


TEXTS = st.sampled_from(
    ["", 'a","task_id":"b', "\\", '\\"', ',"is_correct":true,', "\n", "é\u2028😀", '"'] * 2
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
RECORDS = st.builds(
    lambda instruction, given, output, task_id, is_correct, difficulty: {
        "instruction": instruction,
        "input": given,
        "output": output,
        "task_id": task_id,
        "is_correct": is_correct,
        "metadata": {"source": output, "difficulty": difficulty, "has_tests": True},
    },
    *(TEXTS, TEXTS, TEXTS, TEXTS, st.booleans(), st.integers(-(2**63), 2**63 - 1)),
)


@given(st.lists(RECORDS, max_size=6))
def test_records_are_those_of_a_full_parse(tmp_path_factory, records):
    path = write(tmp_path_factory.mktemp("records") / "x.jsonl", records)
    before = None
    found = list(read_records(path, FORM))
    for record, read in zip(records, found, strict=True):
        prompt = {name: record[name] for name in PROMPT}
        assert read.opens == (prompt != before)
        before = prompt
        assert read.instruction == record["instruction"]
        assert read.output == record["output"]
        assert read.task_id == record["task_id"]
        assert read.facts(facts_check(FORM)) == {
            name: record[name] for name in ("task_id", "is_correct", "metadata")
        }


RECORD = {
    "instruction": "a",
    "input": "b",
    "output": "c",
    "task_id": "d",
    "is_correct": True,
    "metadata": {"source": "s", "difficulty": 1, "has_tests": True},
}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'{"instruction"', b'{"x"', "line 2 the record has not exactly the keys"),
        (b'"task_id"', b'"task"', "line 2 is not of the schema"),
        (b'"c"', b'"\\c"', "line 2 is not UTF-8 JSON"),
        (b'"c"', b'"\xff"', "line 2 is not UTF-8 JSON"),
        (b"true,", b"1,", "line 2: is_correct is no bool"),
        (b'"difficulty":1', b'"difficulty":"1"', "line 2: difficulty is no int"),
        (b"}}\n", b"}\n", "line 2 is not UTF-8 JSON"),
    ],
)
def test_a_damaged_line_is_named(tmp_path, old, new, says):
    path = write(tmp_path / "x.jsonl", [RECORD] * 2)
    first, second = path.read_bytes().splitlines(keepends=True)
    assert old in second
    path.write_bytes(first + second.replace(old, new, 1))
    with pytest.raises(BadInput, match=f"x.jsonl {says}"):
        for record in read_records(path, FORM):
            _ = record.output, record.facts(facts_check(FORM))


def test_the_last_line_needs_no_label_where_a_dataset_has_none(tmp_path):
    record = {
        **RECORD,
        "metadata": {"source": "", "test": "", "entry_point": "", "has_tests": True},
    }
    del record["is_correct"]
    form = DATASETS["humaneval"].format
    [read] = read_records(write(tmp_path / "x.jsonl", [record]), form)
    assert list(read.facts(facts_check(form))) == ["task_id", "metadata"]
    assert json.loads(read.encoded_output) == "c"
