"""A small graph with a real record, for every test of the sign-off."""

from collections.abc import Iterator

import dagster as dg
import pytest

from wmtp_assets.files.walking import remove_tree
from wmtp_assets_tests.signoff.world import World


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Always at the same root, which is emptied: what was made once may be copied there."""
    root = tmp_path_factory.getbasetemp() / "world" / "root"
    root.mkdir(parents=True)
    # SQLite as on disk, in memory: half the time.
    try:
        with dg.DagsterInstance.ephemeral() as instance:
            yield World(root, instance)
    finally:
        remove_tree(root)
