"""What `signoff status` says to do next after checks failed: the cheapest thing that helps."""

import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wmtp_assets.evidence.judge import FAILING, Evidence
from wmtp_assets.signoff.status import (
    DECIDE_AGAIN,
    MATERIALIZE_AGAIN,
    REPORT_AGAIN,
    VERIFY_AGAIN,
    status_lines,
)
from wmtp_assets_tests.signoff.world import (
    GOOD,
    WRONG,
    World,
    train_checks,
    train_checks_without_parse,
)

ROT = b"rot!"
assert len(ROT) == len(GOOD)


def next_step(world: World, evidence: Evidence | None = None) -> str:
    return [*status_lines(evidence or world.evidence, world.approval)][-1].removeprefix("next: ")


def replace_bytes(path: Path, content: bytes, *, keep_time: bool = False) -> None:
    before = path.stat()
    path.write_bytes(content)
    if keep_time:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture
def rotten(world: World) -> World:
    """A good storage of which a deep verification found one file changed."""
    world.make_approvable()
    replace_bytes(world.file, ROT)
    assert not world.run("verify")
    return world


def test_bytes_that_are_still_wrong_are_made_anew(rotten: World):
    assert next_step(rotten) == MATERIALIZE_AGAIN


@pytest.mark.parametrize("keep_time", [False, True])
def test_the_right_bytes_put_back_are_only_verified(rotten: World, keep_time: bool):
    replace_bytes(rotten.file, GOOD, keep_time=keep_time)
    assert next_step(rotten) == VERIFY_AGAIN
    assert rotten.run("verify")
    assert next_step(rotten) not in (VERIFY_AGAIN, MATERIALIZE_AGAIN)


def test_rot_that_no_time_shows_is_not_taken_for_bytes_put_back(world: World):
    """Size and modification time are the recorded ones: a quick look believes the file."""
    world.make_approvable()
    replace_bytes(world.file, ROT, keep_time=True)
    assert world.evidence.of("mbpp/train")[0].outcome not in FAILING
    assert not world.run("verify")
    assert next_step(world) == MATERIALIZE_AGAIN
    replace_bytes(world.file, ROT, keep_time=True)
    assert next_step(world) == VERIFY_AGAIN, "touched since: reading it is what tells"
    assert not world.run("verify")
    assert next_step(world) == MATERIALIZE_AGAIN


def test_other_wrong_bytes_are_made_anew(rotten: World):
    replace_bytes(rotten.file, b"worse than rot")
    assert next_step(rotten) == MATERIALIZE_AGAIN


@pytest.mark.parametrize("kept", ["the file", "the storage"])
def test_what_is_missing_is_made_anew_and_what_is_back_is_verified(
    world: World, tmp_path: Path, kept: str
):
    """A disk that was not mounted comes back with its old times."""
    world.make_approvable()
    lost = world.file if kept == "the file" else world.store.root
    lost.rename(tmp_path / "kept")
    assert not world.run("verify")
    assert next_step(world) == MATERIALIZE_AGAIN
    if lost.exists():
        shutil.rmtree(lost)
    (tmp_path / "kept").rename(lost)
    assert next_step(world) == VERIFY_AGAIN
    assert world.run("verify")
    assert next_step(world) not in (VERIFY_AGAIN, MATERIALIZE_AGAIN)


def test_what_fails_by_its_own_content_is_made_anew(world: World):
    assert not world.run("phase1", WRONG)
    assert next_step(world) == MATERIALIZE_AGAIN
    replace_bytes(world.file, WRONG)
    assert next_step(world) == MATERIALIZE_AGAIN, "touched, with the bytes that failed"


def test_a_failure_by_content_is_told_once_the_bytes_put_back_are_verified(world: World):
    assert not world.run("phase1", WRONG)
    raw = world.store.dataset("mbpp").raw / "raw.bin"
    replace_bytes(raw, b"rot")
    assert not world.run("verify")
    assert next_step(world) == MATERIALIZE_AGAIN
    replace_bytes(raw, b"published")
    assert next_step(world) == VERIFY_AGAIN
    assert not world.run("verify")
    assert next_step(world) == MATERIALIZE_AGAIN


def test_as_long_as_one_of_several_files_is_wrong_something_is_made_anew(world: World):
    world.make_approvable()
    raw = world.store.dataset("mbpp").raw / "raw.bin"
    for path in (raw, world.file):
        replace_bytes(path, ROT)
    assert not world.run("verify")
    replace_bytes(raw, b"published")
    assert next_step(world) == MATERIALIZE_AGAIN
    replace_bytes(world.file, GOOD)
    assert next_step(world) == VERIFY_AGAIN


def test_a_check_that_failed_by_the_bytes_of_another_asset_needs_no_more(rotten: World):
    """Its own asset is as recorded, and was when it failed."""
    replace_bytes(rotten.file, GOOD)
    evidence = rotten.evidence
    own = next(j for j in evidence.checks if j.outcome in FAILING)
    raw = evidence.of("mbpp/raw")[0]
    by_other = replace(raw.check.latest, passed=False, run_id=own.check.latest.run_id)
    for latest, wanted in (
        (by_other, VERIFY_AGAIN),
        (replace(by_other, run_id="another run"), MATERIALIZE_AGAIN),
    ):
        failed = replace(raw, check=replace(raw.check, latest=latest), outcome=own.outcome)
        checks = (failed, *(j for j in evidence.checks if j is not raw))
        assert next_step(rotten, replace(evidence, checks=checks)) == wanted


def test_what_differs_before_any_check_looked_is_made_anew_or_put_back(world: World):
    world.make_approvable()
    replace_bytes(world.file, ROT)
    assert next_step(world) == MATERIALIZE_AGAIN
    replace_bytes(world.file, GOOD)
    assert next_step(world) == "ready for approval"


def lines(world: World) -> list[str]:
    return [*status_lines(world.evidence, world.approval)]


def test_both_ways_back_are_told_where_a_file_differs(rotten: World):
    assert "put the right bytes back" in next_step(rotten)
    assert "materialize" in next_step(rotten)


def test_the_hints_lead_from_damage_to_the_approval_that_stands_again(world: World):
    world.make_approvable()
    world.approve()
    replace_bytes(world.file, ROT)
    assert not world.run("verify")
    assert next_step(world) == MATERIALIZE_AGAIN
    world.run("report")
    assert world.run("phase1", GOOD) and world.run("verify")
    assert next_step(world) == REPORT_AGAIN, lines(world)
    assert world.run("report")
    assert next_step(world).startswith("nothing")
    assert f"approval: {world.approval.summary}" in lines(world), "the state is not said twice"


def test_content_that_nobody_approved_is_for_a_reviewer(world: World):
    world.make_approvable()
    world.approve()
    assert world.run("phase1", GOOD * 2) and world.run("report")
    assert next_step(world) == DECIDE_AGAIN, lines(world)


def test_checks_that_did_not_run_do_not_bury_the_one_that_failed(world: World):
    """As on a full disk: one cause, and everything behind it waits."""
    assert not world.run("phase1", WRONG)
    told = lines(world)
    assert told[0].startswith("failed mbpp/train rows_parse ")
    waiting = [line for line in told if line.startswith("not-evaluated ")]
    documents = [j for j in world.evidence.counting if j.check.asset.startswith(("rep", "sign"))]
    assert len(documents) > 20
    assert waiting == [
        f"not-evaluated {len(documents)} checks of reports/asset_inventory, "
        "reports/completion_report, reports/migration_notes, reports/storage_readme, "
        "signoff/checklist: the asset was never materialized"
    ]


def test_a_check_that_alone_did_not_run_has_the_line_of_any_other(world: World):
    world.code(train_checks_without_parse)
    assert world.run("phase1", GOOD) and world.run("report")
    world.code(train_checks)
    [waiting] = [line for line in lines(world) if line.startswith("not-evaluated ")]
    assert waiting == world.judged("rows_parse").line


def test_the_two_numbers_of_checks_are_told_apart(world: World):
    world.make_approvable()
    evidence = world.evidence
    artifacts, counting = len(evidence.of_artifacts), len(evidence.counting)
    assert (
        f"{counting} declared checks ({artifacts} of artifacts, {counting - artifacts} of "
        f"documents): {counting} passed" in lines(world)
    )


def test_status_says_when_the_bytes_were_last_read_whole(world: World):
    [told] = [line for line in lines(world) if line.startswith("every byte: ")]
    assert told == "every byte: never read whole; verify_storage_deep does"
    assert world.run("unchecked", GOOD)
    assert told in lines(world), "making is not reading"
    assert world.run("phase1", GOOD)
    [told] = [line for line in lines(world) if line.startswith("every byte: last read whole")]
    first, last = (datetime.fromisoformat(word) for word in told.split()[6::2])
    assert first <= last <= datetime.now(UTC)
    assert world.run("verify")
    [again] = [line for line in lines(world) if line.startswith("every byte: ")]
    assert again >= told


def test_an_asset_whose_bytes_no_check_read_is_named(world: World):
    assert world.run("unchecked", GOOD)
    assert world.run("only_raw")
    [told] = [line for line in lines(world) if line.startswith("every byte: ")]
    assert told.endswith(", but never those of mbpp/train")
