"""The documents on a real record: they agree, and each of their checks fails when they do not."""

import html
import json
import os
import re
import sys
from pathlib import Path

import dagster as dg
import pytest
from markdown_it import MarkdownIt

from wmtp_assets.approval.chain import Role, Verdict
from wmtp_assets.approval.verify import verify_storage
from wmtp_assets.definitions import build_definitions
from wmtp_assets.documents import checks
from wmtp_assets.documents.checklist import FAILED_BEFORE
from wmtp_assets.documents.markdown import RUN_RECORD, body, document_digest
from wmtp_assets.evidence.steps import STEPS
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.published import PUBLISHED
from wmtp_assets.signoff.status import status_lines
from wmtp_assets_tests.signoff.world import GOOD, WARN, WRONG, World


@pytest.fixture
def bench(world: World) -> World:
    """A world whose documents are right, and in which nobody has decided yet."""
    return world.make_approvable()


def test_the_approval_alone_is_open_after_the_first_report(world: World):
    world.run("phase1", GOOD)
    assert world.failed("report").keys() == {"signoff/approval approved_by_reviewer"}


def test_a_second_report_run_changes_no_document_s_digest(bench: World):
    documents = [bench.store.readme, *sorted(bench.store.docs.iterdir())]
    assert len(documents) == 6
    before = {path: document_digest(path) for path in documents}
    bench.run("phase1")
    bench.run("report")
    assert {path: document_digest(path) for path in documents} == before


def test_repeated_problem_names_and_old_scripts_are_in_the_migration_notes(bench: World):
    notes = bench.store.document("migration_notes.md").read_text()
    assert "| `mbpp/train` | foo -> foo__2 |" in notes
    for script in ("verify_mtp_model.py", "setup_datasets.py", "pytest -k micro"):
        assert script in notes
    rules = notes.split("## Rules of rows")[1].split("\n## ")[0]
    for rule in ("has_tests", "Small sets", "{name}__{n}", "separator", "correct_ratio"):
        assert rule in rules


def test_rows_candidates_and_drops_by_reason_are_in_the_completion_report(bench: World):
    report = bench.store.document("phase1_completion_report.md").read_text()
    assert "| `mbpp/train` | 1,001 | 1,004 | 3 over_length, 0 other_language |" in report


def test_long_documents_are_compared_line_by_line_with_two_sets(monkeypatch):
    made = []
    monkeypatch.setattr(checks, "set", lambda lines: made.append(1) or set(lines), raising=False)
    lines = [f"line {number}" for number in range(50)]
    found = checks.differing_lines("\n".join(lines), "\n".join([*lines[1:], "odd"]))
    assert found == ['line 1 should be "line 0" and is "line 1"', "says: odd"]
    assert len(made) == 2


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ("a\nc\nb\nd", ['line 2 should be "b" and is "c"']),
        ("a\nb\nc\nd\nd", ['line 5 should be no line and is "d"']),
        ("a\nb\nc", ['line 4 should be "d" and is no line']),
        ("a\nB\nc\nD", ['line 2 should be "b" and is "B"', "lacks: d", "says: D"]),
        ("a\nb\nc\nd", []),
    ],
)
def test_the_first_line_that_differs_is_told_as_it_should_be_and_as_it_is(
    found: str, says: list[str]
):
    assert checks.differing_lines("a\nb\nc\nd", found) == says


@pytest.mark.parametrize("document", ["storage_readme", "phase1_checklist"])
def test_two_lines_that_changed_places_are_told(bench: World, document: str):
    readme = document == "storage_readme"
    path = bench.store.readme if readme else bench.store.document(f"{document}.md")
    lines = path.read_text().splitlines()
    first, second = [n for n, line in enumerate(lines) if line][4:6]
    lines[first], lines[second] = lines[second], lines[first]
    path.write_text("\n".join(lines) + "\n")
    told = bench.failed("verify_documents")
    name = "reports/storage_readme agrees_with_record_and_disk"
    says = told[name if readme else "signoff/checklist json_and_markdown_agree"].replace("\\", "")
    assert f"line {first + 1} should be " in says and " and is " in says
    assert lines[second][:40] in says and lines[first][:40] in says


def readers(bench: World) -> dict[str, str]:
    documents = [bench.store.readme, *sorted(bench.store.docs.glob("*.md"))]
    return {path.name: path.read_text().splitlines()[2] for path in documents}


def test_every_document_says_first_who_reads_it_for_what(bench: World):
    said = readers(bench)
    assert len(said) == 5
    assert all(line.startswith("For ") and ":" in line for line in said.values()), said
    assert len(set(said.values())) == 5


def test_the_checklist_names_runs_once_and_not_for_each_check(bench: World):
    text = bench.store.document("phase1_checklist.md").read_text()
    runs = {j.check.latest.run_id for j in bench.evidence.of_artifacts}
    assert runs and all(text.count(run) == 1 for run in runs)


def test_the_numbers_of_checks_are_explained_where_they_stand(bench: World):
    text = bench.store.document("phase1_checklist.md").read_text()
    assert "6 checks of artifacts: 6 in Steps 0-8." in text
    for path in bench.store.docs.glob("*.md"):
        assert "`signoff status` counts them too" in path.read_text(), path


def test_no_table_of_a_document_has_a_column_that_is_empty(bench: World):
    for path in bench.store.docs.glob("*.md"):
        text = path.read_text()
        assert "Schedule" not in text and "| --- |\n\n" not in text, path


def first_row(bench: World) -> tuple[str, str]:
    made = bench.latest(dg.AssetKey(["signoff", "checklist"])).asset_materialization
    return next((name, value.value) for name, value in made.metadata.items())


def test_the_first_row_of_the_checklist_s_page_links_to_what_is_not_passed(bench: World):
    assert first_row(bench) == ("not_passed", "All 6 checks passed")
    bench.run("phase1", WARN)
    bench.run("report")
    line = first_row(bench)[1]
    link = "/assets/mbpp/train?view=checks&checkDetail=no_oddities"
    assert line == f"Not passed, 1 of 6 checks: [mbpp/train no_oddities]({link}) (warned)"
    bench.approve(acknowledge=[bench.judged("no_oddities").digest])
    bench.run("report")
    assert first_row(bench)[1] == line.replace("(warned)", "(warned, acknowledged)")


def test_the_links_of_a_preview_lead_to_the_page_wherever_it_is_served(bench: World):
    made = bench.latest(dg.AssetKey(["signoff", "checklist"])).asset_materialization
    preview = made.metadata["preview"].value
    assert "(/assets/mbpp/train?view=checks)" in preview and "127.0.0.1" not in preview


def test_step_11_ticks_what_is_done_and_names_what_is_not(bench: World):
    def step_11() -> str:
        bench.run("report")
        text = bench.store.document("phase1_checklist.md").read_text()
        return text.split("Step 11")[1].split("\n\n")[0]

    assert step_11().startswith(", Approval: awaiting approval. ")
    bench.approve()
    told = step_11()
    assert told.startswith(", Approval: partly done. ")
    assert "  - [x] the reviewer approved (approved by Ann (reviewer) on " in told
    assert "  - [ ] the product owner approved (no decision yet)" in told
    assert "  - [ ] the approved storage is backed up and tagged (no backup is recorded" in told
    bench.approve(role=Role.PRODUCT_OWNER, reviewer="Pia")
    assert bench.run("backup_storage")
    told = step_11()
    assert told.startswith(", Approval: done. ")
    assert told.count("  - [x] ") == 3 and "[ ]" not in told
    bench.approve(verdict=Verdict.REJECTED)
    assert step_11().startswith(", Approval: rejected. ")


def test_a_failed_check_is_named_by_every_report_and_by_the_checklist(bench: World):
    assert bench.failed("phase1", WRONG)
    bench.run("report")
    for path in [bench.store.readme, *bench.store.docs.iterdir()]:
        text = path.read_text()
        assert "rows_parse" in text and "row 3" in text and "mbpp/train" in text, path
    content = json.loads(bench.store.document("phase1_checklist.json").read_text())
    states = {step["step"]: step["state"] for step in content["steps"]}
    assert states[7] == states[9] == "open" and states[11] == "awaiting approval"


def test_new_content_makes_the_documents_outdated(bench: World):
    bench.run("phase1", b"other")
    names = bench.failed("verify_documents")
    for document in ("asset_inventory", "storage_readme", "migration_notes", "completion_report"):
        assert f"reports/{document} names_the_storage_digest" in names
    assert "signoff/checklist names_the_storage_digest" in names


def test_an_artifact_edited_on_disk_makes_the_inventory_disagree(bench: World):
    bench.store.dataset("mbpp").jsonl("train").write_bytes(b"rot!")
    told = bench.failed("verify_documents")["reports/asset_inventory agrees_with_record_and_disk"]
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
def test_one_flipped_byte_anywhere_in_a_document_is_found(bench: World, name: str, document: str):
    path = bench.store.document(name)
    good = path.read_bytes()
    for position in (3, len(good) // 2, len(good) - 3):
        path.write_bytes(good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :])
        key = document.replace("__", "/")
        told = bench.failed(document)[f"{key} bytes_match_materialized_digest"]
        assert name in told


def test_a_changed_sentence_is_quoted(bench: World):
    path = bench.store.document("migration_notes.md")
    path.write_text(path.read_text().replace("Cast", "cast").replace("They are cast", "Not cast"))
    told = bench.failed("verify_documents")["reports/migration_notes agrees_with_record_and_disk"]
    assert "Not cast to float16" in told


def test_a_file_of_no_asset_is_named(bench: World):
    stray = bench.store.dataset("mbpp").processed / "old.jsonl"
    stray.write_text("{}")
    told = bench.failed("verify_documents")
    assert "old.jsonl" in told["reports/asset_inventory every_stored_file_belongs_to_an_asset"]


def test_a_checklist_without_a_step_or_a_check_is_incomplete(bench: World):
    path = bench.store.document("phase1_checklist.json")
    content = json.loads(path.read_text())
    del content["steps"][2]
    content["steps"][6]["checks"].remove("mbpp/train rows_parse")
    path.write_text(json.dumps(content))
    names = bench.failed("verify_documents")
    told = names["signoff/checklist covers_every_step_and_check"]
    assert "step 2" in told and "mbpp/train rows_parse" in told
    assert "signoff/checklist json_and_markdown_agree" in names


def test_a_checklist_that_is_no_checklist_fails_its_checks_and_does_not_crash(bench: World):
    bench.store.document("phase1_checklist.json").write_text('{"steps": 1}')
    names = bench.failed("verify_documents")
    assert "signoff/checklist covers_every_step_and_check" in names


def test_a_step_whose_checks_are_no_list_of_names_fails_and_does_not_crash(bench: World):
    content = checklist(bench)
    for value in (7, 0.1, None, True, [[]], {"a": {"b": 1}}):
        content["steps"][7]["checks"] = value
        bench.store.document("phase1_checklist.json").write_text(json.dumps(content))
        failed = bench.failed("signoff__checklist")
        assert "signoff/checklist covers_every_step_and_check" in failed, value


@pytest.mark.parametrize("part", ["approval", "storage_version", "risks", RUN_RECORD])
def test_a_checklist_without_a_part_fails_and_does_not_crash(bench: World, part: str):
    content = checklist(bench)
    for lacking in ({k: v for k, v in content.items() if k != part}, content | {part: [{}]}):
        bench.store.document("phase1_checklist.json").write_text(json.dumps(lacking))
        failed = bench.failed("signoff__checklist")
        assert "signoff/checklist json_and_markdown_agree" in failed, part


def test_every_step_of_the_plan_has_a_home():
    assert [step.number for step in STEPS] == list(range(12))
    assert all(step.assets for step in STEPS)


def test_the_body_of_a_document_stops_above_the_state_of_the_checks(bench: World):
    text = bench.store.document("migration_notes.md").read_text()
    assert "6 of 6 checks passed" in text and "6 of 6" not in body(text)


def test_the_readme_is_signed_and_tells_of_failed_checks_only(bench: World):
    before = bench.store.readme.read_bytes()
    bench.run("phase1", WARN)
    bench.run("phase1", GOOD)
    bench.run("unchecked")
    bench.run("report")
    assert bench.store.readme.read_bytes() == before
    bench.file.write_bytes(b"rot!")
    bench.run("verify")
    bench.run("report")
    assert "Not to be used: checks failed." in bench.store.readme.read_text()


def checklist(bench: World) -> dict:
    return json.loads(bench.store.document("phase1_checklist.json").read_text())


def test_each_step_has_its_checks_and_a_link_to_each_asset(bench: World):
    step = checklist(bench)["steps"][7]
    assert "mbpp/train rows_parse" in step["checks"]
    link = step["assets"]["mbpp/train"]
    assert link == "/assets/mbpp/train?view=checks"
    text = bench.store.document("phase1_checklist.md").read_text()
    assert f"[mbpp/train]({link})" in text and "paths of the Dagster page" in text


def test_no_document_names_a_server_of_this_machine(bench: World):
    """Under another port, or for another reader, its links led nowhere."""
    documents = [*bench.store.docs.glob("*.md"), *bench.store.docs.glob("*.json")]
    assert len(documents) >= 5
    for document in (*documents, bench.store.readme):
        assert not re.search(r"127\.0\.0\.1|localhost|:3000", document.read_text()), document


def test_the_task_list_of_the_steps_is_in_the_metadata(bench: World):
    made = bench.latest(dg.AssetKey(["signoff", "checklist"])).asset_materialization
    steps = made.metadata["steps"].value.splitlines()
    assert len(steps) == 12 and steps[10] == "- [x] Step 10, Documents: done"
    assert steps[11] == "- [ ] Step 11, Approval: awaiting approval"


def test_every_risk_of_the_plan_names_checks_that_are_declared(bench: World, tmp_path: Path):
    defs = build_definitions(
        catalog=PUBLISHED, source=MirrorSource(tmp_path), storage_root=tmp_path / "x",
        docs_root=tmp_path / "y",
    )  # fmt: skip
    declared = {spec.name for spec in defs.resources["declared"].checks}
    rows = checklist(bench)["risks"]
    assert len(rows) == 5
    for row in rows:
        assert row["checks"] and set(row["checks"]) <= declared, row["risk"]
    notes = bench.store.document("migration_notes.md").read_text()
    scripts = notes.split("## Where the old scripts went\n")[1].split("\n## ")[0]
    names = [line.split(" | ")[2].removesuffix(" |") for line in scripts.strip().splitlines()[2:]]
    assert len(names) == 9
    for of_one_script in names:
        assert set(of_one_script.split(", ")) <= declared, of_one_script


def test_what_failed_before_is_told_with_cause_and_rework(bench: World):
    bench.run("phase1", WRONG)
    bench.run("report")
    [failure] = checklist(bench)[RUN_RECORD][FAILED_BEFORE]
    assert (failure["asset"], failure["check"]) == ("mbpp/train", "rows_parse")
    assert "row 3 of b'wrong'" in failure["cause"] and failure["rework"] == "not mended yet"
    bench.run("phase1", GOOD)
    bench.run("report")
    [failure] = checklist(bench)[RUN_RECORD][FAILED_BEFORE]
    assert failure["rework"].startswith("materialized anew in run ")
    bench.file.write_bytes(b"rot!")
    bench.run("verify")
    bench.file.write_bytes(GOOD)
    bench.run("verify")
    bench.run("report")
    told = bench.store.document("phase1_completion_report.md").read_text()
    assert "not materialized anew: the files were put back; passed in run" in told


def test_warnings_are_action_items_until_they_are_acknowledged(bench: World):
    bench.run("phase1", WARN)
    bench.run("report")
    notes = bench.store.document("migration_notes.md")
    assert "- [ ] warned mbpp/train no_oddities" in notes.read_text()
    assert "- [ ] absent: awaiting approval" in notes.read_text()
    bench.approve(acknowledge=[bench.judged("no_oddities").digest])
    bench.run("report")
    assert "- [x] warned mbpp/train no_oddities" in notes.read_text()
    assert "acknowledged in decision 0001" in notes.read_text()
    [row] = checklist(bench)["steps"][7]["not_simply_passed"]
    assert row["acknowledged"].startswith("approved by Ann")


def test_the_conditions_of_phase_2_are_judged(bench: World):
    report = bench.store.document("phase1_completion_report.md")
    told = report.read_text().split("## Phase 2 starts when")[1]
    assert "- [x] every check of the artifacts passed" in told and "(6 of 6)" in told
    assert "- [x] the disk equals the record" in told
    assert "- [ ] the reviewer approved (no decision yet)" in told
    assert "- [ ] the product owner approved (no decision yet)" in told
    assert "- [ ] the approved storage is backed up and tagged (no backup is recorded" in told
    bench.file.write_bytes(b"rot!")
    bench.run("report")
    told = report.read_text().split("## Phase 2 starts when")[1]
    assert "- [ ] every check of the artifacts passed" in told
    assert "- [ ] the disk equals the record (datasets_v2/mbpp" in told


def test_the_approval_changes_no_statement_that_a_report_s_check_compares(bench: World):
    """Else the first verification after an approval would fail on the documents."""
    bench.approve()
    assert bench.failed("verify_documents") == {}
    bench.run("report")
    assert bench.failed("verify_documents") == {}


HOSTILE = "<img src=x onerror=alert(1)>[x](javascript:alert(1)) `|` \x1b[2K\nverified\u202e"
SHOWN = "<img src=x onerror=alert(1)>[x](javascript:alert(1)) `|` \\x1b[2K\\nverified\\u202e"


# macOS takes no name that is no UTF-8.
BYTE, TOLD = (b"\xff", "\\xff") if sys.platform == "linux" else (b"\x07", "\\x07")


def stray_file(world: World) -> Path:
    path = world.store.dataset("mbpp").raw / os.fsdecode(f"{HOSTILE}\n".encode() + BYTE)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def html_of(path: Path) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(path.read_text("utf-8"))


def test_a_name_that_is_markup_or_no_text_is_shown_as_it_is_in_every_document(world: World):
    """A problem of the published data, a file on the disk, a note of a reviewer."""
    (world.root / "repeated_name").write_text(f"{HOSTILE} -> foo__2", "utf-8")
    world.make_approvable().approve(note=HOSTILE, reviewer=HOSTILE)
    stray_file(world)
    told = world.failed("report")
    documents = [world.store.readme, *sorted(world.store.docs.iterdir())]
    for path in documents:
        text = path.read_text("utf-8")
        assert all(c.isprintable() or c == "\n" for c in text), path
        if path.suffix == ".md":
            page = html_of(path)
            assert "<img" not in page and 'href="javascript' not in page, path
    shown = html.escape(SHOWN, quote=False)
    assert shown in html_of(world.store.document("migration_notes.md"))
    completion = html_of(world.store.document("phase1_completion_report.md"))
    assert completion.count(shown) >= 1 and f"\\n{TOLD} was not there" in completion
    # The page takes the sentence of a check for Markdown.
    name = "reports/asset_inventory every_stored_file_belongs_to_an_asset"
    assert "\\<img" in told[name] and "]\\(javascript" in told[name] and "\x1b" not in told[name]
    [judged] = [j for j in world.evidence.checks if f"{j.check.asset} {j.check.name}" == name]
    assert f"{SHOWN}\\n{TOLD}" in judged.finding and judged.check.latest.summary == judged.finding


def test_the_status_of_a_storage_with_such_names_is_told_on_lines_of_its_own(world: World):
    world.make_approvable().approve(note=HOSTILE, reviewer=HOSTILE)
    stray_file(world)
    world.run("report")
    lines = [*status_lines(world.evidence, world.approval)]
    assert all(line.isprintable() for line in lines)
    assert f"mbpp/raw/{SHOWN}\\n{TOLD} was not there" in "\n".join(lines)
    found = verify_storage(world.store.root)
    assert all(line.isprintable() for line in (*found.facts, *found.problems))
    assert any(f"{SHOWN}\\n{TOLD} was not there" in problem for problem in found.problems)
