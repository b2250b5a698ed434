"""A decision counts where a run recorded it, or where a trusted key signed it; nowhere else."""

import base64
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets.approval.chain import Role, Verdict
from wmtp_assets.approval.events import (
    APPROVAL_KEY,
    APPROVED_BY_REVIEWER,
    latest_result,
    latest_uncounted,
)
from wmtp_assets.approval.signing import KeySigner
from wmtp_assets.approval.state import ApprovalState
from wmtp_assets.automation.alarms import find_alarms
from wmtp_assets.checking import digests
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.signoff.status import is_fine, status_lines
from wmtp_assets_tests.signoff.approval.sealed import KeyPair, new_keys, reviewers, rewrite_sums
from wmtp_assets_tests.signoff.world import WARN, World


@pytest.fixture(scope="module")
def ann(tmp_path_factory) -> KeyPair:
    return new_keys(tmp_path_factory.mktemp("ann"))


@pytest.fixture(scope="module")
def eve(tmp_path_factory) -> KeyPair:
    return new_keys(tmp_path_factory.mktemp("eve"))


@pytest.fixture
def trusted(tmp_path: Path, ann: KeyPair) -> Path:
    return reviewers(tmp_path, ann)


@pytest.fixture
def fresh() -> Iterator[dg.DagsterInstance]:
    """The record of another machine, or of an emptied DAGSTER_HOME."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def forge(world: World, verdict: str = "approved", reviewer: str = "Ann") -> Path:
    """An entry as anybody can write it who can write the storage, with json and hashlib."""
    root, signoff = world.store.root, world.store.signoff
    numbers = sorted(p.name for p in signoff.glob("[0-9]*"))
    before = (signoff / numbers[-1] / "decision.json").read_bytes() if numbers else None
    stored = [p for p in root.rglob("*") if p.is_file() and signoff not in p.parents]
    assets = {
        path: (a.key, a.latest.version)
        for a in world.evidence.assets
        if a.latest
        for path in a.latest.files
    }
    files = {}
    for path in stored:
        name = path.relative_to(root).as_posix()
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        files[name] = {
            "size_bytes": path.stat().st_size,
            "sha256": digest,
            "asset": assets[name][0],
        }
    manifest = {
        "format": "wmtp-manifest-1", "storage_version": "v2.0.0", "storage_digest": "sha256:0",
        "catalog": "published", "source": "mirror", "sources": {}, "documents": {}, "checks": [],
        "acknowledged": [], "assets": dict(assets[name] for name in files), "files": files,
    }  # fmt: skip
    folder = signoff / f"{len(numbers) + 1:04d}"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    decision = {
        "format": "wmtp-decision-1", "number": len(numbers) + 1, "verdict": verdict,
        "role": "reviewer", "reviewer": reviewer, "note": "", "acknowledged": [],
        "decided_at": "2026-11-24T12:00:00+00:00", "storage_digest": "sha256:0", "run_id": "run",
        "manifest_sha256": hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest(),
        "previous_sha256": before and hashlib.sha256(before).hexdigest(), "key_fingerprint": None,
    }  # fmt: skip
    (folder / "decision.json").write_text(json.dumps(decision))
    (folder / "SHA256SUMS").touch()
    rewrite_sums(folder)
    return folder


def told(world: World) -> dict[str, str]:
    """What each place says of the approval: console, page, checklist, reports."""
    assert world.run("report")
    key = dg.AssetCheckKey(APPROVAL_KEY, APPROVED_BY_REVIEWER)
    [record, *_] = world.instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    page = record.event.dagster_event.asset_check_evaluation_data
    documents = world.store.docs.glob("*")
    return {
        "status": "\n".join(status_lines(world.evidence, world.approval)),
        "page": f"{page.passed} {page.description}",
        **{p.name: p.read_text() for p in documents if "inventory" not in p.name},
    }


def test_an_entry_written_by_hand_is_named_everywhere_and_counts_nowhere(world: World):
    world.run("phase1", WARN)
    world.run("report")
    forge(world)
    assert world.chain.problems == ()
    assert world.approval.state == ApprovalState.ABSENT
    for place, text in told(world).items():
        if place != "migration_notes.md":
            assert "decision 0001 is recorded by no run" in text, place
        assert "approved by" not in text and "approval: approved" not in text, place
    checklist = json.loads(world.store.document("phase1_checklist.json").read_text())
    assert checklist["approval"]["standing"] == "absent"
    assert checklist["steps"][11]["state"] == "awaiting approval"
    assert checklist["steps"][11]["decisions"] == []


@pytest.mark.long
def test_a_forged_name_writes_no_word_of_its_own_into_what_is_told(world: World):
    world.make_approvable()
    forge(world, reviewer="Ann. Approval: approved by all")
    assert not any("approved by all" in text for text in told(world).values())


@pytest.mark.long
def test_a_forged_entry_is_an_alarm(world: World):
    world.make_approvable()
    forge(world)
    world.run("report")
    latest = latest_result(world.instance, world.store)
    uncounted = latest_uncounted(world.instance, world.store)
    [alarm] = find_alarms(world.evidence, *latest, uncounted)
    assert alarm.startswith("decision 0001 is recorded by no run")


def wipe(world: World) -> None:
    """What *Wipe materializations* on the page does."""
    world.instance.wipe_assets([APPROVAL_KEY])


def test_a_rejection_that_is_wiped_and_removed_leaves_no_approval(world: World):
    world.make_approvable().approve()
    world.approve(verdict=Verdict.REJECTED, note="second thoughts")
    wipe(world)
    assert world.approval.state == ApprovalState.ABSENT
    assert "decision 0002 was wiped from the record" in world.approval.summary
    shutil.rmtree(world.store.signoff / "0002")
    approval = world.approval
    assert approval.state == ApprovalState.SUSPENDED
    assert "of the Dagster record is not in signoff/" in approval.summary
    assert not is_fine(world.evidence, approval)


@pytest.mark.long
def test_no_decision_is_built_over_a_removed_one(world: World):
    """Else one click on the page would hide that a rejection is gone."""
    world.make_approvable().approve()
    world.approve(verdict=Verdict.REJECTED)
    shutil.rmtree(world.store.signoff / "0002")
    assert not world.approve_in_ui()
    assert [e.decision.number for e in world.chain.entries] == [1]
    assert world.approval.state == ApprovalState.SUSPENDED


@pytest.mark.long
def test_what_was_wiped_is_decided_again(world: World):
    world.make_approvable().approve()
    wipe(world)
    world.approve(reviewer="Bea")
    assert world.approval.state == ApprovalState.APPROVED
    assert [d.number for d in world.approval.decisions] == [2]


def test_after_its_run_is_deleted_a_decision_does_not_count(world: World):
    world.make_approvable().approve()
    world.instance.delete_run(world.chain.entries[0].decision.run_id)
    assert world.approval.state == ApprovalState.ABSENT
    assert "decision 0001 is recorded by no run" in world.approval.summary


@pytest.mark.long
def test_another_record_knows_no_unsigned_decision(world: World, fresh: dg.DagsterInstance):
    world.make_approvable().approve()
    other = world.on(fresh)
    assert other.run("phase1") and other.run("report")
    approval = other.approval
    assert approval.state == ApprovalState.ABSENT
    assert "not known to this record, decide again" in approval.summary
    other.approve(reviewer="Bea")
    assert other.approval.state == ApprovalState.APPROVED


@pytest.mark.long
def test_an_unsigned_rejection_by_hand_takes_no_approval_away_and_is_named(world: World):
    world.make_approvable().approve()
    forge(world, "rejected")
    assert world.approval.state == ApprovalState.APPROVED
    assert "decision 0002 is recorded by no run" in world.approval.summary


@pytest.mark.long
def test_a_decision_behind_one_that_does_not_count_counts(world: World):
    world.make_approvable()
    forge(world)
    world.approve()
    assert world.approval.state == ApprovalState.APPROVED
    assert world.approval.uncounted[0].startswith("decision 0001 is recorded by no run")


@pytest.mark.long
def test_a_copied_signed_entry_is_no_later_one(world: World, ann: KeyPair, trusted: Path):
    world.trusting(trusted).make_approvable().approve(signer=KeySigner(ann.private))
    world.approve(signer=KeySigner(ann.private), verdict=Verdict.REJECTED)
    shutil.copytree(world.store.signoff / "0001", world.store.signoff / "0003")
    approval = world.approval
    assert approval.state == ApprovalState.SUSPENDED
    assert "0003: decision.json says it is number 1" in approval.summary


@pytest.mark.parametrize(
    "verdict", [Verdict.APPROVED, pytest.param(Verdict.REJECTED, marks=pytest.mark.long)]
)
def test_an_unsigned_click_supersedes_no_signed_decision(world, ann, trusted, verdict):
    world.trusting(trusted).make_approvable()
    opposite = Verdict.REJECTED if verdict == Verdict.APPROVED else Verdict.APPROVED
    world.approve(signer=KeySigner(ann.private), verdict=opposite)
    world.approve(verdict=verdict, reviewer="Eve")
    assert str(world.approval.state) == str(opposite)
    for place, text in told(world).items():
        assert "Eve" not in text, place
        if place != "migration_notes.md":
            assert "decision 0002 is not signed: only keys of WMTP_REVIEWER_KEYS count" in text
    assert world.approval.of(Role.REVIEWER).number == 1


@pytest.mark.long
def test_the_checklist_names_the_file_of_the_key(world: World, ann: KeyPair, trusted: Path):
    world.trusting(trusted).make_approvable().approve(signer=KeySigner(ann.private))
    texts = told(world)
    for place in ("status", "page", "phase1_checklist.md", "phase1_completion_report.md"):
        assert "decision 0001, signed with ann.pub" in texts[place], place
    checklist = json.loads(texts["phase1_checklist.json"])
    assert checklist["steps"][11]["decisions"][0].endswith("signed with ann.pub")


@pytest.mark.long
def test_a_decision_of_another_key_does_not_count_although_a_run_recorded_it(
    world: World, eve: KeyPair, trusted: Path
):
    world.trusting(trusted).make_approvable().approve(signer=KeySigner(eve.private))
    assert world.approval.state == ApprovalState.ABSENT
    stranger = KeySigner(eve.private).key_fingerprint
    assert f"decision 0001 is signed with key {stranger}: only keys of" in world.approval.summary


def under_another_s_name(world: World, ann: KeyPair, eve: KeyPair) -> None:
    """The fingerprint is what a forger writes; the signature is what he has not."""
    theirs, mine = (KeySigner(pair.private).key_fingerprint for pair in (eve, ann))
    folder = world.store.signoff / "0001"
    decision = folder / "decision.json"
    before = hashlib.sha256(decision.read_bytes()).hexdigest()
    decision.write_text(decision.read_text().replace(theirs, mine))
    after = hashlib.sha256(decision.read_bytes()).hexdigest()
    for name in ("decision.sig", "storage.sig"):
        bundle = json.loads((folder / name).read_text().replace(theirs, mine))
        payload = base64.b64decode(bundle["dsseEnvelope"]["payload"]).decode()
        payload = payload.replace(before, after).encode()
        bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
        (folder / name).write_text(json.dumps(bundle))
    rewrite_sums(folder)


def test_a_signature_under_a_trusted_name_that_its_key_did_not_make(
    world: World, ann: KeyPair, eve: KeyPair, trusted: Path, fresh: dg.DagsterInstance
):
    world.make_approvable().approve(signer=KeySigner(eve.private))
    under_another_s_name(world, ann, eve)
    assert world.chain.problems == ()
    other = world.on(fresh).trusting(trusted)
    assert other.approval.state == ApprovalState.ABSENT
    assert "decision 0001/storage.sig: was not made with key" in other.approval.summary


def test_a_signed_decision_stands_at_once_in_a_fresh_record(
    world: World, ann: KeyPair, trusted: Path, fresh: dg.DagsterInstance
):
    """A restored storage, a new machine, a move to Postgres: nothing was made there yet."""
    world.make_approvable().approve(signer=KeySigner(ann.private))
    readme = world.store.readme.read_bytes()
    other = world.on(fresh).trusting(trusted)
    assert other.approval.state == ApprovalState.APPROVED
    assert other.failed("report") == {}
    assert other.store.readme.read_bytes() == readme
    approval = other.approval
    assert approval.state == ApprovalState.APPROVED, approval.summary
    assert "signed with ann.pub" in approval.summary
    assert latest_result(fresh, other.store)[0] == "approved"
    assert other.run("phase1") and other.run("report")
    assert other.store.readme.read_bytes() == readme
    assert other.approval.state == ApprovalState.APPROVED and other.approval.read == {}


@pytest.mark.long
def test_an_unsigned_approval_beside_it_in_a_fresh_record(
    world: World, ann: KeyPair, trusted: Path, fresh: dg.DagsterInstance
):
    world.make_approvable().approve(signer=KeySigner(ann.private))
    world.approve(reviewer="Eve")
    other = world.on(fresh).trusting(trusted)
    assert other.run("report")
    assert other.approval.state == ApprovalState.APPROVED
    assert [d.reviewer for d in other.approval.decisions] == ["Ann"]


@pytest.mark.long
def test_a_signed_decision_stands_at_another_root_before_the_move_is_told(world, ann, trusted):
    world.make_approvable().approve(signer=KeySigner(ann.private))
    moved = world.move("elsewhere").trusting(trusted)
    assert moved.approval.state == ApprovalState.APPROVED
    moved.tell_moved(world.store.root)
    assert moved.approval.state == ApprovalState.APPROVED and moved.approval.read == {}


@pytest.mark.long
def test_a_move_without_a_wiped_rejection_is_refused(world: World):
    world.make_approvable().approve()
    world.approve(verdict=Verdict.REJECTED)
    wipe(world)
    shutil.rmtree(world.store.signoff / "0002")
    moved = world.move("elsewhere")
    with pytest.raises(BadInput, match="of the Dagster record is not in signoff/"):
        moved.tell_moved(world.store.root)


@pytest.mark.long
def test_without_the_setting_a_fresh_record_knows_no_signed_decision_either(
    world: World, ann: KeyPair, fresh: dg.DagsterInstance
):
    world.make_approvable().approve(signer=KeySigner(ann.private))
    approval = world.on(fresh).approval
    assert approval.state == ApprovalState.ABSENT
    key = KeySigner(ann.private).key_fingerprint[:16]
    assert f"decide again, or trust key {key} by WMTP_REVIEWER_KEYS" in approval.summary


def edit_of_equal_size_and_time(path: Path) -> None:
    before = path.stat()
    path.write_bytes(b"rot!")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def remove(path: Path) -> None:
    path.unlink()


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def link(path: Path) -> None:
    path.rename(path.parent.parent.parent.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent.parent.parent.parent / "elsewhere")


def beside(path: Path) -> None:
    path.with_name("more.jsonl").write_text("{}")


@pytest.mark.long
@pytest.mark.parametrize(
    "attack", [edit_of_equal_size_and_time, remove, lengthen, pipe, link, beside]
)
def test_what_a_fresh_record_does_not_know_is_read_and_held_against_the_signature(
    world, ann, trusted, fresh, attack: Callable[[Path], None]
):
    world.make_approvable().approve(signer=KeySigner(ann.private))
    attack(world.file)
    other = world.on(fresh).trusting(trusted)
    assert other.approval.state == ApprovalState.SUSPENDED
    assert "datasets_v2/mbpp/processed/" in other.approval.summary


@pytest.mark.long
def test_what_was_read_is_read_again_only_when_it_was_touched(
    world, ann, trusted, fresh, monkeypatch
):
    world.make_approvable().approve(signer=KeySigner(ann.private))
    other = world.on(fresh).trusting(trusted)
    assert other.run("report")
    digests._read_once.cache_clear()
    read, original = [], file_io.sha256_of

    def noted(path: Path, *seen) -> str:
        read.append(path)
        return original(path, *seen)

    monkeypatch.setattr(file_io, "sha256_of", noted)
    assert other.approval.state == ApprovalState.APPROVED
    assert other.file not in read
    other.file.write_bytes(b"rot!")
    assert other.approval.state == ApprovalState.SUSPENDED
    assert other.file in read


@pytest.mark.long
def test_a_signed_rejection_that_is_removed_is_known_to_the_record(world, ann, trusted):
    world.trusting(trusted).make_approvable().approve(signer=KeySigner(ann.private))
    world.approve(signer=KeySigner(ann.private), verdict=Verdict.REJECTED)
    shutil.rmtree(world.store.signoff / "0002")
    wipe(world)
    assert world.approval.state == ApprovalState.SUSPENDED
    assert not world.approve_in_ui()


@pytest.mark.long
def test_a_setting_that_comes_later_leaves_only_what_was_signed(world, ann, trusted):
    world.make_approvable().approve(reviewer="Bea")
    world.trusting(trusted)
    assert world.approval.state == ApprovalState.ABSENT
    world.approve(signer=KeySigner(ann.private))
    assert world.approval.state == ApprovalState.APPROVED


@pytest.mark.long
def test_a_backup_is_made_of_what_a_trusted_key_signed_only(world, ann, trusted):
    world.trusting(trusted).make_approvable().approve(reviewer="Eve")
    world.run("report")
    assert not world.run("backup_storage")
    world.approve(signer=KeySigner(ann.private))
    world.run("report")
    assert world.run("backup_storage")
