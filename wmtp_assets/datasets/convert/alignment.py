"""The line metadata of a split beside its lines: regenerated, and compared with the stored one."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from wmtp_assets.datasets.convert.culprits import Culprits
from wmtp_assets.datasets.convert.line_metadata import open_line_metadata
from wmtp_assets.errors import BadInput


class Alignment:
    """Regenerates line metadata from the lines and compares it with the stored one, in lockstep.

    Args:
        culprits: Where differences go, each after `prefix`.
    """

    def __init__(self, path: Path, culprits: Culprits, prefix: str = ""):
        self._culprits = culprits
        self._prefix = prefix
        self.items = 0
        self.head: dict[str, Any] = {}
        self._name = path.name
        self._broken = False
        self._stream = self._read(path)
        next(self._stream, None)  # opens the file and reads its head

    def _read(self, path: Path) -> Iterator[bytes]:
        try:
            with open_line_metadata(path) as metadata:
                self.head = metadata.head
                yield b""
                yield from metadata.items
        except BadInput as error:
            self._broken = True
            self._add(error)

    def see_all(self, before: int, items: Iterable[tuple[bytes | None, int]]) -> None:
        """Compare the items of the lines after line `before`, as (item, lines that have it)."""
        for item, count in items:
            for number in range(before + 1, before + count + 1):
                self.see(number, item)
            before += count

    def see(self, number: int, item: bytes | None) -> None:
        """Compare the item of one line; damage ends the comparison and is reported once.

        Args:
            item: The one regenerated from the line; None where it has no record.
        """
        stored = None if self._broken else next(self._stream, None)
        if stored is None:
            if not self._broken:
                self._broken = True
                self._add(f"{self._name} has no item for line {number}")
            return
        self.items += 1
        if item is not None and stored != item:
            self._add(f"line {number}: stored {stored!r}, regenerated {item!r}")

    def end(self, dataset: str, split: str, source_file: str, sha256: str | None) -> None:
        """Compare the end of the list and what the head says of its JSONL."""
        wanted = {"dataset": dataset, "split": split, "source_file": source_file, "sha256": sha256}
        if not self.head:
            return
        for key, value in wanted.items():
            if self.head[key] != value:
                self._add(f"{key} is {self.head[key]!r}, not {value!r}")
        if extra := sum(1 for _ in self._stream):
            self._add(f"{self._name} has {extra:,} items beyond the last line")

    def _add(self, culprit: object) -> None:
        self._culprits.add(f"{self._prefix}{culprit}")
