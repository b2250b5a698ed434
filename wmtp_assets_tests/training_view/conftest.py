"""A small storage for every test of views."""

from pathlib import Path

import pytest

from wmtp_assets_tests.training_view.world import ViewWorld


@pytest.fixture
def world(tmp_path: Path) -> ViewWorld:
    return ViewWorld(tmp_path)
