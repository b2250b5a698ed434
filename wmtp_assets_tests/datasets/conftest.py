"""One tiny storage for the whole session, and copies of it to be damaged."""

from pathlib import Path

import pytest

from wmtp_assets.deployment import Deployment
from wmtp_assets_tests.datasets.world import copied, made_deployment


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Deployment:
    """All datasets materialized; not to be changed."""
    return made_deployment(tmp_path_factory.mktemp("made"))


@pytest.fixture
def damaged(made: Deployment, tmp_path: Path) -> Deployment:
    """A copy of the storage that the test may damage."""
    return copied(made, tmp_path)
