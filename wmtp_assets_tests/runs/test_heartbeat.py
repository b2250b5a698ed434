"""Runs whose process is gone end as failed; runs that live, or may, are left alone."""

import contextlib
import fcntl
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import dagster as dg
import pytest
from dagster._core.events import StepSuccessData
from dagster._core.execution import execute_in_process

from wmtp_assets.automation.sensors import dead_runs
from wmtp_assets.files.temporaries import HeldFile
from wmtp_assets.runs import heartbeat as module
from wmtp_assets.runs.executor import end_dead_runs, reporting_executor, run_here
from wmtp_assets.runs.heartbeat import (
    FOLDER,
    KEY,
    LISTENING_SECONDS,
    SILENT_SECONDS,
    UNDER_WAY,
    heartbeat,
    seconds_silent,
)

WORD = "ended without a word: killed, out of memory, or power cut"


@dg.asset
def first() -> dg.MaterializeResult:
    return dg.MaterializeResult()


@dg.asset(deps=[first])
def second() -> dg.MaterializeResult:
    return dg.MaterializeResult()


def work() -> dg.JobDefinition:
    return dg.Definitions(
        assets=[first, second],
        jobs=[dg.define_asset_job("work")],
        executor=reporting_executor({"in_process": {}}, "/somewhere/storage"),
    ).resolve_job_def("work")


@pytest.fixture(scope="module")
def record(tmp_path_factory) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("record"))) as instance:
        yield instance


@pytest.fixture
def instance(record: dg.DagsterInstance) -> Iterator[dg.DagsterInstance]:
    """A record without runs; making one takes seconds."""
    yield record
    HeldFile.release_all()
    for run in record.get_runs():
        record.delete_run(run.run_id)
    folder = Path(record.root_directory, FOLDER)
    shutil.rmtree(folder) if folder.is_dir() else folder.unlink(missing_ok=True)


def started(instance: dg.DagsterInstance, status=dg.DagsterRunStatus.STARTED) -> str:
    """A run that is under way in the record."""
    return instance.create_run_for_job(work(), status=status).run_id


def kill(instance: dg.DagsterInstance, run_id: str) -> None:
    """What a process leaves that was in a run: a lock that nobody holds, its last beat."""
    living = heartbeat(instance, run_id)
    living.__enter__()
    killed.append(living)
    HeldFile.release_all()


# Collected as garbage, a run would end in an orderly way.
killed: list = []


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    return instance.get_run_by_id(run_id).status


def said(instance: dg.DagsterInstance, run_id: str) -> str:
    """The message with which it ended."""
    return instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)[0].message


@pytest.mark.parametrize("under_way", [*UNDER_WAY, dg.DagsterRunStatus.NOT_STARTED])
def test_a_killed_run_ends_as_failed_once_and_says_why(instance, under_way):
    run_id = started(instance, under_way)
    kill(instance, run_id)
    [told] = end_dead_runs(instance)
    assert told.startswith(f"run {run_id} (job work) is ended as failed: its process on ")
    assert WORD in told and told.endswith("dagster job execute -m wmtp_assets.definitions -j work")
    assert status(instance, run_id) == dg.DagsterRunStatus.FAILURE
    assert f"{WORD}\nmade: 0 of 2\nnot made: 2 (first, second)" in said(instance, run_id)
    assert end_dead_runs(instance) == []
    assert list(Path(instance.root_directory, FOLDER).iterdir()) == []


def test_a_run_that_somebody_deletes_meanwhile_is_left_alone(instance, monkeypatch):
    run_id = started(instance)
    kill(instance, run_id)

    def claim_late(lock: Path, seconds: float) -> HeldFile | None:
        if instance.has_run(run_id):
            instance.delete_run(run_id)
        return claim(lock, seconds)

    claim = module.claim
    monkeypatch.setattr(module, "claim", claim_late)
    assert end_dead_runs(instance) == []


@pytest.mark.parametrize("ended", [False, True])
def test_a_killed_run_says_which_step_it_was_at(instance, ended):
    """A library that crashes takes a run of one process with it, and nothing else names it."""
    run_id = started(instance)
    kind = dg.DagsterEventType
    happened = [(kind.STEP_START, None), (kind.STEP_SUCCESS, StepSuccessData(duration_ms=1.0))]
    for event, data in happened if ended else happened[:1]:
        of_step = dg.DagsterEvent(event.value, "work", step_key="second", event_specific_data=data)
        instance.report_dagster_event(of_step, run_id)
    kill(instance, run_id)
    [told] = end_dead_runs(instance)
    assert WORD in told and ("; it was at second; " in told) is not ended


def test_locks_of_runs_that_never_began_or_have_ended_are_swept(instance):
    ended = started(instance)
    instance.report_run_failed(instance.get_run_by_id(ended))
    for run_id in (ended, "never"):
        kill(instance, run_id)
    with heartbeat(instance, "about to begin"):
        assert end_dead_runs(instance) == []
        [left] = Path(instance.root_directory, FOLDER).iterdir()
    assert left.name.startswith("about to begin.")


def test_a_run_that_lives_is_left_alone(instance):
    run_id = started(instance)
    with heartbeat(instance, run_id):
        assert end_dead_runs(instance, {}) == []
    # Between the last step and the end in the record.
    assert end_dead_runs(instance, {}) == []
    assert status(instance, run_id) == dg.DagsterRunStatus.STARTED


def test_a_suspended_run_lives_however_long_it_is_silent(instance, monkeypatch):
    heard: dict = {}
    with heartbeat(instance, started(instance)):
        assert end_dead_runs(instance, heard) == []
        for key in heard["beats"]:
            heard["beats"][key][1] -= 100 * SILENT_SECONDS
        assert end_dead_runs(instance, heard) == []


def test_a_run_whose_lock_is_not_seen_here_ends_after_a_silence_that_was_listened_to(instance):
    run_id, heard = started(instance), {}
    life = {"host": "elsewhere", "lock": "/not/here/x.elsewhere.0.0.lock", "beat": 7}
    instance.daemon_cursor_storage.set_cursor_values({KEY + run_id: json.dumps(life)})
    assert end_dead_runs(instance) == end_dead_runs(instance, heard) == []
    heard["beats"][KEY + run_id][1] -= SILENT_SECONDS + 1
    [told] = end_dead_runs(instance, heard)
    assert "its process on elsewhere was silent for 15 minutes: killed" in told


def test_a_lock_that_another_kernel_made_tells_nothing(instance):
    run_id = started(instance)
    kill(instance, run_id)
    [lock] = Path(instance.root_directory, FOLDER).iterdir()
    moved = lock.rename(lock.with_name(f"{run_id}.elsewhere.00000000.0123456789abcdef.lock"))
    life = {"host": "elsewhere", "lock": str(moved), "beat": 0}
    instance.daemon_cursor_storage.set_cursor_values({KEY + run_id: json.dumps(life)})
    assert end_dead_runs(instance, {}) == []


def test_a_record_that_somebody_wrote_takes_no_other_file_for_a_lock(instance, tmp_path):
    run_id = started(instance)
    kill(instance, run_id)
    [lock] = Path(instance.root_directory, FOLDER).iterdir()
    for name in (f"storage/{lock.name}", f"{FOLDER}/{lock.name.replace(run_id, 'model')}"):
        target = tmp_path / name
        target.parent.mkdir()
        target.write_bytes(b"weights")
        life = {"host": "here", "lock": str(target), "beat": 0}
        instance.daemon_cursor_storage.set_cursor_values({KEY + run_id: json.dumps(life)})
        assert end_dead_runs(instance) == []
        assert target.read_bytes() == b"weights"


def test_where_locks_do_nothing_no_run_is_taken_for_dead(instance, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", lambda descriptor, how: None)
    with heartbeat(instance, started(instance)):
        assert end_dead_runs(instance, {}) == []


def test_a_run_without_a_beat_ends_when_nothing_happened_in_it_for_a_day(instance, monkeypatch):
    run = instance.get_run_by_id(started(instance))
    assert end_dead_runs(instance, {}) == []
    day, now = module.SILENT_WITHOUT_BEAT_SECONDS, time.time()
    monkeypatch.setattr(module.time, "time", lambda: now + day - 60)
    instance.report_engine_event("a step is at work", run)
    monkeypatch.setattr(module.time, "time", lambda: now + day + 60)
    assert end_dead_runs(instance, {}) == []
    monkeypatch.setattr(module.time, "time", lambda: now + 2 * day)
    [told] = end_dead_runs(instance)
    assert "nobody knows its process" in told


def test_a_run_that_was_ended_in_the_record_stops(instance, monkeypatch):
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(module, "ENDING_SECONDS", 0.2)
    run_id = started(instance)
    with pytest.raises(KeyboardInterrupt), heartbeat(instance, run_id):
        instance.report_run_failed(instance.get_run_by_id(run_id))
        with contextlib.suppress(KeyboardInterrupt):  # lost, as one in a finalizer is
            time.sleep(10)
        time.sleep(10)


def test_a_beat_is_noted_again_and_again(instance, monkeypatch):
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.01)
    key = KEY + (run_id := started(instance))
    with heartbeat(instance, run_id):
        deadline = time.monotonic() + 10
        while json.loads(instance.daemon_cursor_storage.get_cursor_values({key})[key])["beat"] < 3:
            assert time.monotonic() < deadline


def test_the_next_run_ends_the_killed_one_and_names_it(instance):
    run_id = started(instance)
    kill(instance, run_id)
    with dg.execute_job(dg.reconstructable(work), instance=instance) as result:
        assert result.success
    told = [entry.user_message for entry in instance.all_logs(result.run_id)]
    assert any(f"run {run_id} (job work) is ended as failed" in line for line in told)
    assert status(instance, result.run_id) == dg.DagsterRunStatus.SUCCESS


def test_a_run_that_a_signal_met_before_it_had_begun_is_ended(instance, monkeypatch):
    interrupted = mock.Mock(side_effect=KeyboardInterrupt)
    monkeypatch.setattr(execute_in_process, "ExecuteRunWithPlanIterable", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_here(work(), instance, "/somewhere/storage")
    (run,) = instance.get_runs()
    assert run.status == dg.DagsterRunStatus.CANCELED


def test_the_page_ends_it_at_its_next_look(instance):
    run_id = started(instance)
    with dg.build_sensor_context(instance) as context:
        assert "has its process" in dead_runs(context).skip_message
        kill(instance, run_id)
        assert f"run {run_id}" in dead_runs(context).skip_message
    assert status(instance, run_id) == dg.DagsterRunStatus.FAILURE


def test_a_home_that_takes_no_file_leaves_the_beat(instance):
    Path(instance.root_directory, FOLDER).write_text("in the way")
    run_id = started(instance)
    with heartbeat(instance, run_id):
        noted = instance.daemon_cursor_storage.get_cursor_values({KEY + run_id})
    assert json.loads(noted[KEY + run_id])["lock"] is None


def test_silence_counts_while_somebody_listens():
    heard: dict = {}
    assert seconds_silent(heard, {"a": "1"}, 0) == {"a": 0}
    assert seconds_silent(heard, {"a": "1", "b": "1"}, 60) == {"a": 60, "b": 0}
    assert seconds_silent(heard, {"a": "2", "b": "1"}, 120) == {"a": 0, "b": 60}
    later = 120 + LISTENING_SECONDS + 1
    assert seconds_silent(heard, {"a": "2", "b": "1"}, later) == {"a": 0, "b": 0}
    assert seconds_silent(heard, {}, later + 1) == {} and heard == {
        "looked": later + 1,
        "beats": {},
    }


def test_a_process_that_leads_a_run_does_not_end_with_its_parent(instance, monkeypatch):
    """As a run that the page started outlives the page."""
    from wmtp_assets import child_processes as children

    class Gone:
        def join(self) -> None:
            pass

    ended = []
    monkeypatch.setattr(children.multiprocessing, "parent_process", Gone)
    monkeypatch.setattr(children.os, "_exit", ended.append)
    monkeypatch.setattr(children, "_leaders", set())
    monkeypatch.setattr(children, "_watched", set())
    with heartbeat(instance, started(instance)):
        time.sleep(0.1)
    assert ended == []
    monkeypatch.setattr(children, "_leaders", set())
    children.end_with_parent()
    time.sleep(0.1)
    assert ended == [1]
