"""What all tests share."""

import gc
import os
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from hypothesis import settings

# A change is not blamed for what luck finds beside it; the fuzzers hunt further on demand.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

# Dagster reads its 89 migrations for each database that it makes, 18 ms: here once in a process.
_read_migrations = ScriptDirectory.from_config
_migrations: dict[tuple, ScriptDirectory] = {}


def _migrations_of(config: Config) -> ScriptDirectory:
    key = (config.config_file_name, config.get_main_option("script_location"))
    if key not in _migrations:
        _migrations[key] = _read_migrations(config)
    return _migrations[key]


ScriptDirectory.from_config = staticmethod(_migrations_of)  # type: ignore[assignment]


# The workers of pytest share the cores: threads of torch would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_finish():
    """What was imported stays: the collector need not look at it again, 0.2 s each time."""
    gc.freeze()


@pytest.fixture(autouse=True)
def _stays_where_it_began():
    """A test that leaves its worker in another folder is named, not the ones that run after it."""
    began = Path.cwd()
    yield
    ended = Path.cwd()
    os.chdir(began)
    assert ended == began, f"the test left its process in {ended}"
