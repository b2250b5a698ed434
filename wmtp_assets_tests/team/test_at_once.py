"""Two processes write one record at the same time, and it has what both of them did."""

import multiprocessing
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets.evidence.judge import Outcome
from wmtp_assets_tests.signoff.world import TRAIN, World, train_checks
from wmtp_assets_tests.team.others import run_world

pytestmark = pytest.mark.long

SPAWN = multiprocessing.get_context("spawn")


def test_two_processes_at_once_are_both_recorded(instance: dg.DagsterInstance, tmp_path: Path):
    roots = [tmp_path / "one", tmp_path / "two"]
    start = SPAWN.Barrier(len(roots))
    for root in roots:
        root.mkdir()
    processes = [SPAWN.Process(target=run_world, args=(root, start)) for root in roots]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]

    one, two = instance.get_run_records()
    assert {one.dagster_run.status, two.dagster_run.status} == {dg.DagsterRunStatus.SUCCESS}
    assert max(one.start_time, two.start_time) < min(one.end_time, two.end_time), "one by one"
    runs = {one.dagster_run.run_id, two.dagster_run.run_id}
    made = instance.fetch_materializations(TRAIN, limit=100).records
    assert {record.run_id for record in made} == runs
    for spec in train_checks.check_specs:
        results = instance.event_log_storage.get_asset_check_execution_history(spec.key, 100)
        assert {record.run_id for record in results} == runs
    for root in roots:
        read = World(root, instance).evidence.of("mbpp/train")
        assert {j.outcome for j in read} == {Outcome.PASSED}
