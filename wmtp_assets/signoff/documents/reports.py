"""The four documents, each a pure function of the evidence.

What a document says of the storage stands above the state of the checks, so that its own check can
render it again and compare. A document that describes an unchanged storage keeps its bytes.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from wmtp_assets.catalog import STORAGE_VERSION, Catalog
from wmtp_assets.corpora.tally import CANDIDATES, DROPPED
from wmtp_assets.signoff.documents import plan_notes
from wmtp_assets.signoff.evidence import AssetRow, Evidence, Judged, Outcome, utc
from wmtp_assets.signoff.markdown import RUN_RECORD, STATE_HEADING, table

Render = Callable[[Evidence, Catalog], str]


def asset_inventory(evidence: Evidence, catalog: Catalog) -> str:
    """Every artifact and every file of it, with size and digest."""
    assets = [
        (
            f"`{a.key}`",
            a.description,
            len(a.latest.files) if a.latest else "not materialized",
            _size(a),
            f"`{a.latest.version}`" if a.latest else "",
        )
        for a in evidence.artifacts
    ]
    files = [
        (f"`{path}`", f"{facts['size_bytes']:,}", f"`{facts['sha256']}`", f"`{a.key}`")
        for a in evidence.artifacts
        if a.latest
        for path, facts in sorted(a.latest.files.items())
    ]
    return _document(
        "Phase 1 asset inventory",
        evidence,
        "## Artifacts",
        table(("asset", "what it is", "files", "bytes", "content"), assets),
        "## Files",
        table(("file", "bytes", "sha256", "asset"), files),
        _on_disk(evidence),
    )


def migration_notes(evidence: Evidence, catalog: Catalog) -> str:
    """What differs from the plan and why, where old scripts went, risks, open action items."""
    accepted = [(f"`{f.asset}` `{f.check}`", f.found, f.reason) for f in catalog.accepted_findings]
    return _document(
        "Migration notes",
        evidence,
        "## What differs from the plan",
        table(("plan", "here", "why"), plan_notes.DIFFERENCES),
        "## Where the old scripts went",
        table(("script", "now"), plan_notes.OLD_SCRIPTS),
        "## Risks and what answers them",
        table(("risk", "effect", "answer"), plan_notes.RISKS),
        "## Problem names that repeat inside a split",
        _repeated_names(evidence),
        "## Accepted findings of published data",
        table(("check", "found", "reason"), accepted) if accepted else "None.\n",
        "## Action items",
        "The checks below that did not pass, and every warning until it is acknowledged.\n",
    )


def completion_report(evidence: Evidence, catalog: Catalog) -> str:
    """What Phase 1 produced, its issues, and what Phase 2 waits for."""
    produced = [
        (group, len(rows), sum(len(a.latest.files) for a in rows), f"{_bytes(rows):,}")
        for group, rows in _by_group(evidence).items()
    ]
    counts = [
        (f"`{a.key}`", *_row_counts(a.latest.metadata))
        for a in evidence.artifacts
        if a.latest and "dagster/row_count" in a.latest.metadata
    ]
    schedule = [
        (f"`{a.key}`", utc(a.latest.timestamp), a.latest.metadata.get("duration_seconds", ""))
        for a in sorted(evidence.artifacts, key=lambda a: a.latest.timestamp if a.latest else 0)
        if a.latest
    ]
    return (
        _document(
            "Phase 1 completion report",
            evidence,
            "## Artifacts",
            table(("group", "assets", "files", "bytes"), produced),
            "## Rows",
            table(("asset", "rows", "candidates", "dropped, by reason"), counts),
            "## Phase 2 starts when",
            "".join(f"- {condition}\n" for condition in plan_notes.PHASE_2_CONDITIONS),
            "## Issues",
            "The checks below that did not pass; none below means none.\n",
        )
        + f"\n## {RUN_RECORD}\n\n"
        + table(("asset", "materialized (UTC)", "seconds"), schedule)
    )


def storage_readme(evidence: Evidence, catalog: Catalog) -> str:
    """How the storage is laid out, verified and read."""
    repos = [
        (f"[{row.repo.id}]({row.repo.url})", row.repo.licence, "yes" if row.repo.gated else "no")
        for row in (*catalog.models, *catalog.datasets)
    ]
    revisions = [
        (f"`{a.key}`", a.latest.metadata["revision"])
        for a in evidence.artifacts
        if a.latest and "revision" in a.latest.metadata
    ]
    return _document(
        f"WMTP storage {STORAGE_VERSION}",
        evidence,
        "## Layout",
        "`models_v2/<model>/{raw,safetensors,configs,tokenizer,metadata.json}`,\n"
        "`datasets_v2/<dataset>/{raw,processed,stats}`, `datasets_local_small/<dataset>_small`,\n"
        "`sources.lock.json` (what was downloaded), `signoff/` (approvals).\n",
        "## Verify with stock tools",
        "```\nfor folder in models_v2/*/safetensors; do\n"
        '  [ -f "$folder/SHA256SUMS" ] && (cd "$folder" && sha256sum -c SHA256SUMS)\ndone\n```\n\n'
        "Everything, every byte, from the project's folder:\n\n```\n"
        "dagster job execute -m wmtp_assets.definitions -j verify_storage_deep\n"
        "python -m wmtp_assets.signoff status\n```\n",
        "## Version history",
        table(("version", "what changed"), plan_notes.VERSION_HISTORY),
        "## Sources and licences",
        table(("repository", "licence", "gated"), repos),
        "## Revisions",
        table(("asset", "commit"), revisions),
        "## Questions",
        "\n".join(f"**{question}** {answer}\n" for question, answer in plan_notes.FAQ),
    )


# report asset key -> how it is rendered
RENDERERS: dict[str, Render] = {
    "reports/storage_readme": storage_readme,
    "reports/asset_inventory": asset_inventory,
    "reports/migration_notes": migration_notes,
    "reports/completion_report": completion_report,
}


def _document(title: str, evidence: Evidence, *parts: str) -> str:
    head = (
        f"# {title}\n\n"
        f"Generated from the Dagster record; do not edit. Storage {STORAGE_VERSION}, source "
        f"`{evidence.source}`, catalog `{evidence.catalog}`.\n"
        f"Storage digest: `{evidence.storage_digest}`\n"
    )
    sections = [head, *parts, STATE_HEADING, _state(evidence.of_artifacts)]
    return "\n\n".join(section.strip("\n") for section in sections) + "\n"


def _state(checks: Iterable[Judged]) -> str:
    checks = tuple(checks)
    rows = [
        (j.outcome, f"`{j.check.asset}`", f"`{j.check.name}`", j.digest, j.finding)
        for j in checks
        if j.outcome != Outcome.PASSED
    ]
    passed = len(checks) - len(rows)
    told = f"{passed} of {len(checks)} checks passed.\n"
    header = ("outcome", "asset", "check", "finding digest", "finding")
    return told + ("\n" + table(header, rows) if rows else "")


def _on_disk(evidence: Evidence) -> str:
    differing = [line for a in evidence.artifacts for line in a.differing]
    if not differing:
        return "On disk: all as recorded.\n"
    return "On disk, not as recorded:\n\n" + "".join(f"- {line}\n" for line in differing)


def _row_counts(metadata: Mapping[str, Any]) -> tuple[str, str, str]:
    """Rows; for a split also its candidates and what of them was dropped, zero as zero."""
    dropped = {
        name.removeprefix(f"{DROPPED}_"): count
        for name, count in metadata.items()
        if name.startswith(f"{DROPPED}_")
    }
    return (
        f"{metadata['dagster/row_count']:,}",
        f"{metadata[CANDIDATES]:,}" if CANDIDATES in metadata else "",
        ", ".join(f"{count:,} {reason}" for reason, count in dropped.items()),
    )


def _repeated_names(evidence: Evidence) -> str:
    rows = [
        (f"`{a.key}`", name)
        for a in evidence.artifacts
        if a.latest
        for name in a.latest.metadata.get("repeated_names", ())
    ]
    return table(("split", "published name -> written name"), rows) if rows else "None.\n"


def _by_group(evidence: Evidence) -> dict[str, list[AssetRow]]:
    groups: dict[str, list[AssetRow]] = {}
    for asset in evidence.artifacts:
        if asset.latest:
            groups.setdefault(asset.group, []).append(asset)
    return groups


def _bytes(rows: Iterable[AssetRow]) -> int:
    return sum(f["size_bytes"] for a in rows for f in a.latest.files.values())


def _size(asset: AssetRow) -> str:
    return f"{_bytes([asset]):,}" if asset.latest else ""
