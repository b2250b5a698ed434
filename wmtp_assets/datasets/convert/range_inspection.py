"""Some lines of a stored split read again: what they add to the counts, and what is wrong in them.

A pure function of bytes, its result picklable. Lines are parsed and texts encoded anew; places
are line numbers among these lines, which `inspection` turns into those of the file.
"""

import hashlib
import io
import re
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from wmtp_assets.datasets.convert.independent_counts import (
    IndependentCounter,
    load_independent_counter,
)
from wmtp_assets.datasets.convert.records import LineParser, item_of
from wmtp_assets.datasets.convert.tally import CORRECT, SplitCounts
from wmtp_assets.datasets.convert.tokens import LengthFilter
from wmtp_assets.datasets.formats import HAS_TESTS, TOKEN_FIELDS, Format
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.files.regular import LINE_BYTES

SUFFIX = re.compile(r"_(correct|incorrect)_[0-9]+\Z")

# A range of blank lines has 32 million faults: a part of it with so many is handed back first.
MOST_FAULTS = 10_000

# (line number among these lines, from 1; what is said after it)
Placed = tuple[int, str]


@dataclass
class RangeFacts:
    """What some lines in a row hold.

    Attributes:
        lines: How many there are, or were before one that is too long.
        too_long: Whether it ends at such a line.
        rest: Where lines begin that were not looked at, since those before have MOST_FAULTS; None
            if all were.
        ways: How many texts were counted in which way.
        differing: Texts whose counts by two implementations differ.
        items: Its line metadata as (item, lines that have it); None for lines without a record.
        ids: Digests of the task_ids, eight bytes each.
    """

    lines: int = 0
    too_long: bool = False
    rest: int | None = None
    tally: SplitCounts = field(default_factory=SplitCounts)
    ways: Counter[str] = field(default_factory=Counter)
    differing: list[Placed] = field(default_factory=list)
    without_tests: int = 0
    faults: list[Placed] = field(default_factory=list)
    over: list[Placed] = field(default_factory=list)
    labels: list[Placed] = field(default_factory=list)
    items: list[tuple[bytes | None, int]] = field(default_factory=list)
    ids: array = field(default_factory=lambda: array("Q"))

    @property
    def found(self) -> int:
        """How many things are wrong in it."""
        return len(self.faults) + len(self.over) + len(self.labels) + len(self.differing)

    def add_item(self, item: bytes | None) -> None:
        if self.items and self.items[-1][0] == item:
            item, count = self.items.pop()
            self.items.append((item, count + 1))
        else:
            self.items.append((item, 1))


def inspect_lines(dataset: str, data: bytes | memoryview, settings: LengthFilter) -> RangeFacts:
    """Parse whole lines and count what they hold, as far as MOST_FAULTS allows.

    Raises:
        BadInput: The tokenizer cannot be read.
    """
    form = DATASETS[dataset].format
    counter = load_independent_counter(settings)
    parser = LineParser(form.fields)
    facts = RangeFacts(ways=counter.ways)
    place = 0
    for number, raw in enumerate(io.BytesIO(data), 1):
        if len(raw) > LINE_BYTES:
            facts.too_long = True
            break
        facts.lines = number
        place += len(raw)
        line = parser.parse(number, raw)
        if line.record is None:
            facts.add_item(None)
            facts.faults.append((number, f" {line.fault}"))
        else:
            _add_record(facts, number, line.record, form, counter, settings.max_tokens)
        if facts.found >= MOST_FAULTS and place < len(data):
            facts.rest = place
            break
    return facts


def in_parts(
    facts: RangeFacts, dataset: str, data: memoryview, settings: LengthFilter
) -> Iterator[RangeFacts]:
    """The facts of lines, then those of the rest that were not looked at, in this process."""
    yield facts
    while facts.rest is not None:
        data = data[facts.rest :]
        facts = inspect_lines(dataset, data, settings)
        yield facts


def _add_record(
    facts: RangeFacts,
    number: int,
    record: dict[str, Any],
    form: Format,
    counter: IndependentCounter,
    max_tokens: int,
) -> None:
    facts.add_item(item_of(record))
    task_id = record["task_id"]
    digest = digest_of(task_id)
    tokens, differing = counter.count([record[name] for name in TOKEN_FIELDS], digest)
    count_tally(facts.tally, record, tokens)
    facts.differing += [(number, f" {task_id} {named}") for named in differing]
    if sum(tokens) > max_tokens:
        facts.over.append((number, f" {task_id}: {sum(tokens):,} tokens"))
    if form.labelled and (fault := _label_fault(record)):
        facts.labels.append((number, fault))
    facts.without_tests += not record["metadata"].get(HAS_TESTS, True)
    facts.ids.append(digest)


def count_tally(tally: SplitCounts, record: dict[str, Any], tokens: Sequence[int]) -> None:
    """Count one record that was read back; `tokens` are those of its texts."""
    tally.keep(record.get("is_correct"), record["metadata"].get("difficulty"), tokens)


def digest_of(task_id: str) -> int:
    """A stand-in of eight bytes for a task_id."""
    return int.from_bytes(hashlib.blake2b(task_id.encode(), digest_size=8).digest())


def _label_fault(record: dict[str, Any]) -> str:
    task_id, is_correct = record["task_id"], record["is_correct"]
    found = SUFFIX.search(task_id)
    if found and (found[1] == CORRECT) is is_correct:
        return ""
    return f": {task_id!r} with is_correct {str(is_correct).lower()}"
