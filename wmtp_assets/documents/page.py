"""The frame of a report: what it describes on top, the state of checks and approval below.

What a report says of the storage stands above the state of the checks, so that its own check can
render it again and compare. A report that describes an unchanged storage keeps its bytes.
"""

from collections.abc import Iterable

from wmtp_assets.catalog import STORAGE_VERSION
from wmtp_assets.documents.dossier import Dossier
from wmtp_assets.documents.markdown import STATE_HEADING, table
from wmtp_assets.evidence.judge import FAILING, AssetRow, Judged, Outcome
from wmtp_assets.markup import code


def page(title: str, dossier: Dossier, *parts: str, snapshot: Iterable[str] = ()) -> str:
    """Put a report together.

    Args:
        parts: What it says of the storage; compared with record and disk by its check.
        snapshot: What it says of checks, approval and runs, true when it was written.
    """
    checks = dossier.evidence.of_artifacts
    rows = [j for j in checks if j.outcome != Outcome.PASSED]
    counted = f"{len(checks) - len(rows)} of {len(checks)} checks passed.\n"
    state = counted + ("\n" + _rows(rows) if rows else "")
    return _joined(title, dossier, *parts, STATE_HEADING, state, *snapshot)


def signed_page(title: str, dossier: Dossier, *parts: str) -> str:
    """Put a page together that is signed with the storage: the same bytes for the same content.

    It tells of failed checks, which suspend an approval anyway, and of no other outcome: a pass,
    an acknowledged warning or a new check may not break the signature.
    """
    failed = [j for j in dossier.evidence.of_artifacts if j.outcome in FAILING]
    state = (STATE_HEADING, "Not to be used: checks failed.\n", _rows(failed)) if failed else ()
    return _joined(title, dossier, *parts, *state)


def _joined(title: str, dossier: Dossier, *parts: str) -> str:
    evidence = dossier.evidence
    head = (
        f"# {title}\n\n"
        f"Generated from the Dagster record; do not edit. Storage {STORAGE_VERSION}, source "
        f"`{evidence.source}`, catalog `{evidence.catalog}`.\n"
        f"Storage digest: `{evidence.storage_digest}`\n"
    )
    return "\n\n".join(section.strip("\n") for section in (head, *parts)) + "\n"


def stored_bytes(assets: Iterable[AssetRow]) -> int:
    """The bytes of all files of some materialized assets."""
    return sum(f["size_bytes"] for a in assets for f in a.latest.files.values())


def _rows(checks: Iterable[Judged]) -> str:
    rows = (
        (j.outcome, code(j.check.asset), code(j.check.name), j.digest, j.finding) for j in checks
    )
    return table(("outcome", "asset", "check", "finding digest", "finding"), rows)
