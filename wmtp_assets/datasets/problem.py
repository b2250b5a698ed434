"""One published row -> one problem: what a reader makes of it, and how it takes values out.

Every candidate that is not Python or not UTF-8 is counted by the reader with its reason; the token
filter comes later, in `convert.units`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wmtp_assets.datasets.formats import INVALID_UTF8
from wmtp_assets.datasets.invalid_text import InvalidText, NotText, decode_texts

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, "pa.Scalar"]


@dataclass(frozen=True)
class LabelledSolutions:
    """Solutions of one class, each written unless its record is too long.

    Attributes:
        is_correct: The label of all of them; None where a dataset has none.
        task_ids: One for each.
        outputs: Their texts, in the same order.
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
    metadata: Mapping[str, Any]
    candidates: Sequence[LabelledSolutions]
    dropped: Counter = field(default_factory=Counter)
    invalid: Sequence[InvalidText] = ()


class BadRow(Exception):
    """What is wrong with a row; the reader adds where it lies."""


def value_of(row: Row, column: str):
    """The value of a column, proven to be there and to be text."""
    try:
        value = row[column].as_py()
    except UnicodeDecodeError as error:
        raise NotText(column) from error
    if value is None:
        raise BadRow(f"{column} is null")
    return value


def all_texts(items: "pa.Array", place: str) -> list[str]:
    """The texts of a list, proven to be text."""
    texts, bad = decode_texts(items)
    if bad:
        raise NotText(f"{place}[{bad[0]}]")
    return texts


def lists_of(row: Row, column: str, first: str, second: str) -> list["pa.Array"]:
    """The two lists of a struct, proven to hold no null."""
    lists = [row[column][part].values for part in (first, second)] if row[column].is_valid else []
    if not lists or any(items is None for items in lists):
        raise BadRow(f"{column} is null")
    if any(items.null_count for items in lists):
        raise BadRow(f"{column} holds a null")
    return lists


def dropped_problem(place: str, candidates: int, dropped: Counter) -> Problem:
    """A problem that cannot be written at all, for what is not UTF-8 at one place."""
    if not candidates:
        return Problem("", "", {}, [], dropped)
    dropped[INVALID_UTF8] += candidates
    return Problem("", "", {}, [], dropped, [InvalidText("", 0, 0, place, candidates)])
