"""What runs recorded in Postgres is read back: the states that hang on its SQL.

All states, and what an approval makes of them, are in test_states_on_postgres.py.
"""

from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets.approval.events import read_recorded
from wmtp_assets.approval.state import ApprovalState
from wmtp_assets.evidence.judge import Outcome
from wmtp_assets_tests.signoff.approval.test_states import STATES, State
from wmtp_assets_tests.signoff.world import GOOD, TRAIN, WRONG, World, train_checks

READ_BACK = (
    "warned",
    "failed",
    "crashed",
    "masked by a later failed run",
    "a materialization posted over a failure",
    "more passes posted over a failure than one looks back at once",
)
ROW = {state.happened: state for state in STATES}


@pytest.mark.parametrize("state", [ROW[name] for name in READ_BACK], ids=READ_BACK)
def test_the_state_of_a_check_is_read_back(world: World, state: State):
    for step in state.steps:
        step(world)
    assert world.judged(state.check).outcome == state.outcome


def test_every_pass_is_read_back_with_its_run_and_digest(world: World, home: Path):
    assert world.run("phase1", GOOD)
    [run] = world.instance.get_runs()
    digest = world.latest(TRAIN).asset_materialization.tags["dagster/data_version"]
    with dg.DagsterInstance.from_config(str(home)) as world.instance:
        read = world.evidence.of("mbpp/train")
        assert type(world.instance.event_log_storage).__name__ == "PostgresEventLogStorage"
    assert {j.check.name for j in read} == {spec.name for spec in train_checks.check_specs}
    assert {j.outcome for j in read} == {Outcome.PASSED}
    assert {j.check.latest.run_id for j in read} == {run.run_id}
    assert {j.check.latest.content for j in read} == {digest}


def test_a_result_is_found_behind_those_of_another_storage(world: World, tmp_path: Path):
    (tmp_path / "other").mkdir()
    other = World(tmp_path / "other", world.instance)
    assert world.run("phase1", GOOD) and not other.run("phase1", WRONG)
    assert other.judged("rows_parse").outcome == Outcome.FAILED
    found = world.judged("rows_parse").check.latest
    assert found.passed and found.storage_root == str(world.store.root)


def test_an_approval_is_granted_read_back_and_suspended_by_an_edit(world: World):
    world.make_approvable().approve()
    [entry] = world.chain.entries
    assert read_recorded(world.instance, world.store).recorded == {entry.sha256}
    assert world.approval.state == ApprovalState.APPROVED
    world.file.write_bytes(b"edit")
    assert world.approval.state == ApprovalState.SUSPENDED
    assert "train.jsonl is not as recorded" in world.approval.summary
