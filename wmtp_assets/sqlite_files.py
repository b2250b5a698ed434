"""The files of a record in SQLite: whether Dagster can open them, who holds them. No Dagster."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

# file below DAGSTER_HOME -> a table that it has once it is made
DATABASES = {
    "history/runs.db": "runs",
    "history/runs/index.db": "event_logs",
    "schedules/schedules.db": "job_ticks",
}
LOOK_SECONDS = 2
LOCKS = Path("/proc/locks")
LOCK_FIX = (
    "end what holds it (`lsof FILE` lists who has it open) or wait until it is done, then run again"
)
HEADS_FIX = (
    "python -m wmtp_assets.signoff status mends that and loses nothing; dagster itself does not"
)
WAY_BACK = (
    "end all dagster processes, then move the record away: "
    'mkdir "$DAGSTER_HOME/broken" && mv "$DAGSTER_HOME"/history "$DAGSTER_HOME"/schedules '
    '"$DAGSTER_HOME/broken/"; lost with it is what it knew: runs, checks and decisions, not files: '
    "the jobs keep the raw files and record everything anew"
)


class DatabaseLocked(Exception):
    """A database that another program holds."""


def faults(home: Path) -> Iterator[tuple[str, str]]:
    """Why Dagster cannot open the record of a folder: what is wrong, and the way back.

    Raises:
        Held: Another program holds one of the files.
    """
    for name, table in DATABASES.items():
        if (home / name).exists():
            yield from ((f"{name} {what}", fix) for what, fix in _faults(home / name, table))


def _faults(path: Path, table: str) -> Iterator[tuple[str, str]]:
    try:
        # mode=ro creates no file. Not immutable=1: it skips -wal, where the last writes may lie.
        with _opened(path, "ro") as found:
            tables = {name for (name,) in found.execute("SELECT name FROM sqlite_master")}
            heads = _heads(found) if "alembic_version" in tables else []
    except sqlite3.DatabaseError as error:
        if "locked" in str(error):
            raise DatabaseLocked(str(path)) from error
        yield f"is no database that SQLite reads ({error})", WAY_BACK
        return
    if len(heads) > 1:
        yield f"was made by several commands at once (heads {', '.join(heads)})", HEADS_FIX
    elif heads and table not in tables:  # without a head Dagster makes the tables
        yield f"has no table {table}", WAY_BACK


def mend_heads(home: Path, older: str) -> list[str]:
    """Remove the second version stamp of a record that two commands made at once.

    The first command made all tables, of the newest version; the second found them before they were
    stamped, and stamped the older version that Dagster takes such tables for.

    Args:
        older: That older version.

    Returns:
        The files that were mended.
    """
    mended = []
    for name in DATABASES:
        with contextlib.suppress(sqlite3.Error), _opened(home / name, "rw") as found:
            if len(_heads(found)) > 1:
                with found:
                    found.execute("DELETE FROM alembic_version WHERE version_num = ?", (older,))
                mended.append(name)
    return mended


def is_made(path: Path) -> bool:
    """Whether Dagster has made a file: then it bears one version stamp."""
    with contextlib.suppress(sqlite3.Error), _opened(path, "ro") as found:
        return len(_heads(found)) == 1
    return False


@contextlib.contextmanager
def _opened(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    address = f"{path.absolute().as_uri()}?mode={mode}"
    with contextlib.closing(sqlite3.connect(address, uri=True, timeout=LOOK_SECONDS)) as found:
        yield found


def _heads(found: sqlite3.Connection) -> list[str]:
    rows = found.execute("SELECT version_num FROM alembic_version ORDER BY version_num")
    return [head for (head,) in rows]


def lock_holders(path: Path) -> list[str]:
    """The other processes of this machine that hold a lock on a database.

    Linux lists those that this user may see; elsewhere the list is empty.
    """
    inodes = set()
    for name in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        with contextlib.suppress(OSError):
            inodes.add(name.stat().st_ino)
    try:
        lines = LOCKS.read_text().splitlines()
    except OSError:
        return []
    pids = set()
    for line in lines:
        # 1: POSIX  ADVISORY  WRITE 4242 08:01:131 120 120; with `->` before POSIX it only waits
        fields = line.split()
        if "->" not in fields and "WRITE" in fields:
            pid, place = fields[fields.index("WRITE") + 1 :][:2]
            if int(place.rpartition(":")[2]) in inodes:
                pids.add(int(pid))
    return [f"process {pid} ({_command(pid)})" for pid in sorted(pids - {os.getpid()})]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "of another user or container"
