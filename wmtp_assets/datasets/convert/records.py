"""JSONL as stored: how a record becomes a line, and how lines are read back and proven.

Lines end at "\\n" and nowhere else: texts hold U+2028 and carriage returns. Reading never
raises on a damaged line; the line says what is wrong with it, and the reader decides.
"""

import functools
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from wmtp_assets.datasets.field_types import TypeCheck, check_for
from wmtp_assets.datasets.formats import FieldType
from wmtp_assets.errors import BadInput
from wmtp_assets.files.regular import bounded_lines, open_regular

dump_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
# What `dump_json` writes of a string, as UTF-8: the same bytes in a fifth of the time. Of a record
# of the schema too, whose values are strings, booleans and numbers of 64 bits.
quote_json = orjson.dumps
LINE_FEED = orjson.OPT_APPEND_NEWLINE
# The fields that a record begins with, and shares with its neighbours.
PROMPT = ("instruction", "input")


class Line(NamedTuple):
    """A line of a JSONL file; `record` is None when `fault` says what is wrong with it."""

    number: int
    raw: bytes
    record: dict[str, Any] | None
    fault: str = ""


@functools.lru_cache(typed=True)
def line_item(is_correct: bool | None, difficulty: int | None) -> bytes:
    """What the line metadata says of one line; fields that a dataset lacks are left out."""
    item = {"is_correct": is_correct, "difficulty": difficulty}
    return dump_json({key: value for key, value in item.items() if value is not None}).encode()


def item_of(record: Mapping[str, Any]) -> bytes:
    """The line metadata item of a record that was read back."""
    return line_item(record.get("is_correct"), record["metadata"].get("difficulty"))


def raw_lines(path: Path) -> Iterator[bytes]:
    """Read a JSONL file line by line, as bytes with their line feed.

    Raises:
        BadInput: The file is missing, no regular file, or has a line too long for any record.
    """
    with open_lines(path) as handle:
        yield from bounded_lines(handle, path)


def open_lines(path: Path) -> io.BufferedReader:
    """Open a JSONL file.

    Raises:
        BadInput: The file is missing, or no regular file.
    """
    try:
        return open_regular(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadInput("the JSONL is missing", [path], "materialize its asset") from error


def read_lines(path: Path, fields: Mapping[str, FieldType]) -> Iterator[Line]:
    """Read a JSONL file line by line, each line proven to be of the schema or named as not.

    Raises:
        BadInput: As `raw_lines`.
    """
    parser = LineParser(fields)
    for number, raw in enumerate(raw_lines(path), 1):
        yield parser.parse(number, raw)


def parse_line(number: int, raw: bytes, check: TypeCheck) -> Line:
    """Parse one line; prove that it has its type, and is written as `dump_json` writes it."""
    if not raw.endswith(b"\n"):
        return Line(number, raw, None, "does not end with a line feed")
    try:
        record = orjson.loads(raw)
        fault = check(record, "the record") or (
            "" if quote_json(record, None, LINE_FEED) == raw else "is not written canonically"
        )
    except (ValueError, RecursionError) as error:
        fault = f"is not UTF-8 JSON ({error})"
    return Line(number, raw, None, fault) if fault else Line(number, raw, record)


class LineParser:
    """Parses lines as `parse_line` does; of a prompt that is that of the line before, nothing anew.

    Hundreds of lines in a row have the same prompt, which is most of their bytes. What follows it
    is proven by itself: canonical behind the same bytes, it is the canonical line.
    """

    def __init__(self, fields: Mapping[str, FieldType]):
        self._check = check_for(fields)
        self._rest_check = check_for({k: of for k, of in fields.items() if k not in PROMPT})
        self._head = b""
        self._prompt: dict[str, str] = {}

    def parse(self, number: int, raw: bytes) -> Line:
        """Parse one line, as `parse_line`."""
        if self._head and raw.startswith(self._head):
            rest = b"{" + raw[len(self._head) :]
            try:
                facts = orjson.loads(rest)
            except (ValueError, RecursionError):
                return parse_line(number, raw, self._check)  # which says where
            if not self._rest_check(facts, "") and quote_json(facts, None, LINE_FEED) == rest:
                return Line(number, raw, self._prompt | facts)
        line = parse_line(number, raw, self._check)
        if line.record is not None:
            self._prompt = {name: line.record[name] for name in PROMPT}
            self._head = quote_json(self._prompt)[:-1] + b","
        return line
