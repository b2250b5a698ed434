"""A small graph with a real record, for every test of the sign-off."""

from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.storage.event_log import in_memory as events_in_memory
from dagster._core.storage.runs import in_memory as runs_in_memory
from sqlalchemy import Engine, event
from sqlalchemy.pool import QueuePool

from wmtp_assets.files.walking import remove_tree
from wmtp_assets_tests.signoff.world import World


@pytest.fixture
def world(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """Always at the same root, which is emptied: what was made once may be copied there."""
    root = tmp_path_factory.getbasetemp() / "world" / "root"
    root.mkdir(parents=True)
    # SQLite as on disk, in memory: half the time. Dagster would connect anew for each query.
    for module in (events_in_memory, runs_in_memory):
        monkeypatch.setattr(module, "NullPool", QueuePool)
    event.listen(Engine, "do_connect", _lend_to_any_thread)
    try:
        with dg.DagsterInstance.ephemeral() as instance:
            yield World(root, instance)
    finally:
        event.remove(Engine, "do_connect", _lend_to_any_thread)
        remove_tree(root)


def _lend_to_any_thread(dialect, record, arguments, options: dict) -> None:
    """The pool lends a connection to one thread at a time; a signature is told of by another."""
    options["check_same_thread"] = False
