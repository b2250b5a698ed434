"""An empty storage."""

from pathlib import Path

import pytest

from wmtp_assets.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "storage", tmp_path / "docs")
