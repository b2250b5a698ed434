"""The one way a decision comes about, from the command and from the UI alike.

Refuse what cannot be granted, read every byte, refuse what is not as recorded, write the entry
beside its place, sign it where a key is at hand, and let it appear by one rename.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wmtp_assets.approval.append import pending_entry, publish_entry, write_decision
from wmtp_assets.approval.chain import (
    DECISION,
    DECISION_SIGNATURE,
    STORAGE_SIGNATURE,
    Decision,
    Entry,
    Role,
    Verdict,
    read_chain,
)
from wmtp_assets.approval.covered_files import covered_files
from wmtp_assets.approval.json_schema import without_controls
from wmtp_assets.approval.manifest import build_manifest, recorded_files
from wmtp_assets.approval.recorded_lock import lock_differences
from wmtp_assets.approval.refusal_reasons import (
    files_unlike_record,
    refusal_reasons,
)
from wmtp_assets.approval.signing import Signer
from wmtp_assets.checking.acknowledging import approve_command
from wmtp_assets.errors import BadInput
from wmtp_assets.evidence.judge import Evidence, Outcome
from wmtp_assets.files.regular import read_small
from wmtp_assets.folders import GIT_KEEP, LOCK
from wmtp_assets.progress import reading
from wmtp_assets.store import Store

REFUSED = "approval refused"
MEND = "mend what is named: signoff status lists it, and says what to do next"
MEND_LOCK = "put back the lock that the runs wrote, or materialize the raw asset again"
MATERIALIZE = "materialize its asset again, then run verify_storage_deep and job report"


@dataclass(frozen=True)
class Review:
    """The decision of a reviewer, as it was entered."""

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
    sources: Mapping[str, Any],
    run_id: str,
    report: Callable[[str], None],
) -> Entry:
    """Write the decision of a reviewer into the storage.

    Args:
        evidence: Of all artifacts and documents.
        signer: Reads the storage; signs if it has a key.
        sources: What sources.lock.json has to hold by the record (recorded_lock.py).
        report: Called with each line of progress.

    Raises:
        BadInput: The decision is refused, with every reason; what was there stays as it was.
    """
    chain = read_chain(store.signoff)
    chain.require_sound()
    reviewer = " ".join(without_controls(review.reviewer).split())
    if not reviewer:
        raise BadInput("a decision needs a reviewer", [], "give the name of who decides")
    number = chain.entries[-1].decision.number + 1 if chain.entries else 1
    with pending_entry(store.signoff, number) as pending:
        if review.verdict == Verdict.APPROVED:
            files = _approved_files(store, evidence, review, signer, sources, pending, report)
        else:
            files = recorded_files(evidence)
        manifest = build_manifest(evidence, files, sources, review.acknowledged)
        decision = Decision(
            number=number,
            verdict=review.verdict,
            role=review.role,
            reviewer=reviewer,
            note=without_controls(review.note),
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
    sources: Mapping[str, Any],
    pending: Path,
    report: Callable[[str], None],
) -> dict[str, dict[str, Any]]:
    """Path -> size_bytes, sha256 of what is approved, every byte read and as recorded."""
    there = covered_files(store.root)
    # Read once: what is held against the record here has to be what the signer reads.
    lock = read_small(store.lock, root=store.root) if LOCK in there else None
    reasons = [*refusal_reasons(evidence, review.acknowledged, there)]
    of_lock = [*lock_differences(lock, sources, store.lock)]
    if reasons or of_lock:
        fixes = [_mend(evidence, review, len(reasons))] if reasons else []
        fixes += [MEND_LOCK] if of_lock else []
        raise BadInput(REFUSED, [*reasons, *of_lock], "; ".join(fixes))
    files = recorded_files(evidence)
    files |= {LOCK: _facts(lock)} if lock is not None else {}
    files |= {GIT_KEEP: _facts(b"")} if GIT_KEEP in there else {}
    total = sum(facts["size_bytes"] for facts in files.values())
    report(f"reading every byte of {len(files)} files, {total:,} bytes")
    seen = reading("the storage", total, report)
    try:
        digests = signer.read_storage(store.root, pending / STORAGE_SIGNATURE, seen)
    except OSError as error:
        raise BadInput(f"{REFUSED}: a file cannot be read", [error], MATERIALIZE) from error
    if differing := files_unlike_record(files, digests):
        raise BadInput(f"{REFUSED}: the disk is not as recorded", differing, MATERIALIZE)
    if came := sorted(digests.keys() - files.keys()):
        raise BadInput(f"{REFUSED}: files came or went meanwhile", came, "decide again")
    return dict(sorted(files.items()))


def _facts(data: bytes) -> dict[str, Any]:
    return {"size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _mend(evidence: Evidence, review: Review, reasons: int) -> str:
    """What helps: the command, where nothing but warnings waits for the reviewer."""
    digests = [j.digest for j in evidence.counting if j.outcome == Outcome.WARNED]
    if reasons > sum(digest not in review.acknowledged for digest in digests):
        return MEND
    return f"read what warns, and acknowledge it: {approve_command(digests)}"
