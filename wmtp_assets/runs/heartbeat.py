"""The heartbeat of each run, and how runs without one are found.

Nothing records that a process was killed: its run stays "started", and the queue waits for it. So
each run holds a lock in DAGSTER_HOME (temporaries.py: when a lock can be trusted), and notes a beat
in the record every minute, for those who cannot see the lock: another machine, a container with a
DAGSTER_HOME of its own. A run is dead when its lock is free, or when somebody who listened has not
heard a beat for long. A suspended process keeps its lock; nobody who can see the lock ends its run.
"""

import contextlib
import json
import math
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from wmtp_assets.child_processes import lead_run
from wmtp_assets.files.temporaries import claim, is_locked, make_file, new_maker

BEAT_SECONDS = 60.0
SILENT_SECONDS = 15 * 60.0
# Who looks less often did not listen in between: closed, asleep, without its database.
LISTENING_SECONDS = 5 * 60.0
# A run that never beat: of earlier code, of another executor, or killed before its first beat.
SILENT_WITHOUT_BEAT_SECONDS = 86_400.0
# From the end of a run in the record to the end of its process.
ENDING_SECONDS = 10.0
FOLDER = "alive"
KEY = "wmtp/alive/"
UNDER_WAY = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@contextlib.contextmanager
def heartbeat(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Show that a run lives, for as long as this process, which leads it, is in here."""
    lead_run()
    if instance.is_ephemeral:
        yield
        return
    folder = Path(instance.root_directory, FOLDER)
    lock = None
    with contextlib.suppress(OSError):  # a DAGSTER_HOME that only holds settings
        folder.mkdir(exist_ok=True)
        lock = make_file(lambda: folder / f"{run_id}.{new_maker()}.lock")
    life = {"host": socket.gethostname(), "lock": str(lock.path) if lock else None, "beat": 0}
    _note(instance, run_id, life)
    ended = threading.Event()
    beats = threading.Thread(target=_beat, args=(instance, run_id, life, ended), daemon=True)
    beats.start()
    try:
        yield
    finally:
        ended.set()
        beats.join(ENDING_SECONDS)
        if lock:
            lock.remove()


def _note(instance: dg.DagsterInstance, run_id: str, life: dict[str, Any]) -> None:
    instance.daemon_cursor_storage.set_cursor_values({KEY + run_id: json.dumps(life)})


def _beat(
    instance: dg.DagsterInstance, run_id: str, life: dict[str, Any], ended: threading.Event
) -> None:
    from dagster import DagsterError
    from sqlalchemy.exc import SQLAlchemyError

    while not ended.wait(BEAT_SECONDS):
        # The database may be away for a while; the next beat tries again.
        with contextlib.suppress(SQLAlchemyError, DagsterError):
            life = {**life, "beat": life["beat"] + 1}
            _note(instance, run_id, life)
            run = instance.get_run_by_id(run_id)
            if run and run.is_finished and not ended.wait(ENDING_SECONDS):
                # Somebody ended the run in the record: another run may write the storage by now.
                # Again with the next beat: Python loses an interrupt that comes in a finalizer.
                os.kill(os.getpid(), signal.SIGINT)


def find_dead(
    instance: dg.DagsterInstance, heard: dict[str, Any] | None = None
) -> Iterator[tuple[dg.DagsterRun, str]]:
    """Runs that are under way in the record without a process, and how that is known.

    Args:
        heard: The beats of earlier looks, brought up to date here. Without them silence is unknown.
    """
    begun = [*UNDER_WAY, dg.DagsterRunStatus.NOT_STARTED]
    records = instance.get_run_records(dg.RunsFilter(statuses=begun))
    keys = {KEY + record.dagster_run.run_id for record in records}
    noted = instance.daemon_cursor_storage.get_cursor_values(keys) if keys else {}
    silence = seconds_silent(heard, noted, time.time()) if heard is not None else {}
    for record in records:
        run = record.dagster_run
        beat = noted.get(KEY + run.run_id)
        life = json.loads(beat) if beat else {}
        lock = _lock_of(run.run_id, life)
        if lock and is_locked(lock):
            continue
        held = claim(lock, math.inf) if lock else None
        reason = None
        if held:
            reason = f"its process on {life['host']} ended without a word"
        elif life and silence.get(KEY + run.run_id, 0.0) > SILENT_SECONDS:
            minutes = SILENT_SECONDS / 60
            reason = f"its process on {life['host']} was silent for {minutes:g} minutes"
        elif run.status in UNDER_WAY and _has_no_recent_event(instance, record, life):
            reason = "nobody knows its process, and nothing has happened in it for a day"
        # It may have ended well in the meantime.
        now = instance.get_run_by_id(run.run_id) if reason else None
        if now and not now.is_finished:
            yield run, f"{reason}: killed, out of memory, or power cut"
        if held:
            held.remove()
    _sweep_locks(instance)


def _lock_of(run_id: str, life: dict[str, Any]) -> Path | None:
    """The lock that a run noted, if it is one: anybody may write the record."""
    lock = Path(life.get("lock") or "")
    ours = lock.parent.name == FOLDER and lock.match(f"{run_id}.*.lock")
    return lock if ours else None


def _sweep_locks(instance: dg.DagsterInstance) -> None:
    """Remove the locks of runs that were killed before they began or after they had ended."""
    for path in Path(instance.root_directory, FOLDER).glob("*.lock"):
        run = instance.get_run_by_id(path.name.split(".")[0])
        if (run is None or run.is_finished) and (held := claim(path, math.inf)):
            held.remove()


def _has_no_recent_event(instance: dg.DagsterInstance, record: dg.RunRecord, life: dict) -> bool:
    """Whether a run without beats has had no event for long either."""
    since = time.time() - SILENT_WITHOUT_BEAT_SECONDS
    if life or record.update_timestamp.timestamp() > since:
        return False
    page = instance.get_records_for_run(record.dagster_run.run_id, limit=1, ascending=False)
    return all(entry.event_log_entry.timestamp <= since for entry in page.records)


def seconds_silent(heard: dict[str, Any], noted: Mapping[str, str], now: float) -> dict[str, float]:
    """For how many seconds each run has been silent, by the clock of who listens.

    Args:
        heard: `{"looked": time, "beats": {key: [beat, since]}}`, or empty; brought up to date.
        noted: Key of a run -> its newest beat.
    """
    listening = now - heard.get("looked", 0.0) <= LISTENING_SECONDS
    before = heard.get("beats", {}) if listening else {}
    beats = {
        key: before[key] if key in before and before[key][0] == beat else [beat, now]
        for key, beat in noted.items()
    }
    heard.update(looked=now, beats=beats)
    return {key: now - since for key, (_, since) in beats.items()}
