"""A published file -> its problems, in order: what the reader of the dataset makes of each row.

Whatever is wrong with a row gets its place here. A null or uneven row is an error that names file
and row, never a skip.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wmtp_assets.datasets.convert.names import unique_names
from wmtp_assets.datasets.convert.parquet import FIX, read_rows, row_group_of
from wmtp_assets.datasets.invalid_text import NotText
from wmtp_assets.datasets.problem import BadRow, Problem, dropped_problem, value_of
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.errors import BadInput


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
    columns = DATASETS[dataset].format.columns
    for number, row in read_rows(path, columns, row_groups):
        try:
            problem = DATASETS[dataset].read(row, renamed.get(number))
        except NotText as error:
            problem = dropped_problem(error.place, 1, Counter())
        except BadRow as error:
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
    """Find the problems of a split whose name came before, in a dataset with names.

    The first keeps its name, the n-th is written `{name}__{n}` (names.py, with the exceptions). A
    name that is not UTF-8 is none: nothing of its problem is written.

    Raises:
        BadInput: A file is damaged, or a name is null.
    """
    places, names = [], []
    for path in paths:
        for number, row in read_rows(path, {"name": ("string",)}):
            try:
                name = value_of(row, "name")
            except NotText:
                continue
            except BadRow as error:
                culprit = f"row {number}: {error}"
                raise BadInput(f"a row of {path} cannot be used", [culprit], FIX) from error
            places.append((path.name, number))
            names.append(name)
    return [
        RepeatedName(file, row, name, written)
        for (file, row), name, written in zip(places, names, unique_names(names), strict=True)
        if written != name
    ]
