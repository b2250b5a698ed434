"""The selections that people try first, in `dagster asset materialize` and `dg launch`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets_tests.published_graph import published_graph

PROJECT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
CHECKLIST, APPROVAL = dg.AssetKey(["signoff", "checklist"]), dg.AssetKey(["signoff", "approval"])
# selection -> some of what it has to hold.
FIRST_TRIED = {
    'key:"micro_mtp"+': {"micro_mtp", "reports/storage_readme", "signoff/approval"},
    "kind:safetensors+": {"meta_mtp/safetensors", "signoff/checklist"},
    'owner:"team:wmtp"': {"storage_layout", "mbpp/train", "signoff/checklist"},
    "tag:step=3": {"meta_mtp/configs"},
    # Beside other marks a tag stands in quotes; without them Dagster looks for the value "3+".
    'tag:"step"="3"+': {"meta_mtp/configs", "signoff/checklist"},
    "tag:kind=dataset": {"mbpp/raw"},
    'tag:"kind"="dataset"+': {"mbpp/raw", "signoff/approval"},
    'key:"meta_mtp/raw"+': {"meta_mtp/raw", "micro_mtp"},
    '+key:"micro_mtp"': {"storage_layout", "meta_mtp/tokenizer", "micro_mtp"},
    '+key:"micro_mtp"+': {"storage_layout", "signoff/approval"},
    'key:"upstream/*"': {"upstream/mbpp"},
    'key:"signoff/*"': {"signoff/checklist", "signoff/approval"},
    "group:signoff+": {"signoff/checklist"},
    'key:"*"': {"storage_layout", "upstream/mbpp", "signoff/approval"},
    "*": {"storage_layout", "signoff/checklist"},
}


@pytest.fixture(scope="module", params=["plain", "with a backup"])
def repository(tmp_path_factory, request) -> dg.RepositoryDefinition:
    root = tmp_path_factory.mktemp("selections")
    return published_graph(
        root, backup_url=None if request.param == "plain" else str(root / "backup")
    ).get_repository_def()


@pytest.mark.parametrize("selection", FIRST_TRIED)
def test_the_selections_that_people_try_first_make_a_run(repository, selection):
    # What dagster._cli.asset does with --select, up to the run.
    found = dg.AssetSelection.from_coercible(selection.split(",")).resolve(repository.asset_graph)
    assert FIRST_TRIED[selection] <= {key.to_user_string() for key in found}
    job = repository.get_implicit_job_def_for_assets(found)
    assert job.get_subset(asset_selection=frozenset(found)).asset_layer.selected_asset_keys == found


def test_all_downstream_of_an_asset_leaves_the_backup_alone(repository):
    downstream = dg.AssetSelection.from_string('key:"storage_layout"+').resolve(
        repository.asset_graph
    )
    assert APPROVAL in downstream and dg.AssetKey(["signoff", "backup"]) not in downstream


def select(command: list[str], selection: str, home: Path) -> subprocess.CompletedProcess:
    settings = {k: v for k, v in os.environ.items() if not k.startswith("WMTP_")}
    settings |= {"DAGSTER_HOME": str(home), "PYTHONWARNINGS": "ignore", "HOME": str(home)}
    settings |= {"WMTP_STORAGE_ROOT": str(home / "storage"), "WMTP_DOCS_ROOT": str(home / "docs")}
    settings |= {"WMTP_SOURCE": "sample"}
    program = [str(BIN / command[0]), *command[1:], selection]
    return subprocess.run(program, cwd=PROJECT, env=settings, capture_output=True, text=True)


COMMANDS = pytest.mark.parametrize(
    "command",
    [
        ["dagster", "asset", "materialize", "-m", "wmtp_assets.definitions", "--select"],
        ["dg", "launch", "--assets"],
    ],
    ids=["dagster", "dg"],
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    shutil.copy(PROJECT / "dagster.yaml", tmp_path)
    return tmp_path


@pytest.mark.long
@COMMANDS
def test_all_downstream_reaches_the_approval_and_writes_none(home, command):
    done = select(command, 'key:"signoff/checklist"+', home)
    assert done.returncode == 0, done.stdout + done.stderr
    with dg.DagsterInstance.get() as instance:
        assert instance.fetch_materializations(CHECKLIST, limit=1).records
        assert not instance.fetch_materializations(APPROVAL, limit=1).records
        [looked] = instance.fetch_observations(APPROVAL, limit=2).records
        assert looked.asset_observation.metadata["decision"].value == 0


@pytest.mark.long
@COMMANDS
def test_a_selection_that_matches_nothing_runs_nothing(home, command):
    done = select(command, "tag:nobody_has_it", home)
    assert done.returncode == 1
    assert "the selection matches no asset" in done.stderr and "go on" not in done.stderr
    with dg.DagsterInstance.get() as instance:
        [run] = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.FAILURE
        begun = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.STEP_START)
        assert not begun.records
    assert not (home / "storage").exists()
