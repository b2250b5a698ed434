"""What the decisions are worth now: absent, approved, rejected or suspended, and why.

Keeping an approval needs equal content only: other content, a changed file or a newer failed check
suspends it, a newer pass changes nothing. Judged by the Dagster record and a quick look at the
disk; `verify` reads every byte and needs no record.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from wmtp_assets import store
from wmtp_assets.errors import BadInput
from wmtp_assets.signoff.approval.chain import Chain, Decision, Entry, Role, Verdict
from wmtp_assets.signoff.approval.covered import covered_files
from wmtp_assets.signoff.approval.manifest import Manifest, covered_assets, differing_files
from wmtp_assets.signoff.evidence import AssetRow, Evidence, Outcome
from wmtp_assets.signoff.markdown import table

AWAITING = "awaiting approval: no reviewer has decided yet"


class Standing(StrEnum):
    """The states of an approval."""

    ABSENT = "absent"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUSPENDED = "suspended"


@dataclass(frozen=True)
class Approval:
    """The state of the approval.

    Attributes:
        standing: What counts.
        says: One sentence: by whom, signed or not; what changed.
        decisions: The newest decision of each role.
        changes: What differs from the newest approval, one clause each.
        number: Of the newest decision; 0 for none.
    """

    standing: Standing
    says: str
    decisions: tuple[Decision, ...] = ()
    changes: tuple[str, ...] = ()
    number: int = 0

    def of(self, role: Role) -> Decision | None:
        """The newest decision of a role."""
        return next((d for d in self.decisions if d.role == role), None)


def decisions_table(decisions: Iterable[Decision]) -> str:
    """The newest decision of each role, whether signed, and what the reviewer noted."""
    rows = [
        (
            f"{d.number:04d}",
            d.role,
            d.reviewer,
            d.verdict,
            d.decided_at,
            f"`{d.key_fingerprint}`" if d.key_fingerprint else "not signed",
            d.note,
        )
        for d in decisions
    ]
    header = ("decision", "role", "reviewer", "verdict", "decided (UTC)", "key", "note")
    return table(header, rows) if rows else "None.\n"


def judge_approval(
    chain: Chain, evidence: Evidence, root: Path, recorded: str | None = None
) -> Approval:
    """Decide what the decisions on the disk are worth.

    Args:
        evidence: Of all artifacts and documents.
        root: The storage root; files of no asset are compared by digest, others by the record.
        recorded: The digest of the newest decision that the Dagster record knows, if any.
    """
    if not chain.entries and not chain.problems and recorded is None:
        return Approval(Standing.ABSENT, AWAITING)
    entries = chain.standing
    decisions = tuple(entry.decision for entry in entries.values())
    number = max((d.number for d in decisions), default=0)
    damage = list(chain.problems)
    if recorded is not None and recorded not in {entry.sha256 for entry in chain.entries}:
        damage.append(f"the decision {recorded} of the Dagster record is not in signoff/")
    if damage:
        says = "the decisions in signoff/ are damaged: " + "; ".join(damage)
        return Approval(Standing.SUSPENDED, says, decisions, tuple(damage), number)
    approved = [e for e in entries.values() if e.decision.verdict == Verdict.APPROVED]
    newest = max(approved, key=lambda entry: entry.decision.number, default=None)
    changes = tuple(changes_since(newest.manifest, evidence, root)) if newest else ()
    rejected = [d for d in decisions if d.verdict == Verdict.REJECTED]
    if rejected:
        says = "; ".join(f"{d.says}: {d.note}" if d.note else d.says for d in rejected)
        return Approval(Standing.REJECTED, says, decisions, changes, number)
    if Role.REVIEWER not in entries:
        says = f"{AWAITING}; {decisions[0].says}"
        return Approval(Standing.ABSENT, says, decisions, changes, number)
    reviewed = entries[Role.REVIEWER]
    if since := tuple(changes_since(reviewed.manifest, evidence, root)):
        says = f"{reviewed.decision.says}; suspended, {len(since)} changes since: "
        return Approval(Standing.SUSPENDED, says + "; ".join(since), decisions, since, number)
    says = "; ".join(_told(entry, reviewed) for entry in entries.values())
    return Approval(Standing.APPROVED, says, decisions, (), number)


def _told(entry: Entry, reviewed: Entry) -> str:
    """A decision, and whether it was about what the reviewer approved."""
    same = entry.manifest["files"] == reviewed.manifest["files"]
    return entry.decision.says if same else f"{entry.decision.says}, of other content"


def changes_since(manifest: Manifest, evidence: Evidence, root: Path) -> Iterator[str]:
    """What suspends an approval: content, files, failed checks; one clause each."""
    covered = {asset.key: asset for asset in covered_assets(evidence)}
    for key in sorted(manifest["assets"].keys() | covered.keys()):
        yield from _asset_changes(key, manifest, covered.get(key))
    yield from _loose_changes(manifest, covered, root)
    yield from (
        f"failed since: {j.check.asset} {j.check.name}: {j.finding}"
        for j in evidence.counting
        if j.outcome == Outcome.FAILED and j.check.asset in covered
    )


def _asset_changes(key: str, manifest: Manifest, asset: AssetRow | None) -> Iterator[str]:
    if asset is None:
        yield f"{key} is no longer materialized"
        return
    yield from (f"{key}: {clause}" for clause in asset.differing)
    version = manifest["assets"].get(key)
    if version == asset.latest.version:
        return
    if version is None:
        yield f"{key} was not part of it"
        return
    before = {p: f for p, f in manifest["files"].items() if f.get("asset") == key}
    now = {path: facts["sha256"] for path, facts in asset.latest.files.items()}
    clauses = differing_files(before, now) or [f"content {version} -> {asset.latest.version}"]
    yield from (f"{key}: {clause}" for clause in clauses)


def _loose_changes(manifest: Manifest, covered: dict[str, AssetRow], root: Path) -> Iterator[str]:
    """Files of no asset: the lock changed, something lies there that did not."""
    recorded = {path for asset in covered.values() for path in asset.latest.files}
    try:
        there = covered_files(root)
    except BadInput as error:
        yield str(error)
        return
    before = {p: f for p, f in manifest["files"].items() if "asset" not in f}
    # What was not there is named without being read: it may be a checkpoint.
    now = {
        path: store.sha256_of(file) if path in before else ""
        for path, file in there.items()
        if path not in recorded and path not in _of_assets(manifest)
    }
    yield from differing_files(before, now)


def _of_assets(manifest: Manifest) -> set[str]:
    return {path for path, facts in manifest["files"].items() if "asset" in facts}
