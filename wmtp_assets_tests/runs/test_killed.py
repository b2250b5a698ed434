"""kill -9 and SIGSTOP of real runs: their processes, their files, what the record says of them.

Each starts Dagster several times, hence marked long.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets.files.temporaries import is_abandoned, is_locked, sweep
from wmtp_assets.runs.executor import end_dead_runs
from wmtp_assets.runs.heartbeat import FOLDER
from wmtp_assets_tests.test_temporaries import CONTAINER, in_containers

pytestmark = pytest.mark.long

PROJECT = Path(__file__).parents[2]
RUN = [sys.executable, "-m", "dagster", "job", "execute", "-m", "wmtp_assets_tests.runs.slow_job"]
FORKSERVER = {"execution": {"config": {"multiprocess": {"start_method": {"forkserver": {}}}}}}
SPAWN = {"execution": {"config": {"multiprocess": {}}}}
PATIENCE_SECONDS = 120


@pytest.fixture
def home(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    monkeypatch.setenv("SLOW_FILE", str(tmp_path / "work" / "slow.dat"))
    shutil.copy(PROJECT / "dagster.yaml", tmp_path)
    return tmp_path


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.get() as instance:
        yield instance


def wait(for_what: Callable[[], object], process: subprocess.Popen | None = None) -> object:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := for_what()):
        assert time.monotonic() < deadline, for_what
        assert process is None or process.poll() is None
        time.sleep(0.05)
    return found


def unfinished(home: Path) -> Path | None:
    return next(iter((home / "work").glob(".slow.dat.*")), None)


def start(home: Path, config: dict, *before: str) -> tuple[subprocess.Popen, Path]:
    """A run whose slow step is at work, and its file."""
    (home / "run.json").write_text(json.dumps(config))
    command = [*before, *RUN, "-j", "slowly", "-c", str(home / "run.json")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return process, wait(lambda: unfinished(home), process)


def status_of(instance: dg.DagsterInstance) -> str:
    [run] = instance.get_runs()
    return run.status.value


@pytest.mark.parametrize("config", [{}, FORKSERVER, SPAWN])
def test_a_killed_run_ends_as_failed_and_none_of_its_processes_goes_on(home, instance, config):
    process, file = start(home, config)
    assert end_dead_runs(instance) == [] and status_of(instance) == "STARTED"
    process.kill()
    process.communicate()
    # A child that holds the file ends with its parent.
    wait(lambda: is_abandoned(file))
    size = file.stat().st_size
    [told] = end_dead_runs(instance)
    assert "its process on " in told and "--select slow" in told
    assert status_of(instance) == "FAILURE"
    assert file.stat().st_size == size
    sweep(file.parent)
    assert not file.exists()


def test_a_library_that_crashes_in_the_one_process_of_a_run_is_told_with_its_step(home, instance):
    done = subprocess.run([*RUN, "-j", "badly"], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGSEGV
    assert "Fatal Python error: Segmentation fault" in done.stderr and "slow_job.py" in done.stderr
    [told] = end_dead_runs(instance)
    assert "it was at crashes" in told and "-j badly" in told
    assert status_of(instance) == "FAILURE"


def test_a_process_for_each_step_goes_on_after_a_crash(home, instance):
    (home / "run.json").write_text(json.dumps(FORKSERVER))
    command = [*RUN, "-j", "badly", "-c", str(home / "run.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "go on: " in done.stderr
    assert instance.get_latest_materialization_event(dg.AssetKey("goes_on"))
    [run] = instance.get_runs()
    failed = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    assert [event.step_key for event in failed] == ["crashes"]


def test_a_suspended_run_is_not_ended(home, instance):
    process, file = start(home, {})
    process.send_signal(signal.SIGSTOP)
    [lock] = (home / FOLDER).iterdir()
    for path in (lock, file):
        os.utime(path, (0, 0))
    sweep(file.parent)
    assert end_dead_runs(instance, {}) == [] and file.exists() and is_locked(lock)
    process.kill()
    process.communicate()
    assert len(end_dead_runs(instance)) == 1


@in_containers
def test_a_run_in_a_container_lives_until_its_container_is_gone(home, instance):
    process, file = start(home, {}, *CONTAINER)
    # Its pid is 1 there; here it is somebody else's.
    assert end_dead_runs(instance, {}) == []
    process.kill()
    process.communicate()
    wait(lambda: is_abandoned(file))
    assert len(end_dead_runs(instance)) == 1


def test_a_run_that_is_ended_in_the_page_while_it_lives_stops(home, instance):
    program = "import sys; from wmtp_assets.runs import heartbeat as h; h.BEAT_SECONDS = 1; "
    program += "h.ENDING_SECONDS = 1; from dagster.__main__ import main; sys.exit(main())"
    RUN_SOON = [sys.executable, "-c", program, *RUN[3:]]
    process = subprocess.Popen([*RUN_SOON, "-j", "slowly"], stderr=subprocess.PIPE, text=True)
    wait(lambda: unfinished(home), process)
    [run] = instance.get_runs()
    instance.report_run_canceled(run)
    assert process.wait(60) != 0 and unfinished(home) is None
    assert "not made: 1 (slow)" in process.stderr.read()
