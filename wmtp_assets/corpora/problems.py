"""One published row -> one problem: its prompt and its candidate solutions, in order.

The reference semantics (domain facts, Datasets). Every candidate that is not Python or not UTF-8 is
counted here with its reason; the token filter comes later, in `units`. A null or uneven row is an
error that names file and row, never a skip.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from wmtp_assets.corpora.formats import (
    FORMATS,
    INVALID_UTF8,
    KEPT_LANGUAGES,
    OTHER_LANGUAGE,
    OTHER_LANGUAGES,
    UNKNOWN_LANGUAGE,
)
from wmtp_assets.corpora.invalid_text import InvalidText, NotText, decode_texts
from wmtp_assets.corpora.names import unique_names
from wmtp_assets.corpora.parquet import FIX, Row, read_rows, row_group_of
from wmtp_assets.errors import BadInput

PUBLIC_TESTS_SHOWN = 2


@dataclass(frozen=True)
class Candidates:
    """Solutions of one class, each written unless its record is too long.

    Attributes:
        is_correct: The label of all of them; None where a dataset has none.
        task_ids: One for each.
        outputs: The programs, in the same order.
    """

    is_correct: bool | None
    task_ids: Sequence[str]
    outputs: Sequence[str]


@dataclass(frozen=True)
class Problem:
    """A prompt with its candidates.

    Attributes:
        dropped: Reason -> candidates left out before the token filter.
        invalid: What of it is not UTF-8 and costs candidates.
    """

    instruction: str
    input: str
    metadata: Mapping[str, object]
    candidates: Sequence[Candidates]
    dropped: Counter = field(default_factory=Counter)
    invalid: Sequence[InvalidText] = ()


@dataclass(frozen=True)
class RepeatedName:
    """A problem whose name came before in its split, and the name that it is written under."""

    file: str
    row: int
    name: str
    written: str


def read_problems(
    dataset: str, path: Path, row_groups: Sequence[int] | None, renamed: Mapping[int, str]
) -> Iterator[Problem]:
    """Yield the problems of some or all row groups of one file.

    Args:
        renamed: Row number in the file -> the name to write instead of the published one.

    Raises:
        BadInput: A damaged file, or a row that has nulls or uneven lists.
    """
    columns = FORMATS[dataset].columns
    for number, row in read_rows(path, columns, row_groups):
        try:
            problem = READERS[dataset](row, renamed.get(number))
        except NotText as error:
            problem = _unwritten(error.place, 1, Counter())
        except _BadRow as error:
            raise BadInput(
                f"a row of {path} cannot be used",
                [f"row {number}: {error}"],
                "compare the file with the published one; a row is never skipped",
            ) from error
        if problem.invalid:
            group = row_group_of(path, columns, number)
            located = [
                replace(invalid, file=path.name, row_group=group, row=number)
                for invalid in problem.invalid
            ]
            problem = replace(problem, invalid=located)
        yield problem


def find_repeated_names(paths: Sequence[Path]) -> list[RepeatedName]:
    """Find the problems of a CodeContests split whose name came before.

    The first keeps its name, the n-th is written `{name}__{n}` (names.py, with the exceptions). A
    name that is not UTF-8 is none: nothing of its problem is written.

    Raises:
        BadInput: A file is damaged, or a name is null.
    """
    places, names = [], []
    for path in paths:
        for number, row in read_rows(path, {"name": ("string",)}):
            try:
                name = _value(row, "name")
            except NotText:
                continue
            except _BadRow as error:
                culprit = f"row {number}: {error}"
                raise BadInput(f"a row of {path} cannot be used", [culprit], FIX) from error
            places.append((path.name, number))
            names.append(name)
    return [
        RepeatedName(file, row, name, written)
        for (file, row), name, written in zip(places, names, unique_names(names), strict=True)
        if written != name
    ]


def join_public_tests(tests: list[tuple[str, str]]) -> str:
    """The first two public tests; a pair with an empty side is left out, not replaced."""
    shown = [pair for pair in tests[:PUBLIC_TESTS_SHOWN] if all(pair)]
    return "\n\n".join(f"Input: {given}\nOutput: {printed}" for given, printed in shown)


class _BadRow(Exception):
    """What is wrong with a row; the reader adds where it lies."""


def _read_codecontests(row: Row, renamed: str | None) -> Problem:
    dropped: Counter = Counter()
    python = [
        (label, column, *_python_programs(row, column, dropped))
        for column, label in (("solutions", "correct"), ("incorrect_solutions", "incorrect"))
    ]
    given, printed = _lists(row, "public_tests", "input", "output")
    # Where one list ends earlier, the rest of the other is no pair: such tests are one-sided.
    tests = min(len(given), len(printed))
    difficulty = _value(row, "difficulty")
    shown = slice(0, min(tests, PUBLIC_TESTS_SHOWN))
    try:
        name = renamed or _value(row, "name")
        description = _value(row, "description")
        pairs = list(
            zip(
                _all_texts(given[shown], "public_tests.input"),
                _all_texts(printed[shown], "public_tests.output"),
                strict=True,
            )
        )
    except NotText as error:
        return _unwritten(error.place, sum(len(places) for *_, places, _ in python), dropped)
    candidates, invalid = [], []
    for label, column, places, programs in python:
        texts, bad = decode_texts(programs)
        if lost := {places[n] for n in bad}:
            invalid += [InvalidText("", 0, 0, f"{column}.solution[{n}]", 1) for n in sorted(lost)]
            places = [place for place in places if place not in lost]
        task_ids = [f"{name}_{label}_{place}" for place in places]
        candidates.append(Candidates(label == "correct", task_ids, texts))
    if invalid:
        dropped[INVALID_UTF8] += len(invalid)
    metadata = {"source": "code_contests", "difficulty": difficulty, "has_tests": tests > 0}
    shown_tests = join_public_tests(pairs)
    return Problem(description, shown_tests, metadata, candidates, dropped, invalid)


def _unwritten(place: str, candidates: int, dropped: Counter) -> Problem:
    """A problem that cannot be written at all, for what is not UTF-8 at one place."""
    if not candidates:
        return Problem("", "", {}, [], dropped)
    dropped[INVALID_UTF8] += candidates
    return Problem("", "", {}, [], dropped, [InvalidText("", 0, 0, place, candidates)])


def _python_programs(row: Row, column: str, dropped: Counter) -> tuple[list[int], pa.Array]:
    """Return places in the list of all languages and programs, and count the others by reason."""
    languages, programs = _lists(row, column, "language", "solution")
    if len(languages) != len(programs):
        raise _BadRow(f"{column} has {len(languages)} languages and {len(programs)} solutions")
    codes = languages.to_numpy(zero_copy_only=False)
    places = np.flatnonzero(_is_one_of(codes, KEPT_LANGUAGES))
    other = int(_is_one_of(codes, OTHER_LANGUAGES).sum())
    dropped.update({OTHER_LANGUAGE: other, UNKNOWN_LANGUAGE: len(codes) - len(places) - other})
    # Most programs are in other languages: they never become Python strings.
    return places.tolist(), programs.take(pa.array(places, pa.int64()))


def _is_one_of(codes: np.ndarray, wanted: Sequence[int]) -> np.ndarray:
    """As np.isin, in a tenth of the time for so few."""
    return np.logical_or.reduce([codes == code for code in wanted])


def _read_mbpp(row: Row, renamed: None) -> Problem:
    tests = row["test_list"].values
    if tests is None or tests.null_count:
        raise _BadRow("test_list is null or holds a null")
    metadata = {
        "source": "mbpp",
        "test_list": _all_texts(tests, "test_list"),
        "test_setup_code": _value(row, "test_setup_code"),
        "has_tests": len(tests) > 0,
    }
    candidates = Candidates(None, [str(_value(row, "task_id"))], [_value(row, "code")])
    return Problem(_value(row, "text"), "", metadata, [candidates])


def _read_humaneval(row: Row, renamed: None) -> Problem:
    metadata = {
        "source": "humaneval",
        "test": _value(row, "test"),
        "entry_point": _value(row, "entry_point"),
        "has_tests": bool(_value(row, "test")),
    }
    candidates = Candidates(None, [_value(row, "task_id")], [_value(row, "canonical_solution")])
    return Problem(_value(row, "prompt"), "", metadata, [candidates])


READERS: dict[str, Callable[[Row, str | None], Problem]] = {
    "codecontests": _read_codecontests,
    "mbpp": _read_mbpp,
    "humaneval": _read_humaneval,
}


def _value(row: Row, column: str):
    try:
        value = row[column].as_py()
    except UnicodeDecodeError as error:
        raise NotText(column) from error
    if value is None:
        raise _BadRow(f"{column} is null")
    return value


def _all_texts(items: pa.Array, place: str) -> list[str]:
    texts, bad = decode_texts(items)
    if bad:
        raise NotText(f"{place}[{bad[0]}]")
    return texts


def _lists(row: Row, column: str, first: str, second: str) -> list[pa.Array]:
    """The two lists of a struct, proven to hold no null."""
    lists = [row[column][part].values for part in (first, second)] if row[column].is_valid else []
    if not lists or any(items is None for items in lists):
        raise _BadRow(f"{column} is null")
    if any(items.null_count for items in lists):
        raise _BadRow(f"{column} holds a null")
    return lists
