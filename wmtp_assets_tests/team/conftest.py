"""A record in Postgres, with the dagster.yaml of a team, for each test its own."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets_tests.signoff.world import World
from wmtp_assets_tests.team.postgres import Postgres, find_binaries, running_postgres

TEAM_YAML = Path(__file__).parents[2] / "deploy/team/dagster.yaml"
EMPTY = "empty_record"
numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    pytest.importorskip("dagster_postgres", reason="dagster-postgres is not installed: [postgres]")
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no initdb on the PATH, by pg_config or where packages put it: no Postgres")
    with running_postgres(binaries) as server:
        yield server


@pytest.fixture(scope="session")
def empty_record(postgres: Postgres, tmp_path_factory) -> str:
    """A database with Dagster's tables: making them takes 1 s, copying them 0.05 s."""
    home = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_PG_URL", postgres.create(EMPTY))
        shutil.copy(TEAM_YAML, home)
        dg.DagsterInstance.from_config(str(home)).dispose()
    return EMPTY


@pytest.fixture
def home(postgres: Postgres, empty_record: str, tmp_path: Path, monkeypatch) -> Iterator[Path]:
    """The DAGSTER_HOME of a team that has recorded nothing yet."""
    database = f"record_{next(numbers)}"
    monkeypatch.setenv("DAGSTER_PG_URL", postgres.create(database, empty_record))
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(TEAM_YAML, home)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    yield home
    postgres.drop(database)


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.get() as instance:
        # Dagster connects anew for each query (5 ms), but in its webserver. The queries are equal.
        instance.optimize_for_webserver(
            statement_timeout=15_000, pool_recycle=3600, max_overflow=20
        )
        yield instance


@pytest.fixture
def world(instance: dg.DagsterInstance, tmp_path: Path) -> World:
    """The small graph of the tests of the sign-off."""
    return World(tmp_path, instance)
