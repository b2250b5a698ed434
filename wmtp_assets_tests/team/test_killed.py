"""A killed run on the record of a team, as its own machine sees it and as another one does."""

import json
import time
from pathlib import Path

import dagster as dg

from wmtp_assets.files.temporaries import HeldFile
from wmtp_assets.runs.executor import end_dead_runs
from wmtp_assets.runs.heartbeat import FOLDER, KEY, SILENT_SECONDS, heartbeat
from wmtp_assets_tests.runs.test_heartbeat import kill, started


def test_its_own_machine_ends_it_at_once(instance: dg.DagsterInstance):
    run_id = started(instance)
    with heartbeat(instance, run_id):
        assert end_dead_runs(instance, {}) == []
    kill(instance, run_id)
    [told] = end_dead_runs(instance, {})
    assert "ended without a word" in told


def test_another_machine_ends_it_after_a_silence(instance: dg.DagsterInstance, home: Path):
    """Another DAGSTER_HOME: the lock is not seen from there."""
    run_id, heard = started(instance), {}
    with heartbeat(instance, run_id):
        (home / FOLDER).rename(home / "elsewhere")
        assert end_dead_runs(instance, heard) == []
        heard["beats"][KEY + run_id][1] -= SILENT_SECONDS - 60
        beat = {"host": "elsewhere", "lock": None, "beat": 1}
        instance.daemon_cursor_storage.set_cursor_values({KEY + run_id: json.dumps(beat)})
        assert end_dead_runs(instance, heard) == []
        assert time.time() - heard["beats"][KEY + run_id][1] < 60
        heard["beats"][KEY + run_id][1] -= SILENT_SECONDS + 1
        [told] = end_dead_runs(instance, heard)
        assert "was silent for 15 minutes" in told
    HeldFile.release_all()
