"""A tiny storage with all datasets, and copies of it to be damaged."""

from pathlib import Path

import pytest

from wmtp_assets import store
from wmtp_assets.corpora.schema.schema_json import read_stored_splits
from wmtp_assets.setup import Setup
from wmtp_assets.stats.sources import full_content
from wmtp_assets.stats.summary import summary_bytes
from wmtp_assets_tests.corpora.world import DAY, copied, made_setup


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Setup:
    """All datasets materialized, with summaries that know the texts; not to be changed."""
    setup = made_setup(tmp_path_factory.mktemp("made"))
    for row in setup.catalog.datasets:
        folder = setup.store.dataset(row.name)
        splits = read_stored_splits(row, folder)
        content = full_content(setup.catalog, setup.store, row.name, splits)
        store.write_bytes(folder.stats / f"{DAY}_summary.json", summary_bytes(content, DAY))
    return setup


@pytest.fixture
def damaged(made: Setup, tmp_path: Path) -> Setup:
    """A copy of the storage that the test may damage."""
    return copied(made, tmp_path)
