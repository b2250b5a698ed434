"""Published text that is not UTF-8: where it stands, and how many candidates it costs.

Parquet says of a column that it is UTF-8 and does not enforce it. A program that is not text cannot
be written into JSONL; of a problem whose name, description or shown tests are not, no program can.
Such candidates are dropped and counted as any others. What is never written is never looked at: a
program in another language may hold what it likes.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class InvalidText:
    """A published value that is not UTF-8.

    Attributes:
        row_group: Of the file, from 0, as is `row`: the row in the file.
        place: Column, part and index in the list, such as `solutions.solution[7]`.
        dropped: Candidates that are not written for it.
    """

    file: str
    row_group: int
    row: int
    place: str
    dropped: int

    def __str__(self) -> str:
        return (
            f"{self.file} row group {self.row_group} row {self.row} {self.place} "
            f"({self.dropped:,} dropped)"
        )


class NotText(Exception):
    """A value that was asked for is not UTF-8; the reader of the row decides what that costs."""

    def __init__(self, place: str):
        super().__init__(place)
        self.place = place


def decode_texts(items: "pa.Array") -> tuple[list[str], list[int]]:
    """The texts of an array that holds no null, and the places of those that are not UTF-8."""
    try:
        return items.to_pylist(), []
    except UnicodeDecodeError:
        texts, bad = [], []
    for place, item in enumerate(items):
        try:
            texts.append(item.as_py())
        except UnicodeDecodeError:
            bad.append(place)
    return texts, bad
