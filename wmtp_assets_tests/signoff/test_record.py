"""The Dagster record read back, on a real instance: one small asset, its checks, every state."""

import os
from pathlib import Path

import pytest

from wmtp_assets.checking.asset_checks import BYTES_MATCH, SIZES_MATCH
from wmtp_assets.deployment import Deployment
from wmtp_assets.evidence.judge import JudgedCheck, Outcome
from wmtp_assets.store import Store
from wmtp_assets_tests.signoff.world import (
    CRASH,
    GOOD,
    RAISE,
    UNREADABLE,
    WARN,
    WRONG,
    World,
    train_checks,
)


def edit(world: World, content: bytes) -> None:
    world.file.write_bytes(content)


def of_train(world: World) -> tuple[JudgedCheck, ...]:
    return world.evidence.of("mbpp/train")


def outcome(world: World, name: str = "rows_parse") -> Outcome:
    return world.judged(name).outcome


def test_nothing_materialized_is_not_evaluated(world: World):
    assert {j.outcome for j in of_train(world)} == {Outcome.NOT_EVALUATED}


def test_a_good_run_passes_every_declared_check(world: World):
    assert world.run("phase1", GOOD)
    assert {j.outcome for j in of_train(world)} == {Outcome.PASSED}
    assert len(of_train(world)) == len(list(train_checks.check_specs)) == 4


@pytest.mark.parametrize("content", [WRONG, RAISE])
def test_a_failed_check_stops_the_run_and_carries_its_finding(world: World, content: bytes):
    assert not world.run("phase1", content)
    assert outcome(world) == Outcome.FAILED
    assert ("row 3" if content == RAISE else "wrong") in world.judged("rows_parse").finding


def test_a_file_that_cannot_be_read_fails_the_check_with_file_and_fix(world: World):
    assert not world.run("phase1", UNREADABLE)
    told = world.judged("rows_parse")
    assert told.outcome == Outcome.FAILED
    assert "gone.jsonl" in told.finding and "Fix: make it readable" in told.finding


def test_a_warning_leaves_the_run_green_and_is_a_warning(world: World):
    assert world.run("phase1", WARN)
    assert outcome(world, "no_oddities") == Outcome.WARNED
    assert outcome(world) == Outcome.PASSED


def test_a_crashed_check_is_not_evaluated_even_after_an_earlier_pass(world: World):
    world.run("phase1", GOOD)
    assert not world.run("phase1", CRASH)
    assert outcome(world) == Outcome.NOT_EVALUATED
    assert "crashed" in world.judged("rows_parse").finding
    others = {j.check.name: j.outcome for j in of_train(world) if j.check.name != "rows_parse"}
    assert set(others.values()) == {Outcome.PASSED}, "a crash of one hides what others found"


def test_rematerialized_without_checks_stays_fresh_for_equal_bytes_only(world: World):
    world.run("phase1", GOOD)
    world.run("unchecked", GOOD)
    assert outcome(world) == Outcome.PASSED
    world.run("unchecked", b"better")
    assert outcome(world) == Outcome.STALE


def test_a_failure_does_not_haunt_a_repair_with_equal_bytes(world: World):
    world.run("phase1", GOOD)
    edit(world, b"bit rot")
    assert not world.run("verify")
    assert outcome(world, "bytes_match_materialized_digest") == Outcome.FAILED
    world.run("unchecked", GOOD)
    assert outcome(world, "bytes_match_materialized_digest") == Outcome.STALE
    assert world.run("verify")
    assert outcome(world, "bytes_match_materialized_digest") == Outcome.PASSED


def test_an_edit_on_disk_and_a_removed_file_are_seen_without_a_run(world: World):
    world.run("phase1", GOOD)
    edit(world, b"edit")
    assert outcome(world) == Outcome.DISK_DIFFERS
    assert "train.jsonl" in world.judged("rows_parse").finding
    world.file.unlink()
    assert "missing" in world.judged("rows_parse").finding


def test_an_edit_with_its_time_preserved_is_found_by_the_deep_check(world: World):
    world.run("phase1", GOOD)
    path = world.file
    before = path.stat()
    edit(world, b"goo!")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert outcome(world) == Outcome.PASSED, "a quick look is fooled, and only that"
    assert not world.run("verify")
    assert outcome(world, "bytes_match_materialized_digest") == Outcome.FAILED
    assert outcome(world, "files_are_there_with_recorded_sizes") == Outcome.DISK_DIFFERS


def test_a_posted_pass_is_no_evidence(world: World):
    world.run("phase1", WRONG)
    world.post_pass("rows_parse")
    assert outcome(world) == Outcome.FAILED


def test_another_storage_root_has_no_evidence(world: World):
    world.run("phase1", GOOD)
    moved = Store(world.root / "other", world.root / "d")
    world.deployment = Deployment(world.deployment.catalog, world.deployment.source, moved)
    assert outcome(world) == Outcome.NOT_EVALUATED


def as_fifo(path: Path) -> None:
    path.rename(path.with_name("aside"))
    os.mkfifo(path)


def as_endless_device(path: Path) -> None:
    path.rename(path.with_name("aside"))
    path.symlink_to("/dev/zero")


def as_link_out(path: Path) -> None:
    path.rename(path.parents[4] / "aside")
    path.symlink_to(path.parents[4] / "aside")


def as_folder_out(path: Path) -> None:
    """The bytes are right, and elsewhere."""
    outside = path.parents[4] / "aside"
    path.parent.rename(outside)
    path.parent.symlink_to(outside)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (as_fifo, "FIFO where a regular file should be"),
        (as_endless_device, "link that leads out of"),
        (as_link_out, "link that leads out of"),
        (as_folder_out, "link that leads out of"),
    ],
)
def test_what_is_no_file_of_the_storage_fails_every_check_by_name(world: World, change, why):
    assert world.run("phase1", GOOD)
    change(world.file)
    told = f"datasets_v2/mbpp/processed/train.jsonl is unreadable (a {why}"
    assert told in world.judged("rows_parse").finding
    failed = world.failed("verify")
    of_bytes = {f"mbpp/train {name}" for name in (BYTES_MATCH, SIZES_MATCH)}
    assert of_bytes <= failed.keys()
    assert all("train.jsonl" in failed[name] and why in failed[name] for name in of_bytes)
