"""`<split>_metadata.json`: one JSON object whose `metadata` list is aligned with the JSONL by line.

Training code picks rows by index from it without loading the JSONL. The text has one item a line,
so that 3.7 million of them are written, read and compared without being held:

    {"dataset":..., "split":..., "source_file":"train.jsonl", "sha256":..., "stats":{...},
    "metadata":[
    {"is_correct":true,"difficulty":7},
    {"is_correct":false,"difficulty":7}
    ]}
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from wmtp_assets.checking.findings import MAX_SAMPLES
from wmtp_assets.datasets.convert.label_conflicts import (
    COUNTS_TYPE,
    LABELLED_BOTH,
    Counts,
    are_possible,
)
from wmtp_assets.datasets.convert.records import dump_json
from wmtp_assets.datasets.convert.tally import SplitCounts
from wmtp_assets.datasets.field_types import check_for
from wmtp_assets.datasets.formats import INVALID_UTF8, Format
from wmtp_assets.datasets.invalid_text import InvalidText
from wmtp_assets.errors import BadInput
from wmtp_assets.files.regular import SMALL_BYTES, bounded_lines, open_regular
from wmtp_assets.files.strict import parse_json
from wmtp_assets.files.writer import HashingWriter

OPENING = b'"metadata":[\n'
CLOSING = b"]}\n"
FIX = "materialize the asset of the split again"
REPEATED_NAMES = "repeated_names"
REPEATED_NAME = {"file": str, "row": int, "name": str, "written": str}
INVALID_TEXT = {"file": str, "row_group": int, "row": int, "place": str, "dropped": int}
HEAD_KEYS = ["dataset", "split", "source_file", "sha256", "stats"]


@dataclass(frozen=True)
class LineMetadata:
    """An opened file: its facts, and its items one by one as stored."""

    head: dict[str, Any]
    items: Iterator[bytes]


@dataclass(frozen=True)
class SplitFacts:
    """What the head of a split's line metadata states, proven to be of the right form.

    Attributes:
        labelled_both: Solutions with both labels; None where a dataset has no labels.
        invalid: The first of what was dropped because it is not UTF-8; the tally counts all.
    """

    sha256: str
    tally: SplitCounts
    labelled_both: Counts | None
    repeated_names: list[dict[str, Any]]
    invalid: list[InvalidText]


def head_bytes(head: Mapping[str, Any]) -> bytes:
    """The text before the items."""
    return dump_json(dict(head))[:-1].encode() + b",\n" + OPENING


def write_line_metadata(
    out: HashingWriter, head: Mapping[str, Any], runs: Iterable[tuple[bytes, int]]
) -> None:
    """Write the object; `runs` are (item, number of lines that have it) in line order."""
    out.write(head_bytes(head))
    for lines in item_lines(runs):
        out.write(lines)
    out.write(CLOSING)


def item_lines(runs: Iterable[tuple[bytes, int]]) -> Iterator[bytes]:
    """The lines of the list: a comma stands between two items, hence the last one is held back."""
    held = b""
    for item, lines in runs:
        yield held + (item + b",\n") * (lines - 1)
        held = item + b",\n"
    yield held.removesuffix(b",\n") + (b"\n" if held else b"")


@contextlib.contextmanager
def open_line_metadata(path: Path) -> Iterator[LineMetadata]:
    """Open a file for reading from its head to its last item.

    Raises:
        BadInput: Missing, or not of this form; reading on may raise it too. File and line are
            named.
    """
    try:
        handle = open_regular(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadInput("the line metadata is missing", [path], FIX) from error
    with handle:
        yield LineMetadata(_read_head(path, handle), _read_items(path, handle))


def read_facts(path: Path, form: Format) -> SplitFacts:
    """Read what a split's line metadata states, without its items.

    Raises:
        BadInput: Missing, not of this form, or counts that contradict each other.
    """
    with open_line_metadata(path) as metadata:
        head = metadata.head
    try:
        stats = dict(head["stats"])
        repeated = stats.pop(REPEATED_NAMES, [])
        if fault := check_for([REPEATED_NAME])(repeated, REPEATED_NAMES):
            raise ValueError(fault)
        invalid = _read_invalid(stats.pop(INVALID_UTF8, []))
        both = stats.pop(LABELLED_BOTH, None) if form.labelled else None
        tally = SplitCounts.from_stats(stats, form)
        _require_explained(tally.dropped[INVALID_UTF8], invalid)
        if form.labelled:
            _require_conflicts(both, tally.rows)
        return SplitFacts(str(head["sha256"]), tally, both, repeated, invalid)
    except ValueError as error:
        raise BadInput(f"{path.name} line 1: {error}", [path], FIX) from error


def _read_invalid(listed: Any) -> list[InvalidText]:
    if fault := check_for([INVALID_TEXT])(listed, INVALID_UTF8):
        raise ValueError(fault)
    return [InvalidText(**entry) for entry in listed]


def _require_conflicts(stated: Any, rows: int) -> None:
    if fault := check_for(COUNTS_TYPE)(stated, LABELLED_BOTH):
        raise ValueError(fault)
    if not are_possible(stated, rows):
        raise ValueError(f"stats contradict themselves in {LABELLED_BOTH}")


def _require_explained(dropped: int, listed: list[InvalidText]) -> None:
    """Raise unless the listed texts cost what was dropped; a full list may be cut short."""
    cost = sum(invalid.dropped for invalid in listed)
    if cost != dropped and not (len(listed) == MAX_SAMPLES and cost < dropped):
        raise ValueError(f"{dropped:,} dropped as {INVALID_UTF8}, the texts listed cost {cost:,}")


def _read_head(path: Path, handle: BinaryIO) -> dict[str, Any]:
    first, second = handle.readline(SMALL_BYTES), handle.readline(SMALL_BYTES)
    try:
        if second != OPENING or not first.endswith(b",\n"):
            raise ValueError("the first two lines are not those of line metadata")
        head = parse_json(first[:-2] + b"}")
        if list(head) != HEAD_KEYS or not isinstance(head["stats"], dict):
            raise ValueError(f"its keys are not {HEAD_KEYS}")
    except ValueError as error:
        raise BadInput(f"{path.name} line 1: {error}", [path], FIX) from error
    return head


def _read_items(path: Path, handle: BinaryIO) -> Iterator[bytes]:
    number, ended = 2, False
    for number, line in enumerate(bounded_lines(handle, path, first=3), 3):
        if line == CLOSING:
            break
        if ended or not line.endswith(b"\n"):
            raise BadInput(f"{path.name} line {number}: not an item of the list", [path], FIX)
        ended = not line.endswith(b",\n")
        yield line[:-1] if ended else line[:-2]
    else:
        raise BadInput(f"{path.name} ends after line {number} without {CLOSING!r}", [path], FIX)
    if handle.read(1):
        raise BadInput(f"{path.name} line {number + 1}: text after the end", [path], FIX)
