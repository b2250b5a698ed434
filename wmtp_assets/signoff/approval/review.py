"""The one way a decision comes about, from the command and from the UI alike.

Refuse what cannot be granted, read every byte, refuse what is not as recorded, write the entry
beside its place, sign it where a key is at hand, and let it appear by one rename.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wmtp_assets.errors import BadInput
from wmtp_assets.hub.lock import read_lock
from wmtp_assets.signoff.approval.append import pending_entry, publish_entry, write_decision
from wmtp_assets.signoff.approval.chain import (
    DECISION,
    DECISION_SIGNATURE,
    STORAGE_SIGNATURE,
    Decision,
    Entry,
    Role,
    Verdict,
    read_chain,
)
from wmtp_assets.signoff.approval.covered import covered_files
from wmtp_assets.signoff.approval.grant import reasons_against, unlike_record
from wmtp_assets.signoff.approval.manifest import build_manifest, recorded_files
from wmtp_assets.signoff.approval.shape import shown
from wmtp_assets.signoff.approval.signing import Signer
from wmtp_assets.signoff.evidence import Evidence
from wmtp_assets.store import Store

REFUSED = "approval refused"
MEND = "mend what is named, acknowledge a warning by its digest; signoff status lists them all"
MATERIALIZE = "materialize its asset again, then run verify_storage_deep and job report"


@dataclass(frozen=True)
class Review:
    """What a reviewer says."""

    reviewer: str
    role: Role
    verdict: Verdict
    note: str = ""
    acknowledged: tuple[str, ...] = ()


def record_review(
    store: Store,
    evidence: Evidence,
    review: Review,
    signer: Signer,
    *,
    run_id: str,
    tell: Callable[[str], None],
) -> Entry:
    """Write the decision of a reviewer into the storage.

    Args:
        evidence: Of all artifacts and documents.
        signer: Reads the storage; signs if it has a key.
        tell: Takes lines on the progress.

    Raises:
        BadInput: The decision is refused, with every reason; what was there stays as it was.
    """
    chain = read_chain(store.signoff)
    chain.require_sound()
    reviewer = " ".join(shown(review.reviewer).split())
    if not reviewer:
        raise BadInput("a decision needs a reviewer", [], "give the name of who decides")
    number = chain.entries[-1].decision.number + 1 if chain.entries else 1
    with pending_entry(store.signoff, number) as pending:
        if review.verdict == Verdict.APPROVED:
            files = _approved_files(store, evidence, review, signer, pending, tell)
        else:
            files = recorded_files(evidence)
        manifest = build_manifest(evidence, files, read_lock(store.lock), review.acknowledged)
        decision = Decision(
            number=number,
            verdict=review.verdict,
            role=review.role,
            reviewer=reviewer,
            note=shown(review.note),
            decided_at=datetime.now(UTC).isoformat(timespec="seconds"),
            storage_digest=evidence.storage_digest,
            acknowledged=tuple(sorted(set(review.acknowledged))),
            manifest_sha256="",
            previous_sha256=chain.entries[-1].sha256 if chain.entries else None,
            key_fingerprint=signer.key_fingerprint,
            run_id=run_id,
        )
        write_decision(pending, manifest, decision)
        signer.sign_file(pending / DECISION, pending / DECISION_SIGNATURE)
        publish_entry(pending, store.signoff, number)
    return read_chain(store.signoff).entries[-1]


def _approved_files(
    store: Store,
    evidence: Evidence,
    review: Review,
    signer: Signer,
    pending: Path,
    tell: Callable[[str], None],
) -> dict[str, dict[str, Any]]:
    """Path -> size_bytes, sha256 of what is approved, every byte read and as recorded."""
    there = covered_files(store.root)
    if reasons := list(reasons_against(evidence, review.acknowledged, there)):
        raise BadInput(REFUSED, reasons, MEND)
    sizes = {path: file.stat().st_size for path, file in there.items()}
    tell(f"reading every byte of {len(sizes)} files, {sum(sizes.values()):,} bytes")
    try:
        digests = signer.read_storage(store.root, pending / STORAGE_SIGNATURE)
    except OSError as error:
        raise BadInput(f"{REFUSED}: a file cannot be read", [error], MATERIALIZE) from error
    if differing := unlike_record(evidence, digests):
        raise BadInput(f"{REFUSED}: the disk is not as recorded", differing, MATERIALIZE)
    if sizes.keys() != digests.keys():
        changed = sorted(sizes.keys() ^ digests.keys())
        raise BadInput(f"{REFUSED}: files came or went meanwhile", changed, "decide again")
    return {path: {"size_bytes": sizes[path], "sha256": sha256} for path, sha256 in digests.items()}
