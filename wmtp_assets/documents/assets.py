"""The assets of the reports and the checklist, made by job `report` in a run of their own.

A failed check stops its run, and the report about the failure has to be written all the same. Each
document still declares its lineage: it depends directly on every artifact that it describes.
"""

import json
from pathlib import Path
from typing import Any

import dagster as dg

from wmtp_assets.approval.events import NOT_COVERED, READ, not_covered_table
from wmtp_assets.deployment import Deployment
from wmtp_assets.documents.checklist import (
    build_checklist,
    first_line,
    render_checklist,
    short_tasks,
)
from wmtp_assets.documents.dossier import signed_readme
from wmtp_assets.documents.markdown import RUN_RECORD, document_digest
from wmtp_assets.documents.record import dossier_of
from wmtp_assets.documents.reports import render_report
from wmtp_assets.errors import BadInput
from wmtp_assets.evidence.judge import Evidence, Outcome
from wmtp_assets.evidence.read import Declared
from wmtp_assets.evidence.steps import COMPLETION, README, REPORTS, STEPS
from wmtp_assets.files import file_io
from wmtp_assets.files.file_io import StoredFile
from wmtp_assets.files.regular import read_text
from wmtp_assets.record import materialized
from wmtp_assets.store import Store

STORAGE_DIGEST = "storage_digest"
NOT_PASSED = "not_passed"
ARTIFACTS = sorted({asset for step in STEPS if step.number < 10 for asset in step.assets})

# Reports that judge the approval. The README is signed with the storage, so it is written first.
AFTER_README = (COMPLETION, "reports/migration_notes")

KEPT = "it is signed, and the record does not know all of the storage yet"

DESCRIPTIONS = {
    "reports/storage_readme": "README of the storage root: layout, verification, licences, FAQ.",
    "reports/asset_inventory": "Inventory: every artifact and file with size and digest.",
    "reports/migration_notes": "Migration notes: what differs from the plan, risks, open items.",
    "reports/completion_report": "Completion report: artifacts, issues, Phase 2 conditions.",
}


def document_path(store: Store, key: str) -> Path:
    """Where a report lies."""
    return {
        "reports/storage_readme": store.readme,
        "reports/asset_inventory": store.document("phase1_asset_inventory.md"),
        "reports/migration_notes": store.document("migration_notes.md"),
        "reports/completion_report": store.document("phase1_completion_report.md"),
    }[key]


def checklist_paths(store: Store) -> tuple[Path, Path]:
    """The checklist as JSON and as Markdown."""
    return (
        store.document("phase1_checklist.json"),
        store.document("phase1_checklist.md"),
    )


def document_content(deployment: Deployment, paths: list[str]) -> str:
    """The data version of documents: a digest of their bytes above the run record."""
    located = {path: deployment.store.locate(path) for path in paths}
    return file_io.content_digest(
        {path: _digest_or_why(file) for path, file in located.items() if file.is_file()}
    )


def _digest_or_why(file: Path) -> str:
    """The digest of a document, or why it cannot be read; the check of its bytes reports why."""
    try:
        return document_digest(file)
    except BadInput as error:
        return error.thing


def _written(
    deployment: Deployment, evidence: Evidence, files: list[StoredFile], markdown: str, **shown: Any
) -> dg.MaterializeResult:
    relative = [deployment.store.relative(f.path) for f in files]
    outcomes: dict[str, Any] = {
        f"checks_{outcome.name.lower()}": sum(j.outcome == outcome for j in evidence.of_artifacts)
        for outcome in Outcome
    }
    return materialized(
        deployment,
        files[0].path,
        files,
        content=document_content(deployment, relative),
        **shown,
        preview=dg.MetadataValue.md(markdown.split(f"## {RUN_RECORD}")[0][:20_000]),
        **{STORAGE_DIGEST: evidence.storage_digest},
        **outcomes,
    )


def report_asset(*, key: str) -> dg.AssetsDefinition:
    """One report, rendered from the evidence."""

    @dg.asset(
        key=key.split("/"),
        group_name="reports",
        deps=[
            dg.AssetKey(asset.split("/"))
            for asset in (*ARTIFACTS, *((README,) if key in AFTER_README else ()))
        ],
        kinds={"markdown"},
        code_version="1",
        description=DESCRIPTIONS[key],
    )
    def report(
        context: dg.AssetExecutionContext,
        deployment: dg.ResourceParam[Deployment],
        declared: dg.ResourceParam[Declared],
    ) -> dg.MaterializeResult:
        dossier = dossier_of(context.instance, declared, deployment, history=key == COMPLETION)
        path = document_path(deployment.store, key)
        if key == README and (entry := signed_readme(dossier, path)):
            context.log.info(f"kept as in decision {entry.decision.number:04d}: {KEPT}")
            kept, text = file_io.stored(path), read_text(path)
            return _written(
                deployment, dossier.evidence, [kept], text, **{READ: dossier.approval.read}
            )
        text = render_report(key, dossier)
        written = file_io.write_bytes(path, text.encode())
        return _written(deployment, dossier.evidence, [written], text)

    return report


report_assets = [report_asset(key=key) for key in REPORTS]


@dg.asset(
    key=["signoff", "checklist"],
    group_name="signoff",
    deps=[dg.AssetKey(asset.split("/")) for asset in [*ARTIFACTS, *REPORTS]],
    kinds={"json", "markdown"},
    code_version="1",
    description="Checklist: Steps 0-11 of the plan with the state of their evidence.\n\n"
    "The first row of its metadata links to every check that is not passed.",
)
def checklist(
    context: dg.AssetExecutionContext,
    deployment: dg.ResourceParam[Deployment],
    declared: dg.ResourceParam[Declared],
) -> dg.MaterializeResult:
    dossier = dossier_of(context.instance, declared, deployment, history=True)
    content = build_checklist(dossier, documents_current(deployment, dossier.evidence))
    as_json, as_markdown = checklist_paths(deployment.store)
    text = render_checklist(content)
    files = [
        file_io.write_bytes(as_json, json.dumps(content, indent=2).encode() + b"\n"),
        file_io.write_bytes(as_markdown, text.encode()),
    ]
    steps = dg.MetadataValue.md(short_tasks(content))
    beside = {
        NOT_PASSED: dg.MetadataValue.md(first_line(dossier)),
        NOT_COVERED: not_covered_table(deployment.store),
    }
    return _written(deployment, dossier.evidence, files, text, steps=steps, **beside)


def documents_current(deployment: Deployment, evidence: Evidence) -> dict[str, bool]:
    """Report asset key -> whether its file names the present storage digest."""
    paths = {key: document_path(deployment.store, key) for key in REPORTS}
    return {key: _names(path, evidence.storage_digest) for key, path in paths.items()}


def _names(path: Path, digest: str) -> bool:
    try:
        return digest in read_text(path)
    except (BadInput, OSError):
        return False
