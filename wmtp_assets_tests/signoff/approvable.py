"""A world after its first jobs, made once in a process: a copy takes 4 ms, phase1 and report 0.9 s.

Only worlds that begin alike have the copy: at the same root, with the same code and the same files,
on an empty record in memory. Paths stand in the record, hence at the same root.
"""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dagster._core.storage.event_log.in_memory import InMemoryEventLogStorage

if TYPE_CHECKING:
    from wmtp_assets_tests.signoff.world import World

# What a world begins with -> its files then, and its record: the databases of runs and of events.
_made: dict[tuple, tuple[Path, list[sqlite3.Connection]]] = {}


def copy_or_make(world: "World", make: Callable[["World"], object]) -> "World":
    """Bring a world to where `make`, a function of a module, brings any that begins as this one."""
    beginning = _beginning_of(world)
    if beginning is None:
        make(world)
    elif made := _made.get((make, beginning)):
        files, databases = made
        shutil.copytree(files, world.root, dirs_exist_ok=True)
        for kept, now in zip(databases, _databases(world), strict=True):
            kept.backup(now)
    else:
        make(world)
        files = world.root.with_name(f"approvable{len(_made)}")
        shutil.copytree(world.root, files)
        databases = [sqlite3.connect(":memory:") for _ in range(2)]
        for kept, now in zip(databases, _databases(world), strict=True):
            now.backup(kept)
        _made[make, beginning] = files, databases
    return world


def _beginning_of(world: "World") -> tuple | None:
    """All that the first runs depend on; None where there is more than can be told."""
    instance = world.instance
    in_memory = isinstance(instance.event_log_storage, InMemoryEventLogStorage)
    if not in_memory or instance.get_runs_count() or instance.all_asset_keys():
        return None
    if not world.is_usual:
        return None
    files = [path for path in world.root.rglob("*") if not path.is_dir()]
    return (world.root, world.store.root, *((path, path.read_bytes()) for path in sorted(files)))


def _databases(world: "World") -> list[sqlite3.Connection]:
    storages = (world.instance.run_storage, world.instance.event_log_storage)
    return [storage._held_conn.connection.dbapi_connection for storage in storages]
