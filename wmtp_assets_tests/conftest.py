"""What all tests share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A change is not blamed for what luck finds beside it; the fuzzers hunt further on demand.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def _stays_where_it_began():
    """A test that leaves its worker in another folder is named, not the ones that run after it."""
    began = Path.cwd()
    yield
    ended = Path.cwd()
    os.chdir(began)
    assert ended == began, f"the test left its process in {ended}"
