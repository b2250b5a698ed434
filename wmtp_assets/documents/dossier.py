"""The input of every document, and the conditions of Phase 2 that follow from it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from wmtp_assets.approval.chain import Decision, Entry, Role, Verdict
from wmtp_assets.approval.state import Approval, ApprovalState
from wmtp_assets.backup.state import Backup, judge_backup
from wmtp_assets.catalog import Catalog
from wmtp_assets.evidence.judge import Evidence, JudgedCheck, Outcome
from wmtp_assets.evidence.steps import README
from wmtp_assets.files.file_io import sha256_of


@dataclass(frozen=True)
class Failure:
    """A check that failed in a run: its cause, and what was done about it (plan, Step 9).

    Attributes:
        rework: Whether the asset was materialized again, and which run passed the check, if any.
    """

    asset: str
    check: str
    cause: str
    run_id: str
    failed_at: str
    rework: str


@dataclass(frozen=True)
class Dossier:
    """The input of every document.

    Attributes:
        evidence: Of the artifacts only: a document judges no document.
        backup: The newest backup that a run recorded, if any.
        failures: Newest first; empty for documents that list none.
    """

    evidence: Evidence
    catalog: Catalog
    approval: Approval
    backup: Backup | None = None
    failures: tuple[Failure, ...] = field(default=())

    def acknowledged(self, judged: JudgedCheck) -> Decision | None:
        """The decision of the standing approval that acknowledges a warning."""
        if judged.digest not in self.approval.acknowledged:
            return None
        return next(
            (
                decision
                for decision in self.approval.decisions
                if decision.verdict == Verdict.APPROVED and judged.digest in decision.acknowledged
            ),
            None,
        )


def signed_readme(dossier: Dossier, readme: Path) -> Entry | None:
    """The approval that the README of the storage is signed with, where it has to stay as it is.

    That is on a restored storage or a new machine, while the record lacks some of the approved
    assets. A README written from that record would be incomplete and break the signature.
    """
    basis, read = dossier.approval.basis, dossier.approval.read
    signed = basis.manifest["files"] if basis else {}
    if all(signed[path].get("asset") == README for path in read) or not readme.is_file():
        return None
    of_readme = {f["sha256"] for f in signed.values() if f.get("asset") == README}
    return basis if sha256_of(readme) in of_readme else None


def phase_2_conditions(dossier: Dossier) -> Iterator[tuple[bool, str]]:
    """Each entry condition of Phase 2: whether it is met, and its text (plan, Step 11)."""
    checks = dossier.evidence.of_artifacts
    good = [
        j
        for j in checks
        if j.outcome == Outcome.PASSED
        or (j.outcome == Outcome.WARNED and dossier.acknowledged(j) is not None)
    ]
    counts = f"{len(good)} of {len(checks)}"
    yield (
        bool(checks) and len(good) == len(checks),
        f"every check of the artifacts passed, or warned and is acknowledged ({counts})",
    )
    differing = [line for a in dossier.evidence.artifacts for line in a.differing]
    detail = "; ".join(differing) or "sizes and times as recorded; verify_storage_deep reads all"
    yield not differing, f"the disk equals the record ({detail})"
    yield from approval_conditions(dossier)


def approval_conditions(dossier: Dossier) -> Iterator[tuple[bool, str]]:
    """What Step 11 asks for, each by itself: two decisions and a backup."""
    approval = dossier.approval
    for role, who in ((Role.REVIEWER, "the reviewer"), (Role.PRODUCT_OWNER, "the product owner")):
        decision = approval.of(role)
        met = role in approval.approved_now and approval.state != ApprovalState.SUSPENDED
        if decision is None:
            detail = "no decision yet"
        else:
            detail = approval.summary_of(decision) + (
                "" if met else ", not of the storage as it is"
            )
        yield met, f"{who} approved ({detail})"
    met, detail = judge_backup(dossier.backup, approval)
    yield met, f"the approved storage is backed up and tagged ({detail})"
