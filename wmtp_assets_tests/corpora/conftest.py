"""One tiny storage for the whole session, and copies of it to be damaged."""

from pathlib import Path

import pytest

from wmtp_assets.setup import Setup
from wmtp_assets_tests.corpora.world import copied, made_setup


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Setup:
    """All datasets materialized; not to be changed."""
    return made_setup(tmp_path_factory.mktemp("made"))


@pytest.fixture
def damaged(made: Setup, tmp_path: Path) -> Setup:
    """A copy of the storage that the test may damage."""
    return copied(made, tmp_path)
