"""The page runs (`dagster dev`), a verification fails in a script: the documents tell it.

One storage of two assets, made by commands; about a minute, hence marked long.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wmtp_assets.automation.sensors import REPORT_SECONDS
from wmtp_assets.runs.stopped import MODULE
from wmtp_assets_tests.team.webserver import Webserver, running_page

pytestmark = pytest.mark.long

PROJECT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
# Machines that test at the same time: what is measured is told, what is asserted is generous.
PATIENCE_SECONDS = 240
WHERE = f'repositoryName: "__repository__", repositoryLocationName: "{MODULE}"'


@pytest.fixture
def page(tmp_path: Path, monkeypatch) -> Iterator[Webserver]:
    """The page of the sample, in the folder where the commands run too."""
    shutil.copy(PROJECT / "dagster.yaml", tmp_path)
    for name in [name for name in os.environ if name.startswith("WMTP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    monkeypatch.chdir(tmp_path)
    with running_page() as page:
        yield page


def dagster(*arguments: str) -> subprocess.CompletedProcess:
    command = [str(BIN / "dagster"), *arguments[:2], "-m", MODULE, *arguments[2:]]
    return subprocess.run(command, capture_output=True, text=True)


def runs_of(page: Webserver, job: str) -> list[dict]:
    """The runs that the page shows under a job, newest first."""
    asked = f'pipelineOrError(params: {{pipelineName: "{job}", {WHERE}}})'
    told = page.query(f"{{ {asked} {{ ... on Pipeline {{ runs {{ runId status }} }} }} }}")
    return told["data"]["pipelineOrError"]["runs"]


def step6() -> dict:
    content = json.loads(Path(".sample/docs/phase1_checklist.json").read_text())
    [step] = [step for step in content["steps"] if step["step"] == 6]
    return step["outcomes"]


def wait(for_what: Callable[[], object]) -> object:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := for_what()):
        assert time.monotonic() < deadline, for_what
        time.sleep(0.5)
    return found


def told(page: Webserver, count: int) -> list[dict]:
    """The reports, once there are so many and all have ended well."""

    def all_ended() -> list[dict] | None:
        runs = runs_of(page, "report")
        ended = len(runs) == count and all(run["status"] == "SUCCESS" for run in runs)
        return runs if ended else None

    return wait(all_ended)


def test_a_verification_that_fails_in_a_script_is_told_by_the_page(page: Webserver):
    materialize = ("asset", "materialize", "--select", "storage_layout,humaneval/raw")
    assert dagster(*materialize).returncode == 0
    told(page, 1)
    assert "failed" not in step6()

    [data] = Path(".sample/storage/datasets_v2/humaneval/raw").glob("openai_humaneval/*.parquet")
    right = data.read_bytes()
    data.write_bytes(right[:-5] + b"rot!!")
    checks = ("--op-selection", "humaneval__raw_checks")
    failed = dagster("job", "execute", "-j", "verify_storage_deep", *checks)
    ended = time.monotonic()
    assert failed.returncode == 1
    [run] = runs_of(page, "verify_storage_deep")
    assert run["status"] == "FAILURE"

    newest = told(page, 2)[0]
    seconds = time.monotonic() - ended
    print(f"report {newest['runId']}, {seconds:.0f} s after the script: step 6 {step6()}")
    # The digest of the record, and that of the source; the size is right.
    assert step6()["failed"] == 2

    # Wrong raw files are fetched again.
    assert dagster(*materialize).returncode == 0
    assert data.read_bytes() == right
    told(page, 3)
    assert "failed" not in step6()
    # Two beats more: no report follows a report.
    time.sleep(2 * REPORT_SECONDS + 5)
    assert len(runs_of(page, "report")) == 3
