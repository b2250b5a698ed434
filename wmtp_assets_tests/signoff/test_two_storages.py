"""Two storages on one record: each is judged by what runs recorded about it, and by nothing else.

One table: what happened here and there in which order, and the state of a check here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from wmtp_assets.approval.state import ApprovalState
from wmtp_assets.backup.events import read_backup
from wmtp_assets.documents.record import read_failures
from wmtp_assets.evidence.judge import Outcome
from wmtp_assets.signoff.status import status_lines
from wmtp_assets_tests.signoff.world import CRASH, GOOD, TRAIN, WRONG, World

BYTES = "bytes_match_materialized_digest"
BETTER = b"better"
Step = Callable[["Two"], object]


@dataclass(frozen=True)
class Two:
    here: World
    there: World


@pytest.fixture
def two(world: World, tmp_path: Path) -> Two:
    (tmp_path / "there").mkdir()
    return Two(world, World(tmp_path / "there", world.instance))


def here(job: str, content: bytes | None = None) -> Step:
    return lambda two: two.here.run(job, content)


def there(job: str, content: bytes | None = None) -> Step:
    return lambda two: two.there.run(job, content)


def rot(two: Two) -> None:
    two.here.file.write_bytes(b"rot!")


def post_there(two: Two) -> None:
    two.there.post_materialization()


def crash_in_checks_there(two: Two) -> None:
    two.there.file.write_bytes(CRASH)
    two.there.run("verify")


good, other = here("phase1", GOOD), there("phase1", BETTER)

# what happened -> (steps, check, its state here, what its sentence has)
STATES: dict[str, tuple[tuple[Step, ...], str, Outcome, str]] = {
    "made there later, of other content": ((good, other), "rows_parse", Outcome.PASSED, ""),
    "made there only": ((other,), "rows_parse", Outcome.NOT_EVALUATED, "the record has it of"),
    "posted about there": ((good, other, post_there), "rows_parse", Outcome.PASSED, ""),
    "verified here after it was made there": (
        (good, other, here("verify")),
        "rows_parse",
        Outcome.PASSED,
        "",
    ),
    "rotten here, verified here after it was made there": (
        (good, other, rot, here("verify")),
        BYTES,
        Outcome.FAILED,
        "train.jsonl",
    ),
    "rotten here, as is seen without a run": (
        (good, other, rot),
        "rows_parse",
        Outcome.DISK_DIFFERS,
        "train.jsonl is not as recorded",
    ),
    "failed here, passed there": (
        (here("phase1", WRONG), there("phase1", GOOD)),
        "rows_parse",
        Outcome.FAILED,
        "wrong",
    ),
    "passed here, failed there": (
        (good, there("phase1", WRONG)),
        "rows_parse",
        Outcome.PASSED,
        "",
    ),
    "crashed there, which made something": (
        (good, there("phase1", CRASH)),
        "rows_parse",
        Outcome.PASSED,
        "",
    ),
    "crashed there, which judged something": (
        (good, other, crash_in_checks_there),
        "rows_parse",
        Outcome.PASSED,
        "",
    ),
    "crashed here, passed there": (
        (good, here("phase1", CRASH), other),
        "rows_parse",
        Outcome.NOT_EVALUATED,
        "crashed in run",
    ),
    "failed here after it was made there, then made here again with equal bytes": (
        (good, other, rot, here("verify"), here("unchecked", GOOD)),
        BYTES,
        Outcome.STALE,
        "failed before the asset was materialized again",
    ),
    "passed here after it was made there, then made here again with equal bytes": (
        (good, other, here("verify"), here("unchecked", GOOD)),
        "rows_parse",
        Outcome.PASSED,
        "",
    ),
    "passed here after it was made there, then made here again with other bytes": (
        (good, other, here("verify"), here("unchecked", b"other")),
        "rows_parse",
        Outcome.STALE,
        "it judged another content",
    ),
}


@pytest.mark.parametrize(("steps", "check", "outcome", "says"), STATES.values(), ids=STATES.keys())
def test_the_state_of_a_check_here(two: Two, steps, check: str, outcome: Outcome, says: str):
    for step in steps:
        step(two)
    judged = two.here.judged(check)
    assert (judged.outcome, says in judged.finding) == (outcome, True), judged.finding


def test_a_failure_after_a_posted_materialization_is_a_failure(world: World):
    """Dagster notes the posted one as what the check judged."""
    world.run("phase1", GOOD)
    world.post_materialization()
    world.file.write_bytes(b"rot!")
    world.run("verify")
    assert world.judged(BYTES).outcome == Outcome.FAILED


def test_each_storage_has_its_own_digest_files_and_approval(two: Two):
    two.here.make_approvable().approve()
    assert two.there.run("phase1", BETTER) and two.there.run("report")
    assert two.here.evidence.storage_digest != two.there.evidence.storage_digest
    assert two.here.approval.state == ApprovalState.APPROVED
    assert two.there.approval.state == ApprovalState.ABSENT
    two.there.approve(reviewer="Ben")
    assert two.there.run("backup_storage")
    assert two.here.approval.state == two.there.approval.state == ApprovalState.APPROVED
    assert [d.reviewer for d in two.here.approval.decisions] == ["Ann"]
    assert read_backup(two.here.instance, two.here.store) is None
    assert read_backup(two.there.instance, two.there.store) is not None


def test_an_approval_is_suspended_by_a_failure_here_that_followed_a_run_there(two: Two):
    two.here.make_approvable().approve()
    two.there.run("phase1", BETTER)
    rot(two)
    two.here.run("verify")
    assert two.here.approval.state == ApprovalState.SUSPENDED
    assert f"mbpp/train {BYTES} failed: " in "; ".join(two.here.approval.changes)


def test_what_mended_a_failure_here_is_not_what_was_done_there(two: Two):
    here("phase1", WRONG)(two)
    there("phase1", GOOD)(two)
    [told] = [f for f in failures(two.here) if (f.asset, f.check) == ("mbpp/train", "rows_parse")]
    assert told.rework == "not mended yet"
    assert failures(two.there) == ()


def failures(world: World):
    return read_failures(world.instance, world.declared, world.deployment)


def test_a_check_compares_with_what_was_made_here(two: Two):
    good(two)
    assert other(two) and two.here.run("verify"), "it would find the bytes of the other storage"
    [newest] = two.here.instance.fetch_materializations(TRAIN, limit=1).records
    assert newest.asset_materialization.metadata["storage_root"].value == str(two.there.store.root)


def test_status_of_a_storage_the_record_does_not_know_names_the_one_it_does(two: Two):
    assert two.here.run("phase1", GOOD)
    lines = list(status_lines(two.there.evidence, two.there.approval))
    root = two.here.store.root
    assert f"storage {two.there.store.root}, digest none yet" in lines
    assert lines[-1].startswith(f"next: the record is of the storage at {root}: set WMTP_STORAGE")
    assert "signoff moved OLD_ROOT" in lines[-1]
    assert f"digest {two.here.evidence.storage_digest}" in "\n".join(
        status_lines(two.here.evidence, two.here.approval)
    )
    assert two.there.run("phase1", GOOD)
    assert "the record is of" not in [*status_lines(two.there.evidence, two.there.approval)][-1]
