"""The completion report: what Phase 1 produced, its issues, what Phase 2 waits for."""

from collections.abc import Mapping
from typing import Any

from wmtp_assets.approval.state import DECISION_COLUMNS, decision_rows
from wmtp_assets.datasets.convert.tally import CANDIDATES, DROPPED
from wmtp_assets.documents.dossier import Dossier, phase_2_conditions
from wmtp_assets.documents.markdown import RUN_RECORD, bullets, table, tasks
from wmtp_assets.documents.page import page, stored_bytes
from wmtp_assets.evidence.judge import AssetRow, Evidence, utc
from wmtp_assets.markup import code, text


def completion_report(dossier: Dossier) -> str:
    """What Phase 1 produced, its issues, and what Phase 2 waits for."""
    evidence, approval = dossier.evidence, dossier.approval
    produced = [
        (group, len(rows), sum(len(a.latest.files) for a in rows), f"{stored_bytes(rows):,}")
        for group, rows in _by_group(evidence).items()
    ]
    counts = [
        (code(a.key), *_row_counts(a.latest.metadata))
        for a in evidence.artifacts
        if a.latest and "dagster/row_count" in a.latest.metadata
    ]
    return page(
        "Phase 1 completion report",
        dossier,
        "## Artifacts",
        table(("group", "assets", "files", "bytes"), produced),
        "## Rows",
        table(("asset", "rows", "candidates", "dropped, by reason"), counts),
        snapshot=(
            "## Approval",
            f"{approval.state}: {text(approval.summary)}\n",
            table(DECISION_COLUMNS, decision_rows(approval)),
            "### Decisions that do not count",
            bullets(approval.uncounted),
            "## Changed since the last approval",
            "There is no earlier approval.\n"
            if approval.changes is None
            else bullets((*approval.changes, *approval.check_changes)),
            "## Phase 2 starts when",
            tasks(phase_2_conditions(dossier)),
            f"## {RUN_RECORD}",
            "### Schedule",
            table(("asset", "run", "materialized (UTC)", "seconds"), _schedule(evidence)),
            "### Issues: what failed, why, and what was done",
            _issues(dossier),
        ),
    )


def _schedule(evidence: Evidence) -> list[tuple]:
    made = [a for a in evidence.artifacts if a.latest]
    return [
        (
            code(a.key),
            a.latest.run_id,
            utc(a.latest.timestamp),
            a.latest.metadata.get("duration_seconds", ""),
        )
        for a in sorted(made, key=lambda a: a.latest.timestamp)
    ]


def _issues(dossier: Dossier) -> str:
    rows = [
        (code(f.asset), code(f.check), f.cause, f"{f.run_id} {f.failed_at}", f.rework)
        for f in dossier.failures
    ]
    return table(("asset", "check", "cause", "failed in run", "rework"), rows) if rows else "None."


def _by_group(evidence: Evidence) -> dict[str, list[AssetRow]]:
    groups: dict[str, list[AssetRow]] = {}
    for asset in evidence.artifacts:
        if asset.latest:
            groups.setdefault(asset.group, []).append(asset)
    return groups


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
