"""The backup in the graph: refused, made, verified, told of, and the storage restored from it."""

import shutil
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets.approval.chain import Role, Verdict
from wmtp_assets.approval.state import ApprovalState
from wmtp_assets.approval.verify import verify_storage
from wmtp_assets.backup.events import BACKUP_KEY, COPY_IS_AS_APPROVED, read_backup
from wmtp_assets.backup.location import BackupLocation
from wmtp_assets.backup.restoring import restore
from wmtp_assets.backup.state import judge_backup
from wmtp_assets.backup.tag import read_tag
from wmtp_assets.definitions import build_definitions
from wmtp_assets.errors import BadInput
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.published import PUBLISHED
from wmtp_assets_tests.signoff.approvable import copy_or_make
from wmtp_assets_tests.signoff.approval.sealed import seal
from wmtp_assets_tests.signoff.backup.test_copying import changed, files_of
from wmtp_assets_tests.signoff.world import World

pytestmark = pytest.mark.long

CHECK = f"signoff/backup {COPY_IS_AS_APPROVED}"


def approve(world: World) -> None:
    world.make_approvable().approve()
    assert world.run("report")


def back_up(world: World) -> None:
    approve(world)
    assert world.run("backup_storage") and world.run("report")


@pytest.fixture
def approved(world: World) -> World:
    return copy_or_make(world, approve)


@pytest.fixture
def backed_up(world: World) -> World:
    return copy_or_make(world, back_up)


def judged(world: World) -> tuple[bool, str]:
    return judge_backup(read_backup(world.instance, world.store), world.approval)


def condition(world: World) -> str:
    """What the completion report says of the backup."""
    text = world.store.document("phase1_completion_report.md").read_text()
    [line] = [line for line in text.splitlines() if "is backed up and tagged" in line]
    return line


def action_items(world: World) -> str:
    return world.store.document("migration_notes.md").read_text().split("## Action items")[1]


def step_11(world: World) -> str:
    text = world.store.document("phase1_checklist.md").read_text()
    return text.split("Step 11")[1].split("\n\n")[0]


@pytest.mark.parametrize("decided", ["never", "rejected", "suspended"])
def test_only_an_approved_storage_is_backed_up(world: World, decided: str):
    world.make_approvable()
    if decided == "rejected":
        world.approve(verdict=Verdict.REJECTED)
    if decided == "suspended":
        world.approve()
        world.file.write_bytes(b"other")
    assert not world.run("backup_storage")
    assert not world.backups.exists()
    assert read_backup(world.instance, world.store) is None


def test_a_backup_meets_the_last_condition_of_phase_2(approved: World):
    assert condition(approved).startswith("- [ ] ") and "job backup_storage" in condition(approved)
    assert "back up the approved storage and tag it" in action_items(approved)
    assert "- [ ] the approved storage is backed up and tagged (no backup" in step_11(approved)
    assert approved.run("backup_storage") and approved.run("report")
    assert condition(approved).startswith(
        "- [x] the approved storage is backed up and tagged (v2.0.0 of decision 0001, copied to "
    )
    assert str(approved.backups) in condition(approved)
    assert "back up the approved" not in action_items(approved)
    assert "- [x] the approved storage is backed up and tagged (v2.0.0" in step_11(approved)
    assert files_of(approved.backups / "v2.0.0") == files_of(approved.store.root)
    assert approved.approval.state == ApprovalState.APPROVED


def test_one_flipped_byte_in_the_copy_is_named_and_mended(backed_up: World):
    assert backed_up.failed("verify_backup") == {}
    copy = backed_up.backups / "v2.0.0" / backed_up.store.relative(backed_up.file)
    copy.write_bytes(changed(copy.read_bytes()))
    [(check, said)] = backed_up.failed("verify_backup").items()
    assert check == CHECK
    assert f"{backed_up.store.relative(backed_up.file)} changed" in said
    assert not backed_up.run("verify_backup"), "a damaged copy fails the run"
    met, told = judged(backed_up)
    assert not met and "train.jsonl changed" in told
    assert backed_up.run("report")
    assert condition(backed_up).startswith("- [ ] ") and "train.jsonl changed" in condition(
        backed_up
    )
    # The copy is not the storage: the approval stands.
    assert backed_up.approval.state == ApprovalState.APPROVED
    assert backed_up.run("backup_storage")
    assert judged(backed_up)[0]
    assert copy.read_bytes() == backed_up.file.read_bytes()
    assert backed_up.failed("verify_backup") == {}


def test_a_restored_storage_passes_every_check_and_keeps_its_approval(backed_up: World):
    before = files_of(backed_up.store.root)
    shutil.rmtree(backed_up.store.root)
    assert backed_up.failed("verify")
    restore(BackupLocation(str(backed_up.backups)), backed_up.store.root)
    assert files_of(backed_up.store.root) == before
    assert backed_up.failed("verify") == {} and backed_up.run("report")
    assert backed_up.failed("verify_documents") == {}
    assert backed_up.approval.state == ApprovalState.APPROVED
    assert judged(backed_up)[0]
    assert verify_storage(backed_up.store.root, report=lambda line: None).problems == ()


def test_content_approved_since_is_not_backed_up_until_it_is(backed_up: World):
    assert backed_up.run("phase1", b"other content") and backed_up.run("report")
    backed_up.approve()
    met, told = judged(backed_up)
    assert not met and told.endswith("not the storage as it is approved now")
    assert backed_up.run("backup_storage")
    met, told = judged(backed_up)
    assert met and "of decision 0002, copied to" in told


def test_a_suspended_approval_is_not_backed_up(backed_up: World):
    backed_up.file.write_bytes(b"other")
    assert not judged(backed_up)[0]


def test_a_decision_made_since_is_backed_up_too(backed_up: World):
    """Restored without it, the approval would be suspended: the record knows a newer decision."""
    backed_up.approve(role=Role.PRODUCT_OWNER)
    met, told = judged(backed_up)
    assert not met and "before the newest decision; job backup_storage adds it" in told
    assert backed_up.run("backup_storage") and judged(backed_up)[0]
    assert (backed_up.backups / "v2.0.0/signoff/0002/decision.json").is_file()
    shutil.rmtree(backed_up.store.root)
    restore(BackupLocation(str(backed_up.backups)), backed_up.store.root)
    assert backed_up.approval.state == ApprovalState.APPROVED


def test_a_decision_that_no_run_recorded_is_not_what_is_backed_up(approved: World):
    seal(approved.store.root, reviewer="Nobody")
    assert "decision 0002 is recorded by no run" in approved.approval.summary
    assert approved.run("backup_storage")
    assert read_tag(BackupLocation(str(approved.backups))).decision == 1
    assert "decision 0001" in judged(approved)[1]


def test_the_damage_of_one_copy_is_not_forgotten_by_way_of_another(backed_up: World):
    first, second = backed_up.backups, backed_up.root / "second"
    copy = first / "v2.0.0/README.md"
    copy.write_bytes(changed(copy.read_bytes()))
    assert not backed_up.run("verify_backup")
    backed_up.at(second)
    assert backed_up.run("backup_storage") and backed_up.run("verify_backup")
    assert judged(backed_up)[0]
    backed_up.at(first)
    assert backed_up.run("backup_storage")
    assert backed_up.failed("verify_backup") == {}


def test_a_look_at_the_copy_that_broke_is_no_good_news(backed_up: World, monkeypatch):
    assert backed_up.run("verify_backup")

    def refuse(self, path):
        raise BadInput("the place of the backup failed", [path], "try again")

    with monkeypatch.context() as patch:
        patch.setattr(BackupLocation, "digest", refuse)
        assert not backed_up.run("verify_backup")
    met, told = judged(backed_up)
    assert not met and "the copy could not be read in run" in told
    assert backed_up.run("verify_backup")
    assert judged(backed_up)[0]


def test_what_is_posted_is_no_backup_and_hides_none(approved: World):
    facts = {"storage_root": str(approved.store.root), "place": "x", "version": "v2.0.0"}
    facts |= {"content_sha256": approved.approval.content, "decision": 1, "copied_at": "now"}
    facts["newest_decision_sha256"] = approved.approval.newest_sha256
    posted = dg.AssetMaterialization(BACKUP_KEY, metadata=facts)
    approved.instance.report_runless_asset_event(posted)
    assert read_backup(approved.instance, approved.store) is None
    assert approved.run("backup_storage")
    copy = approved.backups / "v2.0.0/README.md"
    copy.write_bytes(changed(copy.read_bytes()))
    assert not approved.run("verify_backup")
    approved.instance.report_runless_asset_event(posted)
    approved.instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            BACKUP_KEY,
            COPY_IS_AS_APPROVED,
            passed=True,
            metadata={
                "storage_root": str(approved.store.root),
                "place": str(approved.backups),
            },
        )
    )
    met, told = judged(approved)
    assert not met and "README.md changed" in told


def test_the_backup_of_another_storage_is_none_of_this_one(backed_up: World, tmp_path: Path):
    (tmp_path / "other").mkdir()
    other = World(tmp_path / "other", backed_up.instance)
    assert read_backup(other.instance, other.store) is None


def test_without_its_setting_no_backup_is_in_the_graph(tmp_path: Path):
    def names(backup_url: str | None) -> tuple[set[str], set[str]]:
        defs = build_definitions(
            catalog=PUBLISHED,
            source=MirrorSource(tmp_path),
            storage_root=tmp_path / "storage",
            docs_root=tmp_path / "docs",
            backup_url=backup_url,
        )
        keys = {k.to_user_string() for k in defs.resolve_asset_graph().get_all_asset_keys()}
        return keys, {job.name for job in defs.resolve_all_job_defs()}

    without, with_it = names(None), names(str(tmp_path / "backups"))
    assert with_it[0] - without[0] == {"signoff/backup"}
    assert with_it[1] - without[1] == {"backup_storage", "verify_backup"}
