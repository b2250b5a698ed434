"""A small graph with a real record, for every test of the sign-off."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets_tests.signoff.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    # SQLite as on disk, in memory: half the time.
    with dg.DagsterInstance.ephemeral() as instance:
        yield World(tmp_path, instance)
