"""One range of a stored split read for its statistics: what it adds to each of them.

A pure function of a range, picklable both ways; only what is wanted is done. Line numbers are those
within the range. Whether its first line goes on with the prompt of the line before, the range does
not know: it reads on as if it did, and says what else there would be. `split_pass` decides.
"""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from wmtp_assets.datasets.convert.label_conflicts import PartConflicts, PartLabels
from wmtp_assets.datasets.convert.line_ranges import LineRange
from wmtp_assets.datasets.convert.range_inspection import SUFFIX
from wmtp_assets.datasets.convert.range_pass import lines_of
from wmtp_assets.datasets.convert.records import parse_line
from wmtp_assets.datasets.field_types import check_for
from wmtp_assets.datasets.formats import Format
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.stats.ngram_search import BenchmarkText, BestMatch, NgramSearch
from wmtp_assets.datasets.stats.texts import (
    NO_PROMPT,
    TO_TASK_ID,
    BadLine,
    Record,
    digest_text,
    facts_check,
    normalise,
    prompt_in,
    records_in,
)
from wmtp_assets.files.regular import LINE_BYTES

# Label and difficulty of a record; None where a dataset has none.
Kind = tuple[bool | None, int | None]
# Names and endings of lines that are remembered: two of each prompt.
MOST_KNOWN = 1000
# What a pass over the splits may be for.
COUNTS, TEXTS, MATCHES = "counts", "texts", "matches"


@dataclass(frozen=True)
class Wanted:
    """What the ranges are read for.

    Attributes:
        parts: Some of COUNTS, TEXTS and MATCHES.
        solutions: The items of benchmarks that MATCHES looks for in solutions.
    """

    parts: frozenset[str]
    solutions: tuple[BenchmarkText, ...] = ()


@dataclass
class RangeFacts:
    """What one range holds.

    Attributes:
        lines: How many were read.
        too_long: Whether it ends at a line longer than any record.
        fault: The line that could not be read, where there is one; nothing beyond it was.
        faults: Part -> the line that it could not read.
        prompt: The prompt of the first line, as bytes; b"" if it has none.
        first_fault: What is wrong with the first line, unless it goes on with a prompt.
        last_prompt: The prompt of the last line.
        opened: (instruction, task_id) of each line that opens a prompt, the first line included.
        counts, solutions, matches: What each part found.
    """

    lines: int = 0
    too_long: bool = False
    fault: BadLine | None = None
    faults: dict[str, BadLine] = field(default_factory=dict)
    prompt: bytes = b""
    first_fault: BadLine | None = None
    last_prompt: bytes = b""
    opened: list[tuple[str, str]] = field(default_factory=list)
    counts: "RangeCounts | None" = None
    solutions: list[tuple[str, str]] = field(default_factory=list)
    matches: dict[int, BestMatch] = field(default_factory=dict)


@dataclass
class RangeCounts:
    """What COUNTS found.

    Attributes:
        kept: (is_correct, difficulty) -> records.
        problems: Problem -> digest of its text.
        labels: Solutions with both labels, where there are labels.
    """

    kept: Counter = field(default_factory=Counter)
    problems: dict[str, bytes] = field(default_factory=dict)
    labels: PartConflicts | None = None


def read_facts(dataset: str, wanted: Wanted, lines: LineRange) -> RangeFacts:
    """Read the lines of a range.

    Raises:
        BadInput: The file cannot be read.
    """
    form = DATASETS[dataset].format
    facts = RangeFacts()
    raws = _whole_lines(lines, facts)
    if (first := next(raws, None)) is None:
        return facts
    facts.prompt, instruction = prompt_in(first)
    line = parse_line(1, first, check_for(form.fields))
    # What reads on from nothing says itself what is wrong with the first line of a file.
    if line.record is None and (facts.prompt or lines.start):
        facts.first_fault = BadLine(lines.path, 1, f" {line.fault}")
    task_id = line.record["task_id"] if line.record else ""
    opened = [(instruction, task_id)]
    parts = {name: PARTS[name](form, wanted) for name in wanted.parts}
    try:
        before = facts.prompt or NO_PROMPT
        all_lines = itertools.chain([first], raws)
        for record in records_in(all_lines, lines.path, form, before, instruction):
            facts.lines, facts.last_prompt = record.number, record.prompt
            if record.opens:
                opened.append((record.instruction, record.task_id))
            _see(record, parts, facts.faults)
            if not parts:
                break
    except BadLine as fault:
        facts.fault = fault
    if wanted.parts & {TEXTS, MATCHES}:
        facts.opened = opened
    for part in parts.values():
        part.put(facts)
    return facts


def _see(record: Record, parts: dict[str, "Part"], faults: dict[str, BadLine]) -> None:
    """Give a record to the parts, which are those that have read all before it."""
    for name in tuple(parts):
        try:
            parts[name].see(record)
        except BadLine as fault:
            faults[name] = fault
            del parts[name]


def _whole_lines(lines: LineRange, facts: RangeFacts) -> Iterator[bytes]:
    for raw in lines_of(lines):
        if len(raw) > LINE_BYTES:
            facts.too_long = True
            return
        yield raw


class _Counts:
    """COUNTS: records by label and difficulty, problems, and solutions with both labels."""

    def __init__(self, form: Format, wanted: Wanted):
        self._labelled = form.labelled
        self._check = facts_check(form)
        self._found = RangeCounts()
        self._labels = PartLabels()
        self._known: dict[tuple[bytes, bytes], Kind] = {}

    def see(self, record: Record) -> None:
        kind = self._kind(record)
        self._found.kept[kind] += 1
        if self._labelled and kind[0] is not None:
            self._labels.see(record.prompt, (record.output,), kind[0])

    def _kind(self, record: Record) -> Kind:
        """The kind of a record, whose problem is noted.

        But for the number in the task_id, the records of a problem and class have all in common,
        and a number of digits is written in one way.
        """
        name, _, rest = record.encoded_facts[len(TO_TASK_ID) :].partition(b'"')
        head, _, number = name.rpartition(b"_")
        if number.isdigit() and (kind := self._known.get((head, rest))) is not None:
            return kind
        facts = record.facts(self._check)
        task_id = facts["task_id"]
        problem = SUFFIX.sub("", task_id) if self._labelled else task_id
        if problem not in self._found.problems:
            self._found.problems[problem] = digest_text(record.instruction)
        kind = facts.get("is_correct"), facts["metadata"].get("difficulty")
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        if problem != task_id:
            self._known[head, rest] = kind
        return kind

    def put(self, facts: RangeFacts) -> None:
        if self._labelled:
            self._found.labels = self._labels.conflicts()
        facts.counts = self._found


class _Texts:
    """TEXTS: solutions, where a prompt has one; what opens a prompt is kept anyway."""

    def __init__(self, form: Format, wanted: Wanted):
        self._labelled = form.labelled
        self._found: list[tuple[str, str]] = []

    def see(self, record: Record) -> None:
        if not self._labelled:
            self._found.append((record.task_id, normalise(record.output)))

    def put(self, facts: RangeFacts) -> None:
        facts.solutions = self._found


class _Matches:
    """MATCHES: items of benchmarks in solutions; a match is named by its line number and facts."""

    def __init__(self, form: Format, wanted: Wanted):
        self._search = NgramSearch(wanted.solutions)

    def see(self, record: Record) -> None:
        self._search.see(record.output, record)

    def put(self, facts: RangeFacts) -> None:
        for place, match in self._search.found().items():
            where = match.where.number, match.where.encoded_facts
            facts.matches[place] = replace(match, where=where)


Part = _Counts | _Texts | _Matches
PARTS = {COUNTS: _Counts, TEXTS: _Texts, MATCHES: _Matches}
