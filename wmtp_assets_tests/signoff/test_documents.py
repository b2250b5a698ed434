"""The documents on a real record: they agree, and each of their checks fails when they do not."""

import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets import store
from wmtp_assets.checks import Reading, checks_on
from wmtp_assets.console import one_line_console
from wmtp_assets.findings import Finding
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.jobs import QUIET
from wmtp_assets.published import PUBLISHED
from wmtp_assets.record import materialized
from wmtp_assets.setup import Setup
from wmtp_assets.signoff.documents import checks
from wmtp_assets.signoff.documents.assets import checklist, report_assets
from wmtp_assets.signoff.documents.checks import document_checks
from wmtp_assets.signoff.markdown import body, document_digest
from wmtp_assets.signoff.record import Declared
from wmtp_assets.signoff.steps import STEPS
from wmtp_assets.store import Store


@dg.asset(key=["mbpp", "train"], group_name="mbpp", description="MBPP: split train.")
def train(setup: dg.ResourceParam[Setup]) -> dg.MaterializeResult:
    path = setup.store.dataset("mbpp").jsonl("train")
    wanted = (setup.store.root.parent / "wanted").read_bytes()
    return materialized(
        setup,
        path,
        [store.write_bytes(path, wanted)],
        repeated_names=["foo -> foo__2"],
        candidates=1004,
        dropped_over_length=3,
        dropped_other_language=0,
        **{"dagster/row_count": 1001},
    )


def _rows_parse(setup: Setup, seen) -> dict[str, Finding]:
    data = setup.store.dataset("mbpp").jsonl("train").read_bytes()
    return {"rows_parse": Finding(data != b"wrong", f"row 3 of {data!r} | looked at")}


train_checks = checks_on("mbpp/train", Reading(_rows_parse, {"rows_parse": "Every row parses"}))
ASSETS = [train, *report_assets, checklist]
CHECKS = [train_checks, *document_checks]
DOCUMENTS = [asset.key.to_python_identifier() for asset in [*report_assets, checklist]]


class Bench:
    def __init__(self, root: Path, instance: dg.DagsterInstance):
        self.store = Store(root / "s", root / "d")
        self.instance = instance
        self.root = root
        declared = Declared(
            tuple(spec for asset in ASSETS for spec in asset.specs),
            tuple(spec for checks in CHECKS for spec in checks.check_specs),
        )
        documents = dg.AssetSelection.groups("reports", "signoff")
        self.defs = dg.Definitions(
            assets=ASSETS,
            asset_checks=CHECKS,
            resources={
                "setup": Setup(PUBLISHED, MirrorSource(root), self.store),
                "declared": declared,
            },
            jobs=[
                dg.define_asset_job(name, selection=selection, config=QUIET)
                for name, selection in {
                    "artifacts": dg.AssetSelection.groups("mbpp"),
                    "report": documents,
                    "verify": dg.AssetSelection.checks_for_assets(*report_assets, checklist),
                    **{
                        key: dg.AssetSelection.checks_for_assets(key.split("__"))
                        for key in DOCUMENTS
                    },
                }.items()
            ],
            loggers={"console": one_line_console},
        )

    def run(self, job: str, content: bytes | None = None) -> dict[str, tuple[bool, str]]:
        """Run a job; returns "asset check" -> (passed, description)."""
        if content is not None:
            (self.root / "wanted").write_bytes(content)
        definition = self.defs.resolve_job_def(job)
        result = definition.execute_in_process(instance=self.instance, raise_on_error=False)
        return {
            f"{e.asset_key.to_user_string()} {e.check_name}": (e.passed, e.description)
            for e in result.get_asset_check_evaluations()
        }


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with dg.DagsterInstance.ephemeral() as instance:
        bench = Bench(tmp_path, instance)
        bench.run("artifacts", b"good")
        results = bench.run("report")
        assert results and all(passed for passed, _ in results.values()), results
        yield bench


def failed(results: dict[str, tuple[bool, str]]) -> dict[str, str]:
    return {name: told for name, (passed, told) in results.items() if not passed}


def test_a_second_report_run_changes_no_document_s_digest(bench: Bench):
    documents = [bench.store.readme, *sorted(bench.store.docs.iterdir())]
    assert len(documents) == 6
    before = {path: document_digest(path) for path in documents}
    bench.run("artifacts")
    bench.run("report")
    assert {path: document_digest(path) for path in documents} == before


def test_repeated_problem_names_and_old_scripts_are_in_the_migration_notes(bench: Bench):
    notes = bench.store.document("migration_notes.md").read_text()
    assert "| `mbpp/train` | foo -> foo__2 |" in notes
    for script in ("verify_mtp_model.py", "setup_datasets.py", "pytest -k micro"):
        assert script in notes


def test_rows_candidates_and_drops_by_reason_are_in_the_completion_report(bench: Bench):
    report = bench.store.document("phase1_completion_report.md").read_text()
    assert "| `mbpp/train` | 1,001 | 1,004 | 3 over_length, 0 other_language |" in report


def test_long_documents_are_compared_line_by_line_with_two_sets(monkeypatch):
    made = []
    monkeypatch.setattr(checks, "set", lambda lines: made.append(1) or set(lines), raising=False)
    lines = [f"line {number}" for number in range(50)]
    found = checks.differing_lines("\n".join(lines), "\n".join([*lines[1:], "odd"]))
    assert found == ["lacks: line 0", "says: odd"]
    assert len(made) == 2


def test_a_failed_check_is_named_by_every_report_and_by_the_checklist(bench: Bench):
    assert failed(bench.run("artifacts", b"wrong"))
    bench.run("report")
    for path in [bench.store.readme, *bench.store.docs.iterdir()]:
        text = path.read_text()
        assert "rows_parse" in text and "row 3" in text and "mbpp/train" in text, path
    content = json.loads(bench.store.document("phase1_checklist.json").read_text())
    states = {step["step"]: step["state"] for step in content["steps"]}
    assert states[7] == states[9] == "open" and states[11] == "awaiting approval"


def test_new_content_makes_the_documents_outdated(bench: Bench):
    bench.run("artifacts", b"other")
    names = failed(bench.run("verify"))
    for document in ("asset_inventory", "storage_readme", "migration_notes", "completion_report"):
        assert f"reports/{document} names_the_storage_digest" in names
    assert "signoff/checklist names_the_storage_digest" in names


def test_an_artifact_edited_on_disk_makes_the_inventory_disagree(bench: Bench):
    bench.store.dataset("mbpp").jsonl("train").write_bytes(b"rot!")
    told = failed(bench.run("verify"))["reports/asset_inventory agrees_with_record_and_disk"]
    assert "train.jsonl is not as recorded" in told


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("phase1_asset_inventory.md", "reports__asset_inventory"),
        ("migration_notes.md", "reports__migration_notes"),
        ("phase1_completion_report.md", "reports__completion_report"),
        ("phase1_checklist.md", "signoff__checklist"),
        ("phase1_checklist.json", "signoff__checklist"),
    ],
)
def test_one_flipped_byte_anywhere_in_a_document_is_found(bench: Bench, name: str, document: str):
    path = bench.store.document(name)
    good = path.read_bytes()
    for position in (3, len(good) // 2, len(good) - 3):
        path.write_bytes(good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :])
        key = document.replace("__", "/")
        told = failed(bench.run(document))[f"{key} bytes_match_materialized_digest"]
        assert name in told


def test_a_changed_sentence_is_quoted(bench: Bench):
    path = bench.store.document("migration_notes.md")
    path.write_text(path.read_text().replace("Cast", "cast").replace("They are cast", "Not cast"))
    told = failed(bench.run("verify"))["reports/migration_notes agrees_with_record_and_disk"]
    assert "Not cast to float16" in told


def test_a_file_of_no_asset_is_named(bench: Bench):
    stray = bench.store.dataset("mbpp").processed / "old.jsonl"
    stray.write_text("{}")
    told = failed(bench.run("verify"))
    assert "old.jsonl" in told["reports/asset_inventory every_stored_file_belongs_to_an_asset"]


def test_a_checklist_without_a_step_or_a_check_is_incomplete(bench: Bench):
    path = bench.store.document("phase1_checklist.json")
    content = json.loads(path.read_text())
    del content["steps"][2]
    content["steps"][6]["checks"].remove("mbpp/train rows_parse")
    path.write_text(json.dumps(content))
    names = failed(bench.run("verify"))
    told = names["signoff/checklist covers_every_step_and_check"]
    assert "step 2" in told and "mbpp/train rows_parse" in told
    assert "signoff/checklist json_and_markdown_agree" in names


def test_a_checklist_that_is_no_checklist_fails_its_checks_and_does_not_crash(bench: Bench):
    bench.store.document("phase1_checklist.json").write_text('{"steps": 1}')
    names = failed(bench.run("verify"))
    assert "signoff/checklist covers_every_step_and_check" in names


def test_every_step_of_the_plan_has_a_home():
    assert [step.number for step in STEPS] == list(range(12))
    assert all(step.assets for step in STEPS)


def test_the_body_of_a_document_stops_above_the_state_of_the_checks(bench: Bench):
    text = bench.store.readme.read_text()
    assert "3 of 3 checks passed" in text and "3 of 3" not in body(text)
