"""A run by command is killed, then the page is opened and a job launched there: it runs soon.

The page starts in half a minute, hence marked long.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wmtp_assets.runs.stopped import MODULE
from wmtp_assets_tests.team.webserver import Webserver, running_page

pytestmark = pytest.mark.long

PROJECT = Path(__file__).parents[2]
# A minute on a machine of its own; this one may test several things at once.
SOON_SECONDS = 120
WHERE = f'repositoryName: "__repository__", repositoryLocationName: "{MODULE}"'
RUNS = "runId jobName status"


def runs(page: Webserver) -> dict[str, dict]:
    told = page.query(f"{{ runsOrError {{ ... on Runs {{ results {{ {RUNS} }} }} }} }}")
    return {run["jobName"]: run for run in told["data"]["runsOrError"]["results"]}


def why(page: Webserver, run_id: str) -> list[str]:
    """What the page shows of the end of a failed run."""
    events = "events { __typename ... on MessageEvent { message } }"
    asked = f'{{ logsForRun(runId: "{run_id}") {{ ... on EventConnection {{ {events} }} }} }}'
    found = page.query(asked)["data"]["logsForRun"]["events"]
    return [event["message"] for event in found if event["__typename"] == "RunFailureEvent"]


def test_a_job_launched_in_the_page_does_not_wait_for_a_killed_run(tmp_path: Path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("WMTP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    monkeypatch.chdir(tmp_path)
    shutil.copy(PROJECT / "dagster.yaml", tmp_path)
    command = [Path(sys.executable).parent / "dagster", "job", "execute", "-m", MODULE]
    killed = subprocess.Popen(
        [*command, "-j", "datasets"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    assert any(line.startswith("done ") for line in killed.stderr), "no step has ended"
    killed.kill()
    killed.communicate()
    with running_page() as page:
        where = f'{{{WHERE}, jobName: "reference_model"}}'
        launched = f"launchRun(executionParams: {{selector: {where}}}) {{ __typename }}"
        assert "LaunchRunSuccess" in str(page.query(f"mutation {{ {launched} }}"))
        began = time.monotonic()
        while runs(page)["reference_model"]["status"] not in ("STARTED", "SUCCESS"):
            assert time.monotonic() - began < SOON_SECONDS, runs(page)
            time.sleep(0.5)
        print(f"runs {time.monotonic() - began:.0f} s after it was launched")
        dead = runs(page)["datasets"]
        assert dead["status"] == "FAILURE"
        [told] = why(page, dead["runId"])
        assert "ended without a word: killed, out of memory, or power cut" in told
        assert "not made: " in told and "go on: " in told
