"""The four reports, filled into their templates.

Above the state of the checks a report describes the storage: its own check renders it again and
compares. A report on an unchanged storage keeps its bytes.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wmtp_assets.approval.chain import Role
from wmtp_assets.approval.state import DECISION_COLUMNS, ApprovalState, decision_rows
from wmtp_assets.backup.state import judge_backup
from wmtp_assets.catalog import BESIDE, LAYOUT, STORAGE_VERSION, VOCAB_SIZE
from wmtp_assets.datasets.convert.tally import CANDIDATES, DROPPED
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.documents.dossier import Dossier, phase_2_conditions
from wmtp_assets.documents.markdown import render
from wmtp_assets.documents.risks import RISKS
from wmtp_assets.evidence.judge import FAILING, AssetRow, Outcome, utc
from wmtp_assets.hub.field_values import revision_text
from wmtp_assets.markup import Markup
from wmtp_assets.models.micro.rows import GEOMETRY, MAX_BYTES, MICROS

# Of the metadata of long work.
SECONDS = "duration_seconds"

# What the templates use besides the dossier.
STATED = {
    "STORAGE_VERSION": STORAGE_VERSION,
    "VOCAB_SIZE": VOCAB_SIZE,
    "GEOMETRY": GEOMETRY,
    "MAX_BYTES": MAX_BYTES,
    # Of a micro model that is not tied, float16; the input embedding has as many.
    "OUTPUT_BYTES": 2 * VOCAB_SIZE * GEOMETRY.dim,
    "MICROS": MICROS,
    "DATASETS": DATASETS,
    "RISKS": RISKS,
    "FAILING": FAILING,
    "BESIDE": BESIDE,
    "FOLDERS": LAYOUT,
    # In a block of code, as a shell has it.
    "LAYOUT": Markup(" | ".join(LAYOUT)),
    "DECISION_COLUMNS": DECISION_COLUMNS,
}


def render_report(key: str, dossier: Dossier) -> str:
    """A report, from the template of its name."""
    made = [a for a in dossier.evidence.artifacts if a.latest]
    return render(
        key.removeprefix("reports/"),
        **STATED,
        utc=utc,
        revision_text=revision_text,
        bytes_of=_bytes_of,
        counts_of=_counts_of,
        evidence=dossier.evidence,
        catalog=dossier.catalog,
        approval=dossier.approval,
        failures=dossier.failures,
        made=made,
        groups=_by_group(made),
        runs=_by_run(made),
        long_work=_long_work(made),
        repeated_names=[
            (a.key, name) for a in made for name in a.made.metadata.get("repeated_names", ())
        ],
        decisions=list(decision_rows(dossier.approval)),
        conditions=phase_2_conditions(dossier),
        action_items=_action_items(dossier),
    )


def _bytes_of(assets: Iterable[AssetRow]) -> int:
    return sum(f["size_bytes"] for a in assets for f in a.made.files.values())


def _counts_of(metadata: Mapping[str, Any]) -> tuple[str, str, str]:
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


def _by_group(made: Iterable[AssetRow]) -> dict[str, list[AssetRow]]:
    groups: dict[str, list[AssetRow]] = {}
    for asset in made:
        groups.setdefault(asset.group, []).append(asset)
    return groups


def _by_run(made: Iterable[AssetRow]) -> dict[str, list[AssetRow]]:
    """The assets of each run, in the order in which they were made."""
    runs: dict[str, list[AssetRow]] = {}
    for asset in sorted(made, key=lambda a: a.made.timestamp):
        runs.setdefault(asset.made.run_id, []).append(asset)
    return runs


def _long_work(made: Iterable[AssetRow]) -> list[AssetRow]:
    """The assets that took longer than a second, the longest first."""
    timed = [a for a in made if a.made.metadata.get(SECONDS, 0) > 1]
    return sorted(timed, key=lambda a: -a.made.metadata[SECONDS])


def _action_items(dossier: Dossier) -> Iterator[tuple[bool, str]]:
    """What is open: checks that did not pass, warnings, decisions that are missing."""
    for judged in dossier.evidence.of_artifacts:
        if judged.outcome != Outcome.PASSED:
            by = dossier.acknowledged(judged)
            acknowledged = f"; acknowledged in decision {by.number:04d}" if by else ""
            yield by is not None, judged.line + acknowledged
    approval = dossier.approval
    if approval.state != ApprovalState.APPROVED:
        yield False, approval.sentence
    if approval.of(Role.PRODUCT_OWNER) is None:
        yield False, "the product owner has not decided yet"
    met, reason = judge_backup(dossier.backup, approval)
    if not met:
        yield False, f"back up the approved storage and tag it (plan, Step 11): {reason}"
