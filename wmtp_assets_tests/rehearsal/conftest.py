"""One storage of the whole graph for the tests of the session; they do not damage it."""

from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.storage.event_log.sqlite import sqlite_event_log

from wmtp_assets.sample.__main__ import reuse_engines
from wmtp_assets_tests.rehearsal.upstream import rehearsal_catalog, write_mirror
from wmtp_assets_tests.rehearsal.world import Rehearsal


@pytest.fixture(scope="session")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Jobs phase1 and report have run, on a record on disk (40 s); it may be approved."""
    root = tmp_path_factory.mktemp("rehearsal")
    catalog = rehearsal_catalog()
    write_mirror(root / "mirror", catalog)
    (root / "home").mkdir()
    with (
        pytest.MonkeyPatch.context() as patch,
        dg.DagsterInstance.local_temp(str(root / "home")) as instance,
    ):
        # Put back at the end.
        patch.setattr(sqlite_event_log, "create_engine", sqlite_event_log.create_engine)
        reuse_engines()
        made = Rehearsal(root, catalog, instance)
        made.succeeded = {job: made.run(job).success for job in ("phase1", "report")}
        yield made
