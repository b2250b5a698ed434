"""One storage of the whole graph for the tests of the session; they do not damage it."""

from collections.abc import Iterator

import pytest

from wmtp_assets_tests.rehearsal.world import Rehearsal, rehearsed


@pytest.fixture(scope="session")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Jobs phase1 and report have run; the storage may be approved by now."""
    with rehearsed(tmp_path_factory.mktemp("rehearsal")) as made:
        yield made
