"""The Dagster record read back, on a real instance: one small asset, its checks, every state."""

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)

from wmtp_assets import store
from wmtp_assets.checks import Reading, checks_on
from wmtp_assets.errors import BadInput
from wmtp_assets.findings import Finding
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.published import PUBLISHED
from wmtp_assets.record import materialized
from wmtp_assets.setup import Setup
from wmtp_assets.signoff.evidence import Judged, Outcome
from wmtp_assets.signoff.record import Declared, read_evidence
from wmtp_assets.store import Store

# What the file holds decides what the judge does with it.
CRASH, RAISE, UNREADABLE, WARN = b"crash", b"bad input", b"unreadable", b"warn"


@dg.asset(key=["mbpp", "train"], group_name="mbpp")
def train(setup: dg.ResourceParam[Setup]) -> dg.MaterializeResult:
    path = setup.store.dataset("mbpp").jsonl("train")
    wanted = (setup.store.root.parent / "wanted").read_bytes()
    return materialized(setup, path, [store.write_bytes(path, wanted)])


def _rows_parse(setup: Setup, seen) -> dict[str, Finding]:
    data = setup.store.dataset("mbpp").jsonl("train").read_bytes()
    if data == CRASH:
        raise ZeroDivisionError("a mistake of ours")
    if data == RAISE:
        raise BadInput("row 3 is broken", ["train.jsonl"], "mend it")
    if data == UNREADABLE:
        (setup.store.root / "gone.jsonl").read_bytes()
    return {"rows_parse": Finding(data != b"wrong", f"read {data!r}", {"bytes": len(data)})}


def _no_oddities(setup: Setup, seen) -> dict[str, Finding]:
    data = setup.store.dataset("mbpp").jsonl("train").read_bytes()
    return {"no_oddities": Finding(data != WARN, "odd" if data == WARN else "even")}


checks = checks_on(
    "mbpp/train",
    Reading(_rows_parse, {"rows_parse": "Every row parses"}, deep=True),
    Reading(_no_oddities, {"no_oddities": "Nothing is odd"}, warn=True),
)


class Bench:
    """One storage, one record, and the ways to change them."""

    def __init__(self, root: Path, instance: dg.DagsterInstance):
        self.setup = Setup(PUBLISHED, MirrorSource(root), Store(root / "s", root / "d"))
        self.instance = instance
        self.root = root
        self.defs = dg.Definitions(
            assets=[train],
            asset_checks=[checks],
            resources={"setup": self.setup},
            jobs=[
                dg.define_asset_job("everything", selection="*"),
                dg.define_asset_job(
                    "unchecked",
                    selection=dg.AssetSelection.all() - dg.AssetSelection.all_asset_checks(),
                ),
                dg.define_asset_job("checks_only", selection=dg.AssetSelection.all_asset_checks()),
            ],
        )

    def run(self, job: str, content: bytes | None = None) -> bool:
        if content is not None:
            (self.root / "wanted").write_bytes(content)
        definition = self.defs.resolve_job_def(job)
        return definition.execute_in_process(instance=self.instance, raise_on_error=False).success

    def edit(self, content: bytes) -> None:
        self.setup.store.dataset("mbpp").jsonl("train").write_bytes(content)

    def judged(self) -> dict[str, Judged]:
        declared = Declared(tuple(train.specs), tuple(checks.check_specs))
        evidence = read_evidence(self.instance, declared, self.setup)
        return {j.check.name: j for j in evidence.checks}

    def outcome(self, name: str = "rows_parse") -> Outcome:
        return self.judged()[name].outcome


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    home = tmp_path / "home"
    home.mkdir()
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        yield Bench(tmp_path, instance)


def test_nothing_materialized_is_not_evaluated(bench: Bench):
    assert {j.outcome for j in bench.judged().values()} == {Outcome.NOT_EVALUATED}


def test_a_good_run_passes_every_declared_check(bench: Bench):
    assert bench.run("everything", b"good")
    assert {j.outcome for j in bench.judged().values()} == {Outcome.PASSED}
    assert len(bench.judged()) == len(checks.check_specs) == 4


@pytest.mark.parametrize("content", [b"wrong", RAISE])
def test_a_failed_check_stops_the_run_and_carries_its_finding(bench: Bench, content: bytes):
    assert not bench.run("everything", content)
    assert bench.outcome() == Outcome.FAILED
    assert ("row 3" if content == RAISE else "wrong") in bench.judged()["rows_parse"].finding


def test_a_file_that_cannot_be_read_fails_the_check_with_file_and_fix(bench: Bench):
    assert not bench.run("everything", UNREADABLE)
    told = bench.judged()["rows_parse"]
    assert told.outcome == Outcome.FAILED
    assert "gone.jsonl" in told.finding and "Fix: make it readable" in told.finding


def test_a_warning_leaves_the_run_green_and_is_a_warning(bench: Bench):
    assert bench.run("everything", WARN)
    assert bench.outcome("no_oddities") == Outcome.WARNED
    assert bench.outcome() == Outcome.PASSED


def test_a_crashed_check_is_not_evaluated_even_after_an_earlier_pass(bench: Bench):
    bench.run("everything", b"good")
    assert not bench.run("everything", CRASH)
    assert bench.outcome() == Outcome.NOT_EVALUATED
    assert "crashed" in bench.judged()["rows_parse"].finding


def test_rematerialized_without_checks_stays_fresh_for_equal_bytes_only(bench: Bench):
    bench.run("everything", b"good")
    bench.run("unchecked", b"good")
    assert bench.outcome() == Outcome.PASSED
    bench.run("unchecked", b"better")
    assert bench.outcome() == Outcome.STALE


def test_a_failure_does_not_haunt_a_repair_with_equal_bytes(bench: Bench):
    bench.run("everything", b"good")
    bench.edit(b"bit rot")
    assert not bench.run("checks_only")
    assert bench.outcome("bytes_match_materialized_digest") == Outcome.FAILED
    bench.run("unchecked", b"good")
    assert bench.outcome("bytes_match_materialized_digest") == Outcome.STALE
    assert bench.run("checks_only")
    assert bench.outcome("bytes_match_materialized_digest") == Outcome.PASSED


def test_an_edit_on_disk_and_a_removed_file_are_seen_without_a_run(bench: Bench):
    bench.run("everything", b"good")
    bench.edit(b"edit")
    assert bench.outcome() == Outcome.DISK_DIFFERS
    assert "train.jsonl" in bench.judged()["rows_parse"].finding
    bench.setup.store.dataset("mbpp").jsonl("train").unlink()
    assert "missing" in bench.judged()["rows_parse"].finding


def test_an_edit_with_its_time_preserved_is_found_by_the_deep_check(bench: Bench):
    bench.run("everything", b"good")
    path = bench.setup.store.dataset("mbpp").jsonl("train")
    before = path.stat()
    bench.edit(b"goo!")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert bench.outcome() == Outcome.PASSED, "a quick look is fooled, and only that"
    assert not bench.run("checks_only")
    assert bench.outcome("bytes_match_materialized_digest") == Outcome.FAILED
    assert bench.outcome("files_are_there_with_recorded_sizes") == Outcome.DISK_DIFFERS


def test_a_posted_pass_is_no_evidence(bench: Bench):
    bench.run("everything", b"wrong")
    key = dg.AssetKey(["mbpp", "train"])
    [target] = bench.instance.fetch_materializations(key, limit=1).records
    bench.instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=key,
            check_name="rows_parse",
            passed=True,
            metadata={},
            target_materialization_data=AssetCheckEvaluationTargetMaterializationData(
                storage_id=target.storage_id, run_id=target.run_id, timestamp=target.timestamp
            ),
        )
    )
    assert bench.outcome() == Outcome.FAILED


def test_another_storage_root_has_no_evidence(bench: Bench):
    bench.run("everything", b"good")
    moved = Setup(PUBLISHED, bench.setup.source, Store(bench.root / "other", bench.root / "d"))
    bench.setup = moved
    assert bench.outcome() == Outcome.NOT_EVALUATED
