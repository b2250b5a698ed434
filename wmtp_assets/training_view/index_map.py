"""`<split>_metadata.json` of layout `current`: items with a problem_id, and the lines of a problem.

A JSONL is read once, by ranges side by side; the text is made on the way, one item and one problem
a line. In memory are four bytes a line, and what a problem has.

    {"dataset":..., "split":..., "source_file":"train.jsonl", "sha256":...,
    "metadata":[
    {"is_correct":true,"difficulty":7,"problem_id":"1575_A. Sorting"},
    ...
    ],
    "problem_index_map":{
    "1575_A. Sorting":{"difficulty":7,"correct_indices":[0,1],"incorrect_indices":[2]},
    ...
    },
    "stats":{...}}

Lines count from 0. The problem of a line is its task_id, of a labelled dataset without the ending
`_correct_N` or `_incorrect_N`. Of a dataset without labels both lists are empty, as the training
code itself makes them: a line is neither, and no pair is drawn.
"""

import contextlib
import functools
import itertools
from array import array
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from wmtp_assets.datasets.convert.line_metadata import OPENING, item_lines
from wmtp_assets.datasets.convert.line_ranges import RANGE_BYTES, LineRange, plan_ranges
from wmtp_assets.datasets.convert.range_inspection import SUFFIX
from wmtp_assets.datasets.convert.range_pass import each_range, lines_of
from wmtp_assets.datasets.convert.records import dump_json
from wmtp_assets.datasets.formats import TOKEN_FIELDS
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.stats.texts import TO_TASK_ID, BadLine, facts_check
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.file_io import StoredFile
from wmtp_assets.files.regular import LINE_BYTES, line_too_long, open_regular

# The bytes of a line -> its fields after the output.
ReadFacts = Callable[[bytes], Any]
_TASK_ID = b"," + TO_TASK_ID


@dataclass(frozen=True)
class StoredSplit:
    """A split in the storage; `sha256` is that of its JSONL."""

    dataset: str
    split: str
    jsonl: Path
    sha256: str


@dataclass
class RangeRuns:
    """What one range holds: ((problem, is_correct, difficulty), lines in a row that have it).

    Attributes:
        too_long: Whether it ends at a line longer than any record.
        fault: The line that could not be read, where there is one; nothing beyond it was.
    """

    lines: int = 0
    too_long: bool = False
    fault: BadLine | None = None
    runs: list[tuple[tuple[str, bool | None, int | None], int]] = field(default_factory=list)


@dataclass
class Problem:
    """The lines of a problem."""

    difficulty: int | None
    correct: array = field(default_factory=lambda: array("I"))
    incorrect: array = field(default_factory=lambda: array("I"))


def facts_at_the_end(raw: bytes) -> Any:
    """The fields from task_id on: no bare quote stands inside a string, so the cut is exact."""
    return orjson.loads(b"{" + raw[raw.rfind(_TASK_ID) + 1 :])


def facts_of_all(raw: bytes) -> Any:
    """The same fields, the line parsed whole: the recount of a check reads in another way."""
    record = orjson.loads(raw)
    return {name: record[name] for name in record if name not in TOKEN_FIELDS}


def write_index_map(target: Path, stored: StoredSplit, workers: int = 1) -> StoredFile:
    """Write the line metadata of a split anew.

    Raises:
        BadInput: As `index_map_text`.
    """
    with file_io.atomic_writer(target) as out:
        for piece in index_map_text(stored, workers=workers):
            out.write(piece)
    return StoredFile(target, out.size_bytes, out.sha256)


def index_map_difference(path: Path, stored: StoredSplit, workers: int = 1) -> str | None:
    """The first line of a file that is not as counted again from the JSONL; None if all are.

    Raises:
        BadInput: As `index_map_text`, or it is no regular file.
    """
    before = 0
    with open_regular(path) as handle:
        with contextlib.closing(index_map_text(stored, facts_of_all, workers)) as pieces:
            for piece in pieces:
                found = handle.read(len(piece))
                if found != piece:
                    return _first_difference(before, found, piece)
                before += piece.count(b"\n")
        return f"line {before + 1}: text after the end" if handle.read(1) else None


def index_map_text(
    stored: StoredSplit,
    read: ReadFacts = facts_at_the_end,
    workers: int = 1,
    range_bytes: int = RANGE_BYTES,
) -> Generator[bytes]:
    """The text of the line metadata, in pieces of whole lines.

    Args:
        read: A function of a module, since other processes call it.
        workers: Processes to use; the text is the same for any number.

    Raises:
        BadInput: The JSONL is missing or empty, or has a line that cannot be read.
    """
    head = {"dataset": stored.dataset, "split": stored.split, "source_file": stored.jsonl.name}
    yield dump_json({**head, "sha256": stored.sha256})[:-1].encode() + b",\n" + OPENING
    problems: dict[str, Problem] = {}
    kinds: Counter[tuple[bool | None, int | None]] = Counter()
    lines = 0
    look = functools.partial(read_runs, stored.dataset, read)
    ranges = plan_ranges(stored.jsonl, range_bytes)

    def runs() -> Iterator[tuple[bytes, int]]:
        nonlocal lines
        for facts in found:
            for (name, is_correct, difficulty), count in facts.runs:
                kinds[is_correct, difficulty] += count
                problem = problems.setdefault(name, Problem(difficulty))
                if is_correct is not None:
                    numbers = problem.correct if is_correct else problem.incorrect
                    numbers.extend(range(lines, lines + count))
                lines += count
                yield _item(name, is_correct, difficulty), count
            if facts.fault:
                raise facts.fault.after(lines - facts.lines)
            if facts.too_long:
                raise line_too_long(stored.jsonl, lines + 1)

    with contextlib.closing(each_range(look, ranges, workers)) as found:
        yield from item_lines(runs())
    if not lines:
        fix = "materialize the split anew"
        raise BadInput(
            "no row to make a map of, which is an error in training", [stored.jsonl], fix
        )
    yield b'],\n"problem_index_map":{\n'
    for number, (name, problem) in enumerate(problems.items(), 1):
        yield _problem_line(name, problem) + (b"\n" if number == len(problems) else b",\n")
    yield b'},\n"stats":' + dump_json(_stats(problems, kinds)).encode() + b"}\n"


def read_runs(dataset: str, read: ReadFacts, lines: LineRange) -> RangeRuns:
    """Read the lines of a range.

    Raises:
        BadInput: The file cannot be read.
    """
    form = DATASETS[dataset].format
    check, labelled = facts_check(form), form.labelled
    found = RangeRuns()

    def kinds() -> Iterator[tuple[str, bool | None, int | None]]:
        for number, raw in enumerate(lines_of(lines), 1):
            if len(raw) > LINE_BYTES:
                found.too_long = True
                return
            try:
                facts = read(raw)
                fault = check(facts, "the record")
            except (ValueError, TypeError) as error:
                fault = f"it is not UTF-8 JSON ({error})"
            if fault:
                found.fault = BadLine(lines.path, number, f": {fault}")
                return
            found.lines = number
            name = facts["task_id"]
            yield (
                SUFFIX.sub("", name) if labelled else name,
                facts.get("is_correct"),
                facts["metadata"].get("difficulty"),
            )

    found.runs = [(kind, sum(1 for _ in same)) for kind, same in itertools.groupby(kinds())]
    return found


def _item(name: str, is_correct: bool | None, difficulty: int | None) -> bytes:
    item = {"is_correct": is_correct, "difficulty": difficulty, "problem_id": name}
    return dump_json({key: value for key, value in item.items() if value is not None}).encode()


def _problem_line(name: str, problem: Problem) -> bytes:
    correct, incorrect = (",".join(map(str, n)) for n in (problem.correct, problem.incorrect))
    return (
        f'{dump_json(name)}:{{"difficulty":{dump_json(problem.difficulty)},'
        f'"correct_indices":[{correct}],"incorrect_indices":[{incorrect}]}}'
    ).encode()


def _stats(problems: dict[str, Problem], kinds: Counter) -> dict[str, Any]:
    """The counts that the training code reads; a dataset without labels has neither class."""
    of_difficulty: Counter[int] = Counter()
    for (_, difficulty), count in kinds.items():
        if difficulty is not None:
            of_difficulty[difficulty] += count
    pairs = [len(problem.correct) * len(problem.incorrect) for problem in problems.values()]
    correct, incorrect = (
        sum(n for (label, _), n in kinds.items() if label is of) for of in (True, False)
    )
    return {
        "total": kinds.total(),
        "correct": correct,
        "incorrect": incorrect,
        "difficulty_dist": {str(key): count for key, count in sorted(of_difficulty.items())},
        "has_is_correct": correct + incorrect > 0,
        "has_difficulty": bool(of_difficulty),
        "has_problem_id": True,
        "n_problems": len(problems),
        "n_valid_problems": sum(count > 0 for count in pairs),
        "total_possible_pairs": sum(pairs),
    }


def _first_difference(before: int, found: bytes, expected: bytes) -> str:
    """Which line differs first, and how; `before` lines are equal."""
    lines = itertools.zip_longest(found.split(b"\n"), expected.split(b"\n"), fillvalue=b"")
    number, (stored, counted) = next((n, p) for n, p in enumerate(lines, 1) if p[0] != p[1])
    place = next(
        (i for i, (a, b) in enumerate(zip(stored, counted, strict=False)) if a != b),
        min(len(stored), len(counted)),
    )
    start = max(0, place - 40)
    shown = (text[start : place + 40].decode("utf-8", "replace") for text in (stored, counted))
    there, wanted = shown
    return f"line {before + number}: found ...{there!r}, recounted ...{wanted!r}"
