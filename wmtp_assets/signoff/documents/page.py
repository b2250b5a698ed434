"""The frame of a report: what it describes on top, the state of checks and approval below.

What a report says of the storage stands above the state of the checks, so that its own check can
render it again and compare. A report that describes an unchanged storage keeps its bytes.
"""

from collections.abc import Iterable

from wmtp_assets.catalog import STORAGE_VERSION
from wmtp_assets.signoff.documents.dossier import Dossier
from wmtp_assets.signoff.evidence import AssetRow, Judged, Outcome
from wmtp_assets.signoff.markdown import STATE_HEADING, table


def page(title: str, dossier: Dossier, *parts: str, snapshot: Iterable[str] = ()) -> str:
    """Put a report together.

    Args:
        parts: What it says of the storage; compared with record and disk by its check.
        snapshot: What it says of checks, approval and runs, true when it was written.
    """
    evidence = dossier.evidence
    head = (
        f"# {title}\n\n"
        f"Generated from the Dagster record; do not edit. Storage {STORAGE_VERSION}, source "
        f"`{evidence.source}`, catalog `{evidence.catalog}`.\n"
        f"Storage digest: `{evidence.storage_digest}`\n"
    )
    sections = [head, *parts, STATE_HEADING, _state(evidence.of_artifacts), *snapshot]
    return "\n\n".join(section.strip("\n") for section in sections) + "\n"


def stored_bytes(assets: Iterable[AssetRow]) -> int:
    """The bytes of all files of some materialized assets."""
    return sum(f["size_bytes"] for a in assets for f in a.latest.files.values())


def _state(checks: tuple[Judged, ...]) -> str:
    rows = [
        (j.outcome, f"`{j.check.asset}`", f"`{j.check.name}`", j.digest, j.finding)
        for j in checks
        if j.outcome != Outcome.PASSED
    ]
    passed = len(checks) - len(rows)
    told = f"{passed} of {len(checks)} checks passed.\n"
    header = ("outcome", "asset", "check", "finding digest", "finding")
    return told + ("\n" + table(header, rows) if rows else "")
