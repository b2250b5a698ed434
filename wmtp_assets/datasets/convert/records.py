"""JSONL as stored: how a record becomes a line, and how lines are read back and proven.

Lines end at "\\n" and nowhere else: texts hold U+2028 and carriage returns. Reading never
raises on a damaged line; the line says what is wrong with it, and the reader decides.
"""

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from wmtp_assets.datasets.field_types import TypeCheck, check_for
from wmtp_assets.datasets.formats import FieldType
from wmtp_assets.errors import BadInput
from wmtp_assets.files.regular import bounded_lines, open_regular

dump_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
# What `dump_json` writes of a string, as UTF-8: the same bytes in a fifth of the time. Of a record
# of the schema too, whose values are strings, booleans and numbers of 64 bits.
quote_json = orjson.dumps


@dataclass(frozen=True)
class Line:
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


def open_lines(path: Path) -> BinaryIO:
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
    check = check_for(fields)
    for number, raw in enumerate(raw_lines(path), 1):
        yield parse_line(number, raw, check)


def parse_line(number: int, raw: bytes, check: TypeCheck) -> Line:
    """Parse one line; prove that it has its type, and is written as `dump_json` writes it."""
    if not raw.endswith(b"\n"):
        return Line(number, raw, None, "does not end with a line feed")
    try:
        record = orjson.loads(raw)
        fault = check(record, "the record") or (
            "" if quote_json(record) + b"\n" == raw else "is not written canonically"
        )
    except (ValueError, RecursionError) as error:
        fault = f"is not UTF-8 JSON ({error})"
    return Line(number, raw, None, fault) if fault else Line(number, raw, record)
