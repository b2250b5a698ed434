"""Keeping an approval: equal content keeps it, anything else suspends it and is told."""

import dataclasses
import errno
import json
import shutil

import dagster as dg
import pytest

from wmtp_assets.approval.append import pending_entry, publish_entry, write_decision
from wmtp_assets.approval.chain import Role, Verdict
from wmtp_assets.approval.events import APPROVAL_KEY, APPROVED_BY_REVIEWER, latest_result
from wmtp_assets.approval.manifest import build_manifest, recorded_files
from wmtp_assets.approval.state import ApprovalState
from wmtp_assets.errors import BadInput
from wmtp_assets.evidence.read import Declared
from wmtp_assets.files import file_io
from wmtp_assets.files.temporaries import new_file
from wmtp_assets_tests.signoff.world import (
    GOOD,
    TRAIN,
    WARN,
    WRONG,
    World,
    train_checks,
    train_checks_without_parse,
)


@pytest.fixture
def approved(world: World) -> World:
    world.make_approvable().approve()
    assert world.approval.state == ApprovalState.APPROVED
    return world


def shown(world: World) -> str:
    """What the UI shows after the next report."""
    world.run("report")
    standing, _ = latest_result(world.instance, world.store)
    return standing


def completion(world: World) -> str:
    return world.store.document("phase1_completion_report.md").read_text()


def test_nothing_decided_is_absent(world: World):
    world.make_approvable()
    assert world.approval.state == ApprovalState.ABSENT
    assert shown(world) == "absent"
    assert "There is no earlier approval" in completion(world)


def test_the_ui_shows_who_approved_and_that_it_is_not_signed(approved: World):
    key = dg.AssetCheckKey(APPROVAL_KEY, APPROVED_BY_REVIEWER)
    log = approved.instance.event_log_storage
    [record, *_] = log.get_asset_check_execution_history(key, limit=1)
    result = record.event.dagster_event.asset_check_evaluation_data
    assert record.run_id and result.passed
    assert "approved by Ann (reviewer)" in result.description
    assert "not signed" in result.description
    made = approved.latest(APPROVAL_KEY).asset_materialization
    assert made.metadata["reviewer"].value == "Ann"
    assert made.metadata["key_fingerprint"].value == "not signed"
    assert made.tags["dagster/data_version"] == f"sha256:{approved.chain.entries[0].sha256}"


def test_the_same_bytes_made_again_keep_it(approved: World):
    readme = approved.store.readme.read_bytes()
    assert approved.run("phase1", GOOD)
    assert approved.approval.state == ApprovalState.APPROVED
    assert shown(approved) == "approved"
    assert approved.store.readme.read_bytes() == readme
    assert "Nothing." in completion(approved).split("## Changed since the last approval")[1][:20]


def test_a_newer_pass_changes_nothing(approved: World):
    assert approved.run("verify")
    assert shown(approved) == "approved"


def test_other_bytes_suspend_it_and_the_report_says_what_changed(approved: World):
    assert approved.run("phase1", b"better")
    approval = approved.approval
    assert approval.state == ApprovalState.SUSPENDED
    assert approval.changes[0].startswith(
        "mbpp/train: datasets_v2/mbpp/processed/train.jsonl changed: "
    )
    assert shown(approved) == "suspended"
    told = completion(approved).split("## Changed since the last approval")[1]
    assert "mbpp/train: datasets_v2/mbpp/processed/train.jsonl changed" in told
    checklist = json.loads(approved.store.document("phase1_checklist.json").read_text())
    assert checklist["steps"][11]["state"] == "suspended"
    approved.approve()
    assert approved.approval.state == ApprovalState.APPROVED


def test_the_bytes_of_the_approval_made_again_bring_it_back(approved: World):
    approved.run("phase1", b"better")
    assert shown(approved) == "suspended"
    approved.run("phase1", GOOD)
    assert shown(approved) == "approved"


def test_a_newer_failed_check_suspends_it_until_it_passes(approved: World):
    approved.file.write_bytes(b"rot!")
    approved.run("verify")
    approved.file.write_bytes(GOOD)
    approval = approved.approval
    assert approval.state == ApprovalState.SUSPENDED
    assert "mbpp/train bytes_match_materialized_digest failed: " in approval.changes[0]
    approved.run("verify")
    assert approved.approval.state == ApprovalState.APPROVED


def test_a_file_edited_removed_or_added_on_disk_suspends_it_without_a_run(approved: World):
    approved.file.write_bytes(b"rot!")
    assert "train.jsonl is not as recorded" in approved.approval.summary
    approved.file.unlink()
    assert "train.jsonl is missing" in approved.approval.summary
    approved.file.write_bytes(GOOD)
    assert approved.approval.state == ApprovalState.APPROVED
    (approved.file.parent / "stray.bin").write_bytes(b"x")
    assert "stray.bin was not there" in approved.approval.summary


def test_a_warning_is_made_again_without_its_check_and_the_approval_stands(world: World):
    """Equal bytes: neither the outcome of the check nor the README may take it away."""
    world.run("phase1", WARN)
    world.run("report")
    world.approve(acknowledge=[world.judged("no_oddities").digest])
    world.run("unchecked")
    assert shown(world) == "approved"
    assert world.approval.state == ApprovalState.APPROVED


def test_a_new_check_that_passes_leaves_the_approval(world: World):
    world.code(train_checks_without_parse)
    world.make_approvable().approve()
    world.code(train_checks)
    world.run("verify")
    assert shown(world) == "approved"
    assert world.approval.state == ApprovalState.APPROVED


def test_a_job_at_work_does_not_suspend_it(approved: World):
    unfinished = new_file(approved.file)
    unfinished.path.write_bytes(b"half")
    assert approved.approval.state == ApprovalState.APPROVED
    assert approved.failed("verify_documents") == {}
    unfinished.release()
    assert "was not there" in approved.approval.summary


def test_an_asset_outside_the_graph_is_judged_by_its_files(approved: World):
    """WMTP_REWARD_MODEL was set when it was approved, and is not now."""
    approved.declared = Declared(
        tuple(s for s in approved.declared.assets if s.key != TRAIN),
        tuple(c for c in approved.declared.checks if c.asset_key != TRAIN),
    )
    assert approved.approval.state == ApprovalState.APPROVED
    approved.file.unlink()
    assert (
        "mbpp/train: datasets_v2/mbpp/processed/train.jsonl is missing" in approved.approval.summary
    )


def test_an_approval_that_no_run_recorded_does_not_count(approved: World):
    """Cut off before its run ended, or put there by somebody who can write the folder."""
    approved.run("phase1", b"better")
    assert approved.approval.state == ApprovalState.SUSPENDED
    entry = approved.chain.entries[0]
    manifest = build_manifest(approved.evidence, recorded_files(approved.evidence), {"repos": {}})
    decision = dataclasses.replace(entry.decision, number=2, previous_sha256=entry.sha256)
    with pending_entry(approved.store.signoff, 2) as pending:
        write_decision(pending, manifest, decision)
        publish_entry(pending, approved.store.signoff, 2)
    assert approved.chain.problems == ()
    approval = approved.approval
    assert approval.state == ApprovalState.SUSPENDED
    assert "decision 0002 is recorded by no run" in approval.summary


def test_a_product_owner_s_approval_of_other_content_does_not_count(world: World):
    world.make_approvable().approve(role=Role.PRODUCT_OWNER, reviewer="Paul")
    world.run("phase1", b"better")
    world.run("report")
    world.approve()
    approval = world.approval
    assert approval.state == ApprovalState.APPROVED
    assert approval.approved_now == {Role.REVIEWER}
    assert "decision 0001, not signed, of other content" in approval.summary
    world.run("report")
    assert "- [ ] the product owner approved (approved by Paul" in completion(world)


def test_what_changed_is_told_after_a_rejection_too(approved: World):
    approved.run("phase1", b"better")
    approved.approve(verdict=Verdict.REJECTED, note="changed")
    approved.run("report")
    told = completion(approved).split("## Changed since the last approval")[1]
    assert "mbpp/train: datasets_v2/mbpp/processed/train.jsonl changed" in told


def test_the_migration_notes_are_right_in_the_first_report_after_a_repair(approved: World):
    approved.file.write_bytes(b"rot!")
    approved.run("verify")
    approved.run("report")
    approved.file.write_bytes(GOOD)
    approved.run("verify")
    approved.run("report")
    assert "suspended" not in approved.store.document("migration_notes.md").read_text()


def test_a_file_that_cannot_be_read_fails_its_checks_by_name(approved: World, monkeypatch):
    read = file_io.sha256_of

    def broken(path, *seen):
        if path == approved.file:
            raise OSError(errno.EIO, "Input/output error")
        return read(path, *seen)

    monkeypatch.setattr(file_io, "sha256_of", broken)
    told = approved.failed("verify")["mbpp/train bytes_match_materialized_digest"]
    assert "train.jsonl" in told and "unreadable (Input/output error)" in told
    with pytest.raises(BadInput, match="bytes_match_materialized_digest"):
        approved.approve()


def test_the_lock_is_part_of_what_was_approved(world: World):
    world.store.root.mkdir()
    world.store.lock.write_text('{"version": 1, "repos": {}}')
    world.make_approvable().approve()
    assert world.approval.state == ApprovalState.APPROVED
    world.store.lock.write_text('{"version": 1,  "repos": {}}')
    assert "sources.lock.json changed" in world.approval.summary


def test_checks_that_came_or_went_are_told_and_change_nothing(world: World):
    world.code(train_checks_without_parse)
    world.make_approvable().approve()
    world.code(train_checks)
    approval = world.approval
    assert approval.state == ApprovalState.APPROVED
    assert approval.check_changes == ("mbpp/train rows_parse was not declared",)
    world.run("report")
    assert "mbpp/train rows_parse was not declared" in completion(world)


def test_a_check_that_was_added_and_fails_suspends_it(world: World):
    world.code(train_checks_without_parse)
    assert world.run("phase1", WRONG) and world.run("report")
    world.approve()
    world.code(train_checks)
    world.run("verify")
    assert "mbpp/train rows_parse failed: " in world.approval.summary


def test_a_removed_decision_is_known_to_the_record(approved: World):
    approved.approve(verdict=Verdict.REJECTED, note="second thoughts")
    assert approved.approval.state == ApprovalState.REJECTED
    shutil.rmtree(approved.store.signoff / "0002")
    approval = approved.approval
    assert approval.state == ApprovalState.SUSPENDED
    assert "of the Dagster record is not in signoff/" in approval.summary


def test_a_posted_decision_changes_nothing(approved: World):
    posted = dg.AssetMaterialization(
        APPROVAL_KEY,
        metadata=approved.latest(APPROVAL_KEY).asset_materialization.metadata,
        tags={"dagster/data_version": "sha256:" + "0" * 64},
    )
    approved.instance.report_runless_asset_event(posted)
    assert approved.approval.state == ApprovalState.APPROVED


def test_a_posted_materialization_brings_no_approval_back(approved: World):
    approved.file.write_bytes(b"rot!")
    approved.run("verify")
    made = approved.latest().asset_materialization
    for files in (made.metadata["files"], {}, {"a": 1}):
        metadata = {**made.metadata, "files": files}
        approved.instance.report_runless_asset_event(
            dg.AssetMaterialization(TRAIN, metadata=metadata, tags=made.tags)
        )
        assert approved.approval.state == ApprovalState.SUSPENDED
        assert "train.jsonl is not as recorded" in approved.approval.summary


def test_posted_decisions_hide_no_removed_one(approved: World):
    approved.approve(verdict=Verdict.REJECTED)
    shutil.rmtree(approved.store.signoff / "0002")
    made = approved.latest(APPROVAL_KEY).asset_materialization
    for _ in range(60):
        approved.instance.report_runless_asset_event(
            dg.AssetMaterialization(APPROVAL_KEY, metadata=made.metadata, tags=made.tags)
        )
    assert approved.approval.state == ApprovalState.SUSPENDED


def test_a_damaged_decision_suspends_it_and_no_other_is_built_on_it(approved: World):
    path = approved.store.signoff / "0001/manifest.json"
    path.write_text(path.read_text().replace("good", "evil") + " ")
    assert "0001: manifest.json was changed" in approved.approval.summary
    with pytest.raises(BadInput, match="are damaged: 0001"):
        approved.approve()
    assert not approved.approve_in_ui()


def test_a_rejection_stands_until_the_same_role_decides_again(approved: World):
    approved.approve(
        verdict=Verdict.REJECTED, role=Role.PRODUCT_OWNER, reviewer="Paul", note="not yet"
    )
    assert approved.approval.state == ApprovalState.REJECTED
    assert "rejected by Paul (product_owner)" in approved.approval.summary
    assert "not yet" in approved.approval.summary
    approved.approve()
    assert approved.approval.state == ApprovalState.REJECTED
    approved.approve(role=Role.PRODUCT_OWNER, reviewer="Paul")
    assert approved.approval.state == ApprovalState.APPROVED
    assert [e.decision.number for e in approved.chain.entries] == [1, 2, 3, 4]


def test_a_rejection_needs_nothing_to_be_right(world: World):
    world.run("phase1", WRONG)
    world.approve(verdict=Verdict.REJECTED, note="row 3")
    assert world.approval.state == ApprovalState.REJECTED


def test_the_product_owner_alone_is_no_reviewer(world: World):
    world.make_approvable().approve(role=Role.PRODUCT_OWNER, reviewer="Paul")
    assert world.approval.state == ApprovalState.ABSENT
    assert "approved by Paul" in world.approval.summary
    world.approve()
    told = world.run("report") and completion(world)
    assert "- [x] the reviewer approved" in told and "- [x] the product owner approved" in told
