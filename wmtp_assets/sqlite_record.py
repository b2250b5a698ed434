"""The record in SQLite: made by one process at a time, and patient with other programs.

dagster.yaml names the storage here, so that `dagster` itself opens the record this way, before it
imports anything else of this project. Processes that make Dagster's databases at once leave one
with two heads of its migrations, which nobody opens any more; its run storage waits 5 s for a lock.
"""

import atexit
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dagster._core.storage.sqlite import LAST_KNOWN_STAMPED_SQLITE_ALEMBIC_REVISION
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from filelock import FileLock
from sqlalchemy import Engine, event

from wmtp_assets.errors import BadInput
from wmtp_assets.project_yaml import put_yaml
from wmtp_assets.sqlite_engines import EventLog
from wmtp_assets.sqlite_files import DATABASES, LOCK_FIX, lock_holders, mend_heads

# Dagster's own is 30 s for events and 5 s for runs; a copy of a record of a gigabyte took 40 s.
WAIT_SECONDS = 120
# Where DagsterSqliteStorage has its event log.
EVENTS = "history/runs"
GUARD = ".record.guard"


class RecordLocked(BadInput, sqlite3.OperationalError):
    """Another program held the record for longer than WAIT_SECONDS.

    An OperationalError too: Dagster tries again where it expects one.
    """


class GuardedSqliteStorage(DagsterSqliteStorage):
    """Dagster's SQLite storage, opened and made under a lock in its folder."""

    def __init__(self, base_dir, inst_data=None):
        be_patient()
        home = Path(base_dir).expanduser()
        with record_lock(home):
            mend(home)
            super().__init__(str(home), inst_data)
            self._events = EventLog(str(home / EVENTS))

    @property
    def event_log_storage(self) -> EventLog:
        return self._events

    def register_instance(self, instance) -> None:
        super().register_instance(instance)
        if not self._events.has_instance:
            self._events.register_instance(instance)

    @classmethod
    def config_type(cls):
        return {}

    @classmethod
    def from_config_value(cls, inst_data, config_value):
        home = os.environ.get("DAGSTER_HOME") or temporary_home()
        return cls.from_local(home, inst_data)


def temporary_home() -> str:
    """A record for the time of this command, its child processes included.

    Without DAGSTER_HOME, `dagster dev` and `dagster definitions validate` take the dagster.yaml of
    the working folder and a temporary record, but give its folder to no storage of ours.
    """
    home = tempfile.mkdtemp(prefix="dagster_record_")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    os.environ["DAGSTER_HOME"] = home
    return home


@contextmanager
def record_lock(home: Path) -> Iterator[None]:
    """Hold the lock under which a record is opened or made; a process may take it again inside."""
    lock = FileLock(home / GUARD, is_singleton=True)
    # In a folder that is read-only or without locks go on: opening the record names what is wrong.
    with suppress(OSError, NotImplementedError):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def mend(home: Path) -> list[str]:
    """Mend a record that several `dagster` commands made at once; the files that were mended."""
    return mend_heads(home, LAST_KNOWN_STAMPED_SQLITE_ALEMBIC_REVISION)


def guard_new_record(home: Path) -> None:
    """Put this project's dagster.yaml into a folder that holds no record and no dagster.yaml.

    `dagster asset materialize` opens the record before it imports anything of this project: where
    no dagster.yaml names the storage here, two of them at once break a new record.
    """
    target = home / "dagster.yaml"
    made = any((home / name).exists() for name in DATABASES)
    if not made and not target.exists():
        put_yaml(home)


def be_patient() -> None:
    """Let every SQLite connection of this process wait for a lock, and then name who holds it."""
    for name, listener in (("do_connect", _wait_longer), ("handle_error", _name_holder)):
        if not event.contains(Engine, name, listener):
            event.listen(Engine, name, listener)


def _wait_longer(dialect, connection_record, arguments, options) -> None:
    if dialect.name == "sqlite":
        options["timeout"] = WAIT_SECONDS


def _name_holder(context) -> None:
    error = context.original_exception
    if not isinstance(error, sqlite3.OperationalError) or "is locked" not in str(error):
        return
    path = Path(context.engine.url.database) if context.engine else Path("the record")
    held = lock_holders(path)
    raise RecordLocked(
        f"the record: database is locked for {WAIT_SECONDS} s: {path}", held, LOCK_FIX
    ) from error
