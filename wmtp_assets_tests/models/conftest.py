"""One tiny storage for all tests of the session; they put back what they damage."""

import os
from pathlib import Path

import pytest

from wmtp_assets_tests.models.tiny import TinyStorage, shared_storage

PROJECT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyStorage:
    return shared_storage(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def upstream() -> Path:
    """The small real files of the upstream repositories, which are not part of this project."""
    folder = Path(os.environ.get("WMTP_UPSTREAM_FILES", PROJECT.parent / "shared" / "upstream"))
    if not (folder / "meta-llama-mtp" / "params.json").is_file():
        pytest.skip(f"no real upstream files at {folder} (set WMTP_UPSTREAM_FILES)")
    return folder
