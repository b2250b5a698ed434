"""What a result is worth: one table of states."""

import dataclasses

import pytest

from wmtp_assets.evidence.judge import (
    AssetRow,
    CheckRow,
    Evaluation,
    Evidence,
    Materialization,
    Outcome,
    is_ready,
    judge,
)

ROOT = "/storage"
MADE = Materialization(10, "sha256:now", "run", 0.0, {}, {})
ASSET = AssetRow("mbpp/train", "mbpp", "MBPP train", MADE)
PASS = Evaluation(True, False, "fine", "sha256:now", ROOT, 10, "sha256:now", "run", 0.0, {})
FAIL = dataclasses.replace(PASS, passed=False, summary="row 3 is broken")
WARN = dataclasses.replace(FAIL, warns=True)
CHECK = CheckRow("mbpp/train", "rows_parse", True, PASS)


def old(evaluation: Evaluation, version: str) -> Evaluation:
    return dataclasses.replace(evaluation, target=9, target_version=version)


STATES = [
    ("passed on the latest materialization", PASS, {}, Outcome.PASSED),
    ("passed on an older one of equal content", old(PASS, "sha256:now"), {}, Outcome.PASSED),
    ("passed on an older one of other content", old(PASS, "sha256:old"), {}, Outcome.STALE),
    ("failed on the latest", FAIL, {}, Outcome.FAILED),
    ("failed before a new one, equal content", old(FAIL, "sha256:now"), {}, Outcome.STALE),
    ("warned on the latest", WARN, {}, Outcome.WARNED),
    ("warned before a new one", old(WARN, "sha256:now"), {}, Outcome.STALE),
    ("never evaluated by a run", None, {}, Outcome.NOT_EVALUATED),
    ("never materialized", PASS, {"latest": None}, Outcome.NOT_EVALUATED),
    (
        "passed on content that differs from the record",
        dataclasses.replace(PASS, content="sha256:edited"),
        {},
        Outcome.DISK_DIFFERS,
    ),
    (
        "warned on content that differs from the record",
        dataclasses.replace(WARN, content="sha256:edited"),
        {},
        Outcome.DISK_DIFFERS,
    ),
    ("passed, then a file was edited", PASS, {"differing": ("a.jsonl",)}, Outcome.DISK_DIFFERS),
    ("failed, and a file was edited", FAIL, {"differing": ("a.jsonl",)}, Outcome.FAILED),
    (
        "passed on another storage root",
        dataclasses.replace(PASS, storage_root="/other"),
        {},
        Outcome.NOT_EVALUATED,
    ),
]


@pytest.mark.parametrize(
    ("evaluation", "asset", "outcome"), [s[1:] for s in STATES], ids=[s[0] for s in STATES]
)
def test_the_outcome_of_a_check_that(evaluation, asset, outcome):
    check = dataclasses.replace(CHECK, latest=evaluation)
    assert judge(check, dataclasses.replace(ASSET, **asset), ROOT).outcome == outcome


def test_a_crash_after_a_pass_is_no_evidence_and_names_the_run():
    judged = judge(dataclasses.replace(CHECK, crashed_in="run-7"), ASSET, ROOT)
    assert judged.outcome == Outcome.NOT_EVALUATED and "run-7" in judged.finding


def test_a_file_that_differs_is_named_in_the_finding():
    edited = dataclasses.replace(ASSET, differing=("a.jsonl is not as recorded",))
    assert "a.jsonl" in judge(CHECK, edited, ROOT).finding


def test_the_digest_of_a_finding_changes_with_the_finding_only():
    one = judge(dataclasses.replace(CHECK, latest=WARN), ASSET, ROOT)
    same = judge(
        dataclasses.replace(CHECK, latest=dataclasses.replace(WARN, timestamp=9.0)), ASSET, ROOT
    )
    other_row = dataclasses.replace(WARN, summary="row 4 is broken")
    other = judge(dataclasses.replace(CHECK, latest=other_row), ASSET, ROOT)
    assert one.digest == same.digest != other.digest


def test_ready_is_all_passed_or_warned_and_an_absent_optional_model_does_not_count():
    optional = AssetRow("starling_rm/raw", "reward", "", None)
    unmade = judge(dataclasses.replace(CHECK, asset="starling_rm/raw"), optional, ROOT)
    good = Evidence(
        ROOT, "hub", "published", (ASSET, optional), (judge(CHECK, ASSET, ROOT), unmade)
    )
    assert is_ready(good) and len(good.counting) == 1
    failed = judge(dataclasses.replace(CHECK, latest=FAIL), ASSET, ROOT)
    assert not is_ready(dataclasses.replace(good, checks=(failed,)))
    made = dataclasses.replace(optional, latest=MADE)
    assert not is_ready(dataclasses.replace(good, assets=(ASSET, made)))


def test_the_storage_digest_follows_the_artifacts_and_not_the_documents():
    report = AssetRow("reports/storage_readme", "reports", "", MADE)
    one = Evidence(ROOT, "hub", "published", (ASSET,), ())
    assert dataclasses.replace(one, assets=(ASSET, report)).storage_digest == one.storage_digest
    changed = dataclasses.replace(ASSET, latest=dataclasses.replace(MADE, version="sha256:new"))
    assert dataclasses.replace(one, assets=(changed,)).storage_digest != one.storage_digest
