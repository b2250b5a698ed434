"""The roots that a storage has had, and when: which records are about this storage.

Pure: records name a storage by its root. Two spellings of one folder (a link, `..`) are one root,
and a storage that was moved keeps its records, once a run has recorded it (moving/). Not here:
where roots come from (settings.py) and how moves enter the record (record.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from pathlib import Path


@dataclass(frozen=True)
class Move:
    """The storage at `old` was moved to `new`; the time in seconds since 1970."""

    old: str
    new: str
    moved_at: float


@dataclass(frozen=True)
class RootPeriod:
    """A root that the storage had; records of another time are about another storage."""

    root: str
    since: float = -inf
    until: float = inf


@dataclass(frozen=True)
class StorageHistory:
    """The roots of one storage, the present one first; and the moves of all storages."""

    periods: tuple[RootPeriod, ...]
    moves: tuple[Move, ...] = ()

    @property
    def root(self) -> str:
        """The present storage root."""
        return self.periods[0].root

    def covers(self, stated: str | None, at: float) -> bool:
        """Whether a record about the root `stated`, made at that time, is about this storage."""
        if stated is None:
            return False
        during = [period.root for period in self.periods if period.since <= at < period.until]
        return stated in during or any(is_same_folder(stated, root) for root in during)

    def current_root_of(self, stated: str, at: float) -> str:
        """Where the storage is now that a record about the root `stated`, made then, is about."""
        for move in sorted(self.moves, key=lambda move: move.moved_at):
            if move.moved_at > at and move.old == stated:
                stated = move.new
        return stated


def history_of(root: str, moves: Iterable[Move] = ()) -> StorageHistory:
    """Follow the moves of a storage back from where it is now.

    What was recorded at a root before the storage came there is about another one, as is what
    was recorded at its old root after it had left.
    """
    moves = tuple(moves)
    periods, until = [], inf
    there, ordered = root, sorted(moves, key=lambda move: move.moved_at, reverse=True)
    while True:
        move = next((m for m in ordered if m.moved_at < until and there in (m.old, m.new)), None)
        periods.append(RootPeriod(there, move.moved_at if move else -inf, until))
        if move is None or there != move.new:
            return StorageHistory(tuple(periods), moves)
        there, until = move.old, move.moved_at


def resolved(path: Path | str) -> Path:
    """The one spelling of a folder, whether it is there or not; a loop of links stays as it is."""
    try:
        return Path(path).resolve()
    except (OSError, RuntimeError):  # a loop of links, before Python 3.13
        return Path(path).absolute()


def is_same_folder(one: str, other: str) -> bool:
    """Whether two spellings name one folder now: by links, or on a disk that ignores case."""
    if one == other or resolved(one) == resolved(other):
        return True
    try:
        return Path(one).samefile(other)
    except OSError:
        return False
