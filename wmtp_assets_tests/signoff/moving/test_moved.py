"""A storage at another root: by another spelling it is the same, after a move when it was told."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets.approval.state import ApprovalState
from wmtp_assets.backup.events import read_backup
from wmtp_assets.deployment import Deployment
from wmtp_assets.errors import BadInput
from wmtp_assets.evidence.judge import Outcome, is_ready
from wmtp_assets.record import MOVED_FROM, MOVES_KEY, STORAGE_ROOT
from wmtp_assets.store import Store
from wmtp_assets_tests.signoff.world import GOOD, WARN, WRONG, World

pytestmark = pytest.mark.long


@pytest.fixture
def approved(world: World) -> World:
    world.make_approvable().approve()
    return world


def outcome(world: World) -> Outcome:
    return world.judged("rows_parse").outcome


def runs(world: World) -> int:
    return world.instance.get_runs_count()


def test_what_was_recorded_by_another_spelling_of_the_root_counts(world: World):
    """An earlier release recorded roots as they were given."""
    (world.root / "link").symlink_to(world.root)
    spelled = Store(world.root / ".." / world.root.name / "link" / "s", world.root / "d")
    resolved = world.deployment
    world.deployment = Deployment(resolved.catalog, resolved.source, spelled)
    world.at(world.backups)
    world.make_approvable().approve()
    world.deployment = resolved
    assert is_ready(world.evidence)
    assert world.approval.state == ApprovalState.APPROVED


def test_evidence_decisions_and_backups_move_along(approved: World):
    assert approved.run("report") and approved.run("backup_storage")
    before = approved.evidence.storage_digest
    moved = approved.move("elsewhere")
    assert outcome(moved) == Outcome.NOT_EVALUATED
    moved.tell_moved(approved.store.root)
    assert is_ready(moved.evidence)
    assert moved.evidence.storage_digest == before
    assert moved.approval.state == ApprovalState.APPROVED
    assert read_backup(moved.instance, moved.store) is not None
    assert moved.run("verify") and moved.run("verify_documents")
    assert is_ready(moved.evidence)


def test_a_failure_moves_along(world: World):
    world.run("phase1", WRONG)
    moved = world.move("elsewhere")
    moved.tell_moved(world.store.root)
    assert outcome(moved) == Outcome.FAILED


def test_moved_on_and_back(world: World):
    world.run("phase1", GOOD)
    first = world.store.root
    on = world.move("b")
    on.tell_moved(first)
    further = on.move("c")
    further.tell_moved(on.store.root)
    assert outcome(further) == Outcome.PASSED
    further.run("phase1", WARN)
    back = further.move("s")
    assert back.judged("no_oddities").outcome == Outcome.NOT_EVALUATED
    back.tell_moved(further.store.root)
    assert back.judged("no_oddities").outcome == Outcome.WARNED


def test_what_is_made_at_the_old_place_afterwards_is_another_storage(world: World):
    world.run("phase1", GOOD)
    moved = world.move("elsewhere")
    moved.tell_moved(world.store.root)
    assert outcome(world) == Outcome.NOT_EVALUATED
    world.run("phase1", WRONG)
    assert (outcome(world), outcome(moved)) == (Outcome.FAILED, Outcome.PASSED)


def test_what_was_verified_here_before_it_was_told_does_not_count(world: World):
    """Those runs found nothing that was materialized here."""
    world.run("phase1", GOOD)
    moved = world.move("elsewhere")
    assert not moved.run("verify")
    moved.tell_moved(world.store.root)
    assert outcome(moved) == Outcome.PASSED


def edited(moved: World) -> None:
    """Of equal size and time: only reading tells."""
    before = moved.file.stat()
    moved.file.write_bytes(b"rot!")
    os.utime(moved.file, ns=(before.st_atime_ns, before.st_mtime_ns))


def removed(moved: World) -> None:
    moved.file.unlink()


def decisions_removed(moved: World) -> None:
    shutil.rmtree(moved.store.signoff)


def decision_edited(moved: World) -> None:
    path = moved.store.signoff / "0001" / "decision.json"
    path.write_text(path.read_text().replace("Ann", "Bob"))


def copied(moved: World) -> None:
    shutil.copytree(moved.store.root, moved.root / "s")


def partly_moved(moved: World) -> None:
    left = moved.root / "s" / "datasets_v2" / "mbpp" / "raw" / "raw.bin"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"published")


def made_anew(moved: World) -> None:
    moved.run("phase1", GOOD)


REFUSED: dict[Callable[[World], None], str] = {
    edited: r"not the storage that was there.*train\.jsonl: recorded \w{64}, here \w{64}",
    removed: r"train\.jsonl: recorded \w{64}, here missing",
    decisions_removed: r"the decision \w{64} of the Dagster record is not in signoff/",
    decision_edited: "0001",
    copied: r"the old storage is still there.*raw\.bin is still there",
    partly_moved: r"the old storage is still there: .*raw\.bin is still there\. Fix: a copy",
    made_anew: "assets were made here since.*mbpp/train in run",
}


@pytest.mark.parametrize("attack", REFUSED, ids=[attack.__name__ for attack in REFUSED])
def test_what_is_not_the_storage_that_was_there_is_refused_by_name(approved: World, attack):
    moved = approved.move("elsewhere")
    attack(moved)
    standing = moved.approval.state
    with pytest.raises(BadInput, match=REFUSED[attack]):
        moved.tell_moved(approved.store.root)
    assert moved.approval.state == standing
    assert not moved.instance.fetch_observations(MOVES_KEY, limit=1).records


@pytest.mark.parametrize(
    ("old", "says"),
    [
        ("", "not given"),
        ("{root}/s", "nothing to tell: it is the same place"),
        ("{root}/d/../s/", "nothing to tell"),
        ("{root}/nowhere", "nothing of a storage there.*Fix: name one that it has: {root}/s"),
    ],
)
def test_an_old_root_that_says_nothing_is_refused(world: World, old: str, says: str):
    world.run("phase1", GOOD)
    with pytest.raises(BadInput, match=says.format(root=world.root)):
        world.tell_moved(old.format(root=world.root))


def test_an_empty_mount_point_that_stayed_is_no_storage(world: World):
    world.run("phase1", GOOD)
    moved = world.move("elsewhere")
    (world.root / "s").mkdir()
    moved.tell_moved(world.store.root)
    assert outcome(moved) == Outcome.PASSED


def test_a_link_left_at_the_old_place_makes_them_one(world: World):
    world.run("phase1", GOOD)
    moved = world.move("elsewhere")
    (world.root / "s").symlink_to(moved.store.root)
    assert outcome(moved) == Outcome.PASSED
    with pytest.raises(BadInput, match="it is the same place"):
        moved.tell_moved(world.root / "s")


def test_documents_that_stayed_behind_are_told_and_written_anew(approved: World):
    assert approved.run("report")
    moved = approved.move("elsewhere")
    shutil.rmtree(moved.store.docs)
    moved.tell_moved(approved.store.root)
    assert not is_ready(moved.evidence)
    assert moved.run("report")
    assert is_ready(moved.evidence)
    assert moved.approval.state == ApprovalState.APPROVED


def test_raw_files_that_were_removed_are_let_pass_and_are_missing_here_too(world: World):
    world.run("phase1", GOOD)
    shutil.rmtree(world.store.dataset("mbpp").raw)
    moved = world.move("elsewhere")
    moved.tell_moved(world.store.root)
    assert outcome(moved) == Outcome.PASSED
    [raw] = [a for a in moved.evidence.assets if a.key == "mbpp/raw"]
    assert raw.differing == ("datasets_v2/mbpp/raw/raw.bin is missing",)


def posted(event: type, world: World, old: Path) -> None:
    """What anybody can do who reaches the webserver."""
    facts = {MOVED_FROM: str(old), STORAGE_ROOT: str(world.store.root), "files": 1}
    world.instance.report_runless_asset_event(event(MOVES_KEY, metadata=facts))


@pytest.mark.parametrize("event", [dg.AssetObservation, dg.AssetMaterialization])
def test_a_posted_move_is_nothing(approved: World, event: type):
    moved = approved.move("elsewhere")
    posted(event, moved, approved.store.root)
    assert outcome(moved) == Outcome.NOT_EVALUATED
    assert moved.approval.state != ApprovalState.APPROVED


def test_posted_moves_hide_none_that_a_run_told(world: World):
    world.run("phase1", GOOD)
    moved = world.move("elsewhere")
    moved.tell_moved(world.store.root)
    for _ in range(60):
        posted(dg.AssetObservation, world, moved.store.root)
    assert outcome(moved) == Outcome.PASSED


def test_a_storage_cannot_be_moved_to_two_places(world: World):
    world.run("phase1", GOOD)
    one = world.move("one")
    copy = World.move(one, "two")
    shutil.copytree(copy.store.root, one.store.root)
    one.tell_moved(world.store.root)
    has = f"nothing of a storage there: .*/s. Fix: name one that it has: {one.store.root}"
    with pytest.raises(BadInput, match=has):
        copy.tell_moved(world.store.root)
    with pytest.raises(BadInput, match="the old storage is still there"):
        copy.tell_moved(one.store.root)
    assert (outcome(one), outcome(copy)) == (Outcome.PASSED, Outcome.NOT_EVALUATED)
    assert str(one.store.root) in copy.judged("rows_parse").finding
