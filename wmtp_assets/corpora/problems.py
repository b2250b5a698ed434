"""One published row -> one problem: its prompt and its candidate solutions, in order.

The reference semantics (domain facts, Datasets). Every candidate that is not Python is counted
here with its reason; the token filter comes later, in `units`. A null or uneven row is an error
that names file and row, never a skip.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from wmtp_assets.corpora.formats import (
    FORMATS,
    KEPT_LANGUAGES,
    OTHER_LANGUAGE,
    OTHER_LANGUAGES,
    UNKNOWN_LANGUAGE,
)
from wmtp_assets.corpora.names import unique_names
from wmtp_assets.corpora.parquet import FIX, Row, read_rows
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
    """A prompt with its candidates; `dropped` counts those left out before the token filter."""

    instruction: str
    input: str
    metadata: Mapping[str, object]
    candidates: Sequence[Candidates]
    dropped: Counter = field(default_factory=Counter)


@dataclass(frozen=True)
class RepeatedName:
    """A problem whose name came before in its split, and the name that it is written under."""

    file: str
    row: int
    name: str
    written: str


def read_problems(
    dataset: str, path: Path, row_groups: Sequence[int], renamed: Mapping[int, str]
) -> Iterator[Problem]:
    """Yield the problems of some row groups of one file.

    Args:
        renamed: Row number in the file -> the name to write instead of the published one.

    Raises:
        BadInput: A damaged file, or a row that has nulls or uneven lists.
    """
    for number, row in read_rows(path, FORMATS[dataset].columns, row_groups):
        try:
            yield READERS[dataset](row, renamed.get(number))
        except _BadRow as error:
            raise BadInput(
                f"a row of {path} cannot be used",
                [f"row {number}: {error}"],
                "compare the file with the published one; a row is never skipped",
            ) from error


def find_repeated_names(paths: Sequence[Path]) -> list[RepeatedName]:
    """Find the problems of a CodeContests split whose name came before.

    The first keeps its name, the n-th is written `{name}__{n}` (names.py, with the exceptions).

    Raises:
        BadInput: A file is damaged, or a name is null.
    """
    places, names = [], []
    for path in paths:
        for number, row in read_rows(path, {"name": ("string",)}):
            name = row["name"].as_py()
            if name is None:
                culprit = f"row {number}: name is null"
                raise BadInput(f"a row of {path} cannot be used", [culprit], FIX)
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
    name = renamed or _value(row, "name")
    given, printed = _lists(row, "public_tests", "input", "output")
    # Where one list ends earlier, the rest of the other is no pair: such tests are one-sided.
    tests = list(zip(given.to_pylist(), printed.to_pylist(), strict=False))
    dropped: Counter = Counter()
    candidates = []
    for column, label in (("solutions", "correct"), ("incorrect_solutions", "incorrect")):
        places, programs = _python_programs(row, column, dropped)
        task_ids = [f"{name}_{label}_{place}" for place in places]
        candidates.append(Candidates(label == "correct", task_ids, programs))
    metadata = {
        "source": "code_contests",
        "difficulty": _value(row, "difficulty"),
        "has_tests": bool(tests),
    }
    return Problem(
        _value(row, "description"), join_public_tests(tests), metadata, candidates, dropped
    )


def _python_programs(row: Row, column: str, dropped: Counter) -> tuple[list[int], list[str]]:
    """Return places in the list of all languages and programs, and count the others by reason."""
    languages, programs = _lists(row, column, "language", "solution")
    if len(languages) != len(programs):
        raise _BadRow(f"{column} has {len(languages)} languages and {len(programs)} solutions")
    codes = languages.to_numpy(zero_copy_only=False)
    places = np.flatnonzero(_is_one_of(codes, KEPT_LANGUAGES))
    other = int(_is_one_of(codes, OTHER_LANGUAGES).sum())
    dropped.update({OTHER_LANGUAGE: other, UNKNOWN_LANGUAGE: len(codes) - len(places) - other})
    # Most programs are in other languages: they never become Python strings.
    return places.tolist(), programs.take(pa.array(places, pa.int64())).to_pylist()


def _is_one_of(codes: np.ndarray, wanted: Sequence[int]) -> np.ndarray:
    """As np.isin, in a tenth of the time for so few."""
    return np.logical_or.reduce([codes == code for code in wanted])


def _read_mbpp(row: Row, renamed: None) -> Problem:
    tests = row["test_list"].values
    if tests is None or tests.null_count:
        raise _BadRow("test_list is null or holds a null")
    metadata = {
        "source": "mbpp",
        "test_list": tests.to_pylist(),
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
    value = row[column].as_py()
    if value is None:
        raise _BadRow(f"{column} is null")
    return value


def _lists(row: Row, column: str, first: str, second: str) -> list[pa.Array]:
    """The two lists of a struct, proven to hold no null."""
    lists = [row[column][part].values for part in (first, second)] if row[column].is_valid else []
    if not lists or any(items is None for items in lists):
        raise _BadRow(f"{column} is null")
    if any(items.null_count for items in lists):
        raise _BadRow(f"{column} holds a null")
    return lists
