"""A small part of the real graph by command, its record in Postgres, read back by a new process.

One run of the command for the whole module (a quarter of a minute), hence marked long.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wmtp_assets_tests.team.conftest import TEAM_YAML
from wmtp_assets_tests.team.postgres import Postgres
from wmtp_assets_tests.test_run import BIN, Sample

pytestmark = pytest.mark.long

SPLIT = "humaneval/test"
READ = """
import json
import dagster as dg
from wmtp_assets.definitions import defs
from wmtp_assets.evidence.read import read_evidence

with dg.DagsterInstance.get() as instance:
    evidence = read_evidence(instance, defs.resources["declared"], defs.resources["deployment"])
    runs = {run.run_id: run.status.value for run in instance.get_runs()}
    read_from = type(instance.event_log_storage).__name__
rows = [
    {
        "asset": judged.check.asset,
        "check": judged.check.name,
        "outcome": str(judged.outcome),
        "run": runs.get(latest.run_id) if (latest := judged.check.latest) else None,
        "content": latest.content if latest else None,
    }
    for judged in evidence.checks
]
made = {asset.key: asset.latest.version for asset in evidence.assets if asset.latest}
print(json.dumps({"from": read_from, "rows": rows, "made": made}))
"""


class Team(Sample):
    """A sample storage whose record is in Postgres."""

    def __init__(self, root: Path):
        super().__init__(root)
        shutil.copy(TEAM_YAML, self.home / "dagster.yaml")
        self.split = self.storage / "datasets_v2/humaneval/processed/test.jsonl"

    def materialize(self, selection: str) -> None:
        done = self.command(
            str(BIN / "dagster"),
            *("asset", "materialize", "-m", "wmtp_assets.definitions", "--select", selection),
        )
        assert done.returncode == 0, done.stderr[-4000:]

    def verify(self, key: str) -> int:
        """Run the checks of one asset, every byte."""
        job = ("job", "execute", "-m", "wmtp_assets.definitions", "-j", "verify_storage_deep")
        step = key.replace("/", "__") + "_checks"
        return self.command(str(BIN / "dagster"), *job, "--op-selection", step).returncode

    def read(self) -> dict:
        done = self.command(sys.executable, "-c", READ)
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout)

    def outcomes(self, key: str) -> set[str]:
        return {row["outcome"] for row in self.read()["rows"] if row["asset"] == key}


@pytest.fixture(scope="module")
def team(postgres: Postgres, empty_record: str, tmp_path_factory) -> Iterator[Team]:
    team = Team(tmp_path_factory.mktemp("team"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_PG_URL", postgres.create("sample", empty_record))
        team.materialize(f'+key:"{SPLIT}"')
        yield team
    postgres.drop("sample")
    shutil.rmtree(team.root)


def test_every_check_of_what_was_made_is_read_back_as_passed(team: Team):
    read = team.read()
    assert read["from"] == "PostgresEventLogStorage"
    assert {"humaneval/raw", "ref_sheared/tokenizer", SPLIT} < read["made"].keys()
    rows = [row for row in read["rows"] if row["asset"] in read["made"]]
    assert len([row for row in rows if row["asset"] == SPLIT]) > 5
    for row in rows:
        wanted = {"outcome": "passed", "run": "SUCCESS", "content": read["made"][row["asset"]]}
        assert row == {"asset": row["asset"], "check": row["check"], **wanted}


def test_damage_is_read_back_as_failed_until_it_is_mended(team: Team):
    good = team.split.read_bytes()
    team.split.write_bytes(good.replace(b"return", b"retrun", 1))
    try:
        assert team.verify(SPLIT) == 1
        assert "failed" in team.outcomes(SPLIT)
    finally:
        team.split.write_bytes(good)
    assert team.verify(SPLIT) == 0
    assert team.outcomes(SPLIT) == {"passed"}


def test_the_limit_of_a_pool_is_set_by_the_command_of_the_documentation(team: Team):
    dagster = (str(BIN / "dagster"), "instance", "concurrency")
    assert team.command(*dagster, "set", "fetch_humaneval", "1").returncode == 0
    assert '"fetch_humaneval": 0 / 1 slots' in team.command(*dagster, "get", "--all").stdout
    team.materialize('key:"humaneval/raw"')
    assert team.outcomes("humaneval/raw") == {"passed"}
