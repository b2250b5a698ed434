"""The database of a team as deploy/team/database.sql makes it, and what is done to it later."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets.approval.signing import KeySigner
from wmtp_assets.approval.state import ApprovalState
from wmtp_assets.evidence.judge import Outcome
from wmtp_assets_tests.signoff.approval.sealed import new_keys, reviewers
from wmtp_assets_tests.signoff.world import GOOD, World
from wmtp_assets_tests.team.conftest import TEAM_YAML
from wmtp_assets_tests.team.postgres import Postgres
from wmtp_assets_tests.team.webserver import running_webserver

pytestmark = pytest.mark.long

SQL = TEAM_YAML.parent / "database.sql"


def tool(postgres: Postgres, name: str) -> str:
    """A command of Postgres; packages may leave out those that are not the server's."""
    found = shutil.which(name, path=f"{postgres.binaries}:{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"no {name} beside initdb or on the PATH")
    return found


@pytest.fixture
def owned(postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The record of database.sql; its owner, who is no superuser, has made tables and a run."""
    made = [tool(postgres, "psql"), "-v", "ON_ERROR_STOP=1", "-f", SQL, postgres.plain_url()]
    subprocess.run(made, check=True, capture_output=True)
    shutil.copy(TEAM_YAML, tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_PG_URL", postgres.url("wmtp", "wmtp"))
    with dg.DagsterInstance.get() as instance:
        world = World(tmp_path, instance)
        assert world.run("phase1", GOOD)
        # The page of the operators' webserver writes this; a reader cannot.
        instance.run_storage.get_run_storage_id()
        yield world
    postgres.drop("wmtp")
    postgres.execute("DROP ROLE wmtp")
    postgres.execute("DROP ROLE wmtp_reader")


def test_a_role_that_reads_is_enough_for_reviewers(owned: World, postgres: Postgres):
    """The second lock: it holds where --read-only was forgotten."""
    newest = owned.instance.event_log_storage.get_maximum_record_id()
    reader = postgres.url("wmtp", "wmtp_reader")
    with running_webserver(DAGSTER_PG_URL=reader) as webserver:
        assert webserver.serves_pages_and_runs
        posted = webserver.ask("/report_asset_check/mbpp/train?check_name=x&passed=true", {})
        assert posted[0] == 500
    status = subprocess.run(
        [sys.executable, "-m", "wmtp_assets.signoff", "status"],
        cwd=owned.root,
        env={**os.environ, "DAGSTER_PG_URL": reader, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
    )
    assert "approval: absent" in status.stdout, status.stderr
    assert owned.instance.event_log_storage.get_maximum_record_id() == newest


def test_a_dump_read_into_another_database_holds_the_same_evidence(
    world: World, postgres: Postgres, home: Path, monkeypatch: pytest.MonkeyPatch
):
    world.make_approvable().approve()
    before, approval = world.evidence, world.approval
    name = os.environ["DAGSTER_PG_URL"].split("?")[0].rpartition("/")[2]
    dump = [tool(postgres, "pg_dump"), "-Fc", "-f", home / "dump", postgres.plain_url(name)]
    subprocess.run(dump, check=True)
    monkeypatch.setenv("DAGSTER_PG_URL", postgres.create("restored"))
    restore = [tool(postgres, "pg_restore"), "-d", postgres.plain_url("restored"), "dump"]
    subprocess.run(restore, check=True, cwd=home)
    with dg.DagsterInstance.get() as world.instance:
        assert (world.evidence, world.approval) == (before, approval)
        assert world.run("phase1", GOOD)
    postgres.drop("restored")


@pytest.mark.parametrize("signed", [True, False])
def test_a_new_record_knows_signed_decisions_only(world: World, tmp_path: Path, signed: bool):
    """From SQLite to Postgres: made again, reported; what nobody signed is to be decided again."""
    keys = new_keys(tmp_path / "ann")
    team = world.instance
    with dg.DagsterInstance.ephemeral() as world.instance:
        world.make_approvable().approve(signer=KeySigner(keys.private) if signed else None)
        content = world.evidence.storage_digest
    world.instance = team
    if signed:
        world.trusting(reviewers(tmp_path, keys))
    assert {j.outcome for j in world.evidence.checks} == {Outcome.NOT_EVALUATED}
    assert world.run("phase1", GOOD) and world.run("report")
    assert world.evidence.storage_digest == content
    assert world.approval.state == (ApprovalState.APPROVED if signed else ApprovalState.ABSENT)
    assert ("not known to this record, decide again" in world.approval.summary) is not signed
