"""Dagster's event log in SQLite with one SQLAlchemy engine a file.

Dagster makes an engine for every query and every stored event, and a new engine compiles each
statement anew. The sample connects 5,000 times, and saves about 1 ms each time. Connections are
still opened and closed each time (NullPool), so that nothing keeps a file open. Before it opens a
file for the first time, Dagster reads all its migrations (0.05 s a file, in the process of every
step) to see whether the file is made; its version stamp says so at once.
"""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from sqlalchemy import Connection, Engine, NullPool, create_engine

from wmtp_assets.sqlite_files import is_made

INDEX = "index"
# Each run has a file of its own, and the page looks at many.
MAX_ENGINES = 64


@lru_cache(MAX_ENGINES)
def engine_of(url: str) -> Engine:
    """The engine of a file. It holds no connection, so a forked process may use it too."""
    return create_engine(url, poolclass=NullPool)


class EventLog(SqliteEventLogStorage):
    """The event log of a record; Dagster opens and makes each file that it has not made."""

    def __init__(self, base_dir, inst_data=None):
        self._opened: set[str] = set()
        # As in Dagster: the threads of a process connect one after the other.
        self._one_at_a_time = threading.Lock()
        super().__init__(base_dir, inst_data)

    # How to connect is what the storages of each database say; the rest of them is common.
    # Dagster declares None as run and refuses it.

    def run_connection(self, run_id: Any = None) -> AbstractContextManager[Connection]:
        return self._connect_again(run_id, super().run_connection(run_id))

    def index_connection(self) -> AbstractContextManager[Connection]:
        return self._connect_again(INDEX, super().index_connection())

    @contextmanager
    def _connect_again(self, shard: str, first: AbstractContextManager) -> Iterator[Connection]:
        with self._one_at_a_time:
            if shard not in self._opened:
                if not is_made(Path(self.path_for_shard(shard))):
                    with first:
                        pass
                self._opened.add(shard)
            with engine_of(self.conn_string_for_shard(shard)).begin() as connection:
                yield connection

    def wipe(self) -> None:
        self._opened.clear()
        super().wipe()
