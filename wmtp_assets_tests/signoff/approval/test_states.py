"""Every state of evidence on a real record, and whether an approval is granted on it.

One table: what happened, the check that tells, its state, and whether command and UI job grant.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from wmtp_assets.approval.signing import NoSigner
from wmtp_assets.approval.state import ApprovalState
from wmtp_assets.approval.verify import verify_storage
from wmtp_assets.errors import BadInput
from wmtp_assets.evidence.judge import Outcome
from wmtp_assets_tests.signoff.world import (
    CRASH,
    EXPLODE,
    GOOD,
    WARN,
    WRONG,
    World,
    train_checks,
    train_checks_without_parse,
)

BETTER = b"better"


@dataclass(frozen=True)
class State:
    """One row; `says` has to be in the refusal, None if the approval is granted."""

    happened: str
    steps: tuple[Callable[[World], object], ...]
    outcome: Outcome | None
    says: str | None = None
    check: str = "rows_parse"


def run(job: str, content: bytes | None = None) -> Callable[[World], object]:
    return lambda world: world.run(job, content)


def edit(world: World) -> None:
    world.file.write_bytes(b"rot!")


def edit_unseen(world: World) -> None:
    before = world.file.stat()
    world.file.write_bytes(b"rot!")
    os.utime(world.file, ns=(before.st_atime_ns, before.st_mtime_ns))


def delete(world: World) -> None:
    world.file.unlink()


def stray(world: World) -> None:
    (world.store.dataset("mbpp").processed / "old.jsonl").write_text("{}")


def other_input(world: World) -> None:
    (world.root / "wanted_raw").write_bytes(b"published anew")
    world.run("only_raw")


def post_pass(world: World) -> None:
    world.post_pass("rows_parse")


def crash_in_check(world: World) -> None:
    """The bytes are right again afterwards."""
    before = world.file.read_bytes()
    world.file.write_bytes(CRASH)
    world.run("verify")
    world.file.write_bytes(before)


def post_materialization(world: World) -> None:
    world.post_materialization()


def code(checks) -> Callable[[World], object]:
    return lambda world: world.code(checks)


WITH, WITHOUT = code(train_checks), code(train_checks_without_parse)
PASSED, WARNED, FAILED = Outcome.PASSED, Outcome.WARNED, Outcome.FAILED
NOT_EVALUATED, STALE, DIFFERS = Outcome.NOT_EVALUATED, Outcome.STALE, Outcome.DISK_DIFFERS
document = run("report")


def good(world: World) -> None:
    """With its documents, which are right until something else happens."""
    world.make_approvable()


STATES = [
    State("passed", (good,), PASSED),
    State("warned", (run("phase1", WARN),), WARNED, "not acknowledged: warned", "no_oddities"),
    State("failed", (run("phase1", WRONG),), FAILED, "failed mbpp/train rows_parse"),
    State("crashed", (good, run("verify"), run("phase1", CRASH)), NOT_EVALUATED, "crashed in run"),
    State(
        "planned and never run",
        (run("unchecked", GOOD), run("phase1", EXPLODE)),
        NOT_EVALUATED,
        "no run has evaluated it",
    ),
    State("never materialized", (run("phase1", EXPLODE),), NOT_EVALUATED, "never materialized"),
    State("made again without checks, equal bytes", (good, run("unchecked", GOOD)), PASSED),
    State(
        "made again without checks, other bytes",
        (good, run("unchecked", BETTER)),
        STALE,
        "it judged another content",
    ),
    State("masked by a later failed run", (good, run("phase1", EXPLODE)), PASSED),
    State(
        "failed, then made again with equal bytes",
        (run("phase1", WRONG), run("unchecked")),
        STALE,
        "failed before the asset was materialized again",
    ),
    State("its input changed since", (good, other_input), STALE, "made from another mbpp/raw"),
    State("a file edited on disk", (good, edit), DIFFERS, "train.jsonl is not as recorded"),
    State(
        "a file edited, its time preserved",
        (good, edit_unseen),
        PASSED,
        "the disk is not as recorded: datasets_v2/mbpp/processed/train.jsonl",
    ),
    State("a file deleted", (good, delete), DIFFERS, "train.jsonl is missing"),
    State("a file of no asset", (good, stray), PASSED, "old.jsonl is of no asset"),
    State("a failed check removed from the code", (run("phase1", WRONG), WITHOUT), None),
    State("a check added to the code", (WITHOUT, good, WITH), NOT_EVALUATED, "no run has"),
    State("a pass posted over a failure", (run("phase1", WRONG), post_pass), FAILED, "failed mbpp"),
    State(
        "a pass posted for a check that never ran",
        (run("unchecked", GOOD), post_pass),
        NOT_EVALUATED,
        "no run has evaluated it",
    ),
    State(
        "a pass posted over a failure, then masked by a failed run",
        (run("phase1", WRONG), post_pass, run("phase1", EXPLODE)),
        FAILED,
        "failed mbpp/train rows_parse",
    ),
    State("a materialization posted over a pass", (good, post_materialization), PASSED),
    State(
        "a materialization posted over a failure",
        (run("phase1", WRONG), post_materialization),
        FAILED,
        "failed mbpp/train rows_parse",
    ),
    State(
        "more passes posted over a failure than one looks back at once",
        (run("phase1", WRONG), *[post_pass] * 110),
        FAILED,
        "failed mbpp/train rows_parse",
    ),
    State(
        "failed, then crashed",
        (run("phase1", WRONG), crash_in_check),
        FAILED,
        "failed mbpp/train rows_parse",
    ),
    State(
        "crashed, then masked by a failed run",
        (good, crash_in_check, run("phase1", EXPLODE)),
        NOT_EVALUATED,
        "crashed in run",
    ),
]


@pytest.mark.parametrize("state", STATES, ids=[state.happened for state in STATES])
def test_the_state_of_a_check_and_whether_the_storage_can_be_approved(world: World, state: State):
    for step in state.steps:
        step(world)
    judged = world.judged(state.check)
    assert (judged.outcome if judged else None) == state.outcome
    if state.says is None:
        document(world)
        world.approve()
        assert world.approve_in_ui()
        assert [entry.decision.reviewer for entry in world.chain.entries] == ["Ann", "Ben"]
        assert world.chain.problems == ()
        return
    with pytest.raises(BadInput, match="approval refused") as refused:
        world.approve()
    assert state.says in str(refused.value)
    assert not world.approve_in_ui()
    assert world.chain.entries == () and list(world.store.signoff.iterdir()) == []


def test_an_acknowledged_warning_can_be_approved_and_is_in_the_manifest(world: World):
    world.run("phase1", WARN)
    document(world)
    digest = world.judged("no_oddities").digest
    with pytest.raises(BadInput, match="no warning has the digest 0123"):
        world.approve(acknowledge=[digest, "0123"])
    world.approve(acknowledge=[digest])
    [entry] = world.chain.entries
    assert [row["finding"] for row in entry.manifest["acknowledged"]] == ["row 3 is odd"]
    assert entry.decision.acknowledged == (digest,)
    assert not world.approve_in_ui()
    assert world.approve_in_ui([digest])


STRAYS = (
    ".gitkeep",
    ".sources.lock.json.guard",
    "datasets_v2/.DS_Store",
    "models_v2/SHA256SUMS",
    "models_v2/.gitkeep",
    "models_v2/m/safetensors/.cache/model.safetensors",
    "datasets_v2/mbpp/raw/.hidden",
    "datasets_v2/mbpp/processed/.train.jsonl.other.7.ab.tmp",
)


def write_into(root: Path, names: Iterable[str], data: bytes) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)


def test_a_file_that_belongs_to_nothing_is_not_approved_and_suspends(world: World):
    world.make_approvable()
    write_into(world.store.root, STRAYS, b"approve me too")
    with pytest.raises(BadInput) as refused:
        world.approve()
    assert [f"{stray} is of no asset" for stray in sorted(STRAYS)] == refused.value.culprits
    for stray in STRAYS:
        (world.store.root / stray).unlink()
    world.approve()
    assert world.approval.state == ApprovalState.APPROVED
    write_into(world.store.root, STRAYS, b"and me")
    # The last may be the work of a job on another machine, or of a dead one that nobody swept.
    assert {f"{stray} was not there" for stray in STRAYS[:-1]} <= {*world.approval.changes}
    problems = "; ".join(verify_storage(world.store.root).problems)
    assert [stray for stray in STRAYS if f": {stray} was not there" not in problems] == []


def test_what_is_empty_or_in_flight_and_has_its_use_is_no_stray(world: World):
    world.make_approvable()
    write_into(world.store.root, [".gitkeep", ".sources.lock.json.guard"], b"")
    write_into(world.store.dataset("mbpp").raw, [".cache/wmtp_download/x/e.h.1.r.partial"], b"half")
    write_into(world.store.signoff, [".0001.elsewhere.7.ab.tmp/manifest.json"], b"{")
    write_into(world.store.signoff, [".backup.guard"], b"")
    world.approve()
    assert world.approval.state == ApprovalState.APPROVED
    assert verify_storage(world.store.root).problems == ()
    (world.store.root / ".gitkeep").write_bytes(b"and me")
    assert ".gitkeep changed" in world.approval.summary


def test_nothing_but_decisions_lies_in_signoff(world: World):
    world.make_approvable().approve()
    names = (".evil", ".0002", "0001.tmp", "a", ".DS_Store", ".backup.guard", ".0001.h.7.ab.tmp")
    write_into(world.store.signoff, names, b"approved by the director")
    for told in (world.approval.damage, verify_storage(world.store.root).problems):
        assert {f"{name} is no decision" for name in names} <= {*told}
    with pytest.raises(BadInput, match="damaged"):
        world.approve()


class Meanwhile(NoSigner):
    """A storage in which a file appears while it is read."""

    def read_storage(self, root: Path, signature: Path, seen) -> Mapping[str, str]:
        (root / "sources.lock.json").write_text('{"version": 1, "repos": {}}')
        return super().read_storage(root, signature, seen)


def test_a_file_that_comes_while_the_storage_is_read_is_refused(world: World):
    world.make_approvable()
    with pytest.raises(BadInput, match=r"came or went meanwhile: sources\.lock\.json"):
        world.approve(signer=Meanwhile())
    assert world.chain.entries == ()


def test_without_documents_nothing_can_be_approved(world: World):
    world.run("phase1", GOOD)
    with pytest.raises(BadInput, match="reports/storage_readme"):
        world.approve()


def test_a_decision_needs_a_reviewer(world: World):
    world.make_approvable()
    with pytest.raises(BadInput, match="needs a reviewer"):
        world.approve(reviewer=" ")
