"""A line of a JSONL is accepted or refused as `dump_json` decides, which is the definition."""

import sys

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmtp_assets.datasets.convert.records import (
    PROMPT,
    Line,
    LineParser,
    dump_json,
    parse_line,
    quote_json,
)
from wmtp_assets.datasets.field_types import TypeCheck, check_for
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets_tests.datasets.token_texts import AWKWARD_PARTS

FIELDS = DATASETS["codecontests"].format.fields
CHECK = check_for(FIELDS)
TEXT = st.one_of(st.text(max_size=20), st.sampled_from(AWKWARD_PARTS))
NUMBER = st.integers(-(2**63), 2**64 - 1)


def records_of(kind) -> st.SearchStrategy:
    if isinstance(kind, dict):
        values = st.tuples(*map(records_of, kind.values()))
        return values.map(lambda values: dict(zip(kind, values, strict=True)))
    if isinstance(kind, list):
        return st.lists(records_of(kind[0]), max_size=3)
    return {str: TEXT, int: NUMBER, bool: st.booleans()}[kind]


def slow_parse_line(number: int, raw: bytes, check: TypeCheck) -> Line:
    """The definition: what `dump_json` does not write again is not canonical."""
    if not raw.endswith(b"\n"):
        return Line(number, raw, None, "does not end with a line feed")
    try:
        record = orjson.loads(raw)
        fault = check(record, "the record") or (
            "" if dump_json(record).encode() + b"\n" == raw else "is not written canonically"
        )
    except (ValueError, RecursionError) as error:
        fault = f"is not UTF-8 JSON ({error})"
    return Line(number, raw, None, fault) if fault else Line(number, raw, record)


def require_as_defined(raw: bytes) -> Line:
    found = parse_line(7, raw, CHECK)
    assert found == slow_parse_line(7, raw, CHECK)
    return found


RECORD = {
    "instruction": "d",
    "input": "i",
    "output": "o",
    "task_id": "a_correct_0",
    "is_correct": True,
    "metadata": {"source": "codecontests", "difficulty": 7, "has_tests": True},
}
LINE = dump_json(RECORD).encode() + b"\n"


def in_text(written: str) -> bytes:
    return LINE.replace(b'"o"', f'"{written}"'.encode("utf-8", "surrogatepass"))


def in_number(written: str) -> bytes:
    return LINE.replace(b":7", f":{written}".encode())


def test_the_line_that_the_others_are_made_of_is_accepted():
    assert require_as_defined(LINE).record == RECORD


@pytest.mark.parametrize(
    "raw",
    [
        *map(in_text, ("\u2028", "\u2029", "\x7f", "\x85", "\ufeff", "\ufffe", "\U0010ffff", "/")),
        *map(in_text, ("\\u0000", "\\u001f", "\\t\\n\\r\\f\\b", '\\"\\\\')),
        *map(in_number, ("0", "-1", "9223372036854775808", "18446744073709551615")),
    ],
)
def test_an_odd_line_that_is_written_canonically_is_accepted(raw):
    assert require_as_defined(raw).record


@pytest.mark.parametrize(
    "raw",
    [
        *map(in_text, ("\\ud800", "\\udfff", "\\ud83d\\ude00", "\ud800", "\x00", "\t", "\\/")),
        *map(in_text, ("\\u2028", "\\u007f", "\\u001F", "\\u000a", "\\u0022", "\\x")),
        *map(in_number, ("NaN", "Infinity", "-Infinity", "nan", "null", "true", "[]", '"7"')),
        *map(in_number, ("1e2", "7.0", "-0", "07", "+7", "1e400", "1" + "0" * 400)),
        *map(in_number, ("18446744073709551616", "-9223372036854775809", "9" * 5000)),
        *(LINE[:-1], b"\n", b"{}\n", b"\xef\xbb\xbf" + LINE, b" " + LINE, LINE[:-1] + b" \n"),
        *(LINE[:-1] + b"\r\n", LINE[:-1] + b"\x00\n", LINE[:-1] + LINE, LINE.replace(b":", b": ")),
        LINE.replace(b'"output"', b'"output":"x","output"'),
        LINE.replace(b'"difficulty"', b'"difficulty":7,"difficulty"'),
        LINE.replace(b'"output":"o","task_id":"a_correct_0"', b'"task_id":"a","output":"o"'),
        LINE.replace(b'"input":"i",', b""),
        LINE.replace(b'"d"', b'"\xff"'),
        LINE.replace(b'"d"', b"[" * 2000 + b"]" * 2000),
        b"[" * 100_000 + b"\n",
    ],
)
def test_an_odd_line_is_refused_with_the_same_words(raw):
    assert require_as_defined(raw).fault


@given(records_of(FIELDS))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_record_of_the_schema_is_accepted(record):
    raw = dump_json(record).encode() + b"\n"
    assert require_as_defined(raw).record == record


@given(records_of(FIELDS), st.data())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_damaged_line_is_judged_as_defined(record, data):
    raw = dump_json(record).encode()
    place = data.draw(st.integers(0, len(raw) - 1))
    cut = data.draw(st.integers(0, 3))
    put = data.draw(st.sampled_from([b"", b" ", b"\\", b'"', b"\\u0041", b"-", b".0", b"\xe2"]))
    require_as_defined(raw[:place] + put + raw[place + cut :] + b"\n")


@given(
    st.lists(st.tuples(records_of(FIELDS), st.booleans(), st.integers(0, 9)), max_size=6), st.data()
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_lines_with_the_prompt_of_the_line_before_are_judged_as_alone(drawn, data):
    parser, prompt = LineParser(FIELDS), {}
    for number, (record, again, damaged) in enumerate(drawn):
        line = {**record, **(prompt if again else {})}
        prompt = {name: line[name] for name in PROMPT}
        raw = dump_json(line).encode()
        if damaged < 3:
            place = data.draw(st.integers(0, len(raw) - 1))
            put = data.draw(st.sampled_from([b"", b" ", b"\\", b'"', b"\\u0041", b",", b"}{"]))
            raw = raw[:place] + put + raw[place + data.draw(st.integers(0, 3)) :]
        raw += b"\n" * (damaged != 9)
        assert parser.parse(number, raw) == parse_line(number, raw, CHECK)


@pytest.mark.parametrize(
    "rest",
    [
        b'"instruction":"d","output":"o","task_id":"a","is_correct":true,"metadata":{}}\n',
        b'"input":"i"}\n',
        b"}\n",
        b"\n",
        b'"output":"o"\n',
        b"]\n",
        LINE[LINE.index(b'"output"') : -1],
        LINE[LINE.index(b'"output"') :] + b"\n",
        LINE[LINE.index(b'"output"') :].replace(b":7", b":07"),
        LINE[LINE.index(b'"output"') :].replace(b":7", b":NaN"),
        LINE[LINE.index(b'"output"') :].replace(b':"o"', b':"o","output":"o"'),
        LINE[LINE.index(b'"output"') :].replace(b'"o"', b'"\\ud800"'),
        LINE[LINE.index(b'"output"') :].replace(b'"o"', b"[" * 100_000),
        LINE[LINE.index(b'"output"') :].replace(b'"task_id"', b'"input":"i","task_id"'),
    ],
)
def test_what_follows_the_prompt_of_the_line_before_is_judged_as_alone(rest):
    parser = LineParser(FIELDS)
    head = LINE[: LINE.index(b'"output"')]
    assert parser.parse(1, LINE).record == RECORD
    assert parser.parse(2, LINE) == Line(2, LINE, RECORD)
    found = parser.parse(3, head + rest)
    assert found == parse_line(3, head + rest, CHECK) and found.fault
    assert parser.parse(4, LINE).record == RECORD


def test_every_character_is_written_as_defined():
    for first in range(0, sys.maxunicode + 1, 0x800):
        if first != 0xD800:  # surrogates, which UTF-8 cannot hold
            text = "".join(map(chr, range(first, first + 0x800)))
            assert quote_json(text) == dump_json(text).encode()
