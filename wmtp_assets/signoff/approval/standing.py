"""What the decisions are worth now: absent, approved, rejected or suspended, and why.

Keeping an approval needs equal content only: other content, a changed file or a newer failed check
suspends it, a newer pass changes nothing. Judged by the Dagster record and a quick look at the
disk; `verify` reads every byte and needs no record.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from wmtp_assets import store
from wmtp_assets.errors import BadInput
from wmtp_assets.signoff.approval.chain import (
    SHOWN_HEX,
    Chain,
    Decision,
    Entry,
    Role,
    Verdict,
    differing_files,
)
from wmtp_assets.signoff.approval.covered import finished_files
from wmtp_assets.signoff.approval.manifest import Manifest, covered_assets
from wmtp_assets.signoff.evidence import AssetRow, Evidence, Outcome

# In the sentence; the documents list all of them.
SHOWN_CHANGES = 2
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
        says: One sentence: by whom, signed or not; the first of what changed.
        decisions: The newest decision of each role.
        approved_now: The roles that approved exactly the present content.
        content: The content that the newest approval is about; None if there is none.
        reviewed: The reviewer's newest decision that counts.
        newest_sha256: The digest of the newest decision on the disk, whatever it is worth.
        changes: What differs from the newest approval, one clause each; None if there is none.
        check_changes: The checks that were declared then or are now, and not both.
        damage: Why nothing can be decided before the decisions are mended.
    """

    standing: Standing
    says: str
    decisions: tuple[Decision, ...] = ()
    approved_now: frozenset[Role] = frozenset()
    content: str | None = None
    reviewed: Entry | None = None
    newest_sha256: str | None = None
    changes: tuple[str, ...] | None = None
    check_changes: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()

    def of(self, role: Role) -> Decision | None:
        """The newest decision of a role."""
        return next((d for d in self.decisions if d.role == role), None)


DECISION_COLUMNS = ("decision", "role", "reviewer", "verdict", "decided (UTC)", "key", "note")


def decision_rows(decisions: Iterable[Decision]) -> Iterator[tuple[str, ...]]:
    """A row for each decision, as DECISION_COLUMNS says."""
    for d in decisions:
        # A longer word makes the page wider than the screen; decision.json has all of it.
        key = d.key_fingerprint[:SHOWN_HEX] if d.key_fingerprint else "not signed"
        role, verdict = str(d.role), str(d.verdict)
        yield (f"{d.number:04d}", role, d.reviewer, verdict, d.decided_at, key, d.note)


def judge_approval(
    chain: Chain, evidence: Evidence, root: Path, recorded: str | None = None
) -> Approval:
    """Decide what the decisions on the disk are worth.

    Args:
        evidence: Of all artifacts and documents.
        root: The storage root; files of no asset are compared by digest, others by the record.
        recorded: The digest of the newest decision that the Dagster record knows, if any.
    """
    damage = list(chain.problems)
    if recorded is not None and recorded not in {entry.sha256 for entry in chain.entries}:
        damage.append(f"the decision {recorded} of the Dagster record is not in signoff/")
    counting, unknown = _known_to_record(chain, recorded)
    entries = {entry.decision.role: entry for entry in counting}
    decisions = tuple(entry.decision for entry in entries.values())
    basis = _newest_approval(counting)
    changes = tuple(changes_since(basis.manifest, evidence, root)) if basis else None
    known = Approval(
        standing=Standing.ABSENT,
        says=AWAITING + unknown,
        decisions=decisions,
        approved_now=frozenset(
            role
            for role, entry in entries.items()
            if entry.decision.verdict == Verdict.APPROVED
            and not changes
            and entry.is_of_same_content(basis)
        ),
        content=basis.content if basis else None,
        reviewed=entries.get(Role.REVIEWER),
        newest_sha256=chain.entries[-1].sha256 if chain.entries else None,
        changes=changes,
        check_changes=tuple(_check_changes(basis.manifest, evidence)) if basis else (),
        damage=tuple(damage),
    )
    if damage:
        says = "the decisions in signoff/ are damaged: " + "; ".join(damage)
        return replace(known, standing=Standing.SUSPENDED, says=says)
    if rejected := [d for d in decisions if d.verdict == Verdict.REJECTED]:
        says = "; ".join(f"{d.says}: {d.note}" if d.note else d.says for d in rejected)
        return replace(known, standing=Standing.REJECTED, says=says + unknown)
    if Role.REVIEWER not in entries:
        says = "; ".join([AWAITING, *(d.says for d in decisions)])
        return replace(known, says=says + unknown)
    if changes:
        shown = "; ".join(changes[:SHOWN_CHANGES])
        more = f"; and {len(changes) - SHOWN_CHANGES} more" if len(changes) > SHOWN_CHANGES else ""
        says = f"{entries[Role.REVIEWER].decision.says}; changed since: {shown}{more}{unknown}"
        return replace(known, standing=Standing.SUSPENDED, says=says)
    told = (
        d.says if d.role in known.approved_now else f"{d.says}, of other content" for d in decisions
    )
    return replace(known, standing=Standing.APPROVED, says="; ".join(told) + unknown)


def _known_to_record(chain: Chain, recorded: str | None) -> tuple[list[Entry], str]:
    """The decisions that count, and a clause on those that no run recorded.

    An approval behind the newest one that the record knows was cut off before its run ended, or
    put there by somebody else. A rejection counts all the same.
    """
    digests = [entry.sha256 for entry in chain.entries]
    last = digests.index(recorded) if recorded in digests else len(digests) - 1
    behind = [e for e in chain.entries[last + 1 :] if e.decision.verdict == Verdict.APPROVED]
    counting = [entry for entry in chain.entries if entry not in behind]
    names = ", ".join(f"{entry.decision.number:04d}" for entry in behind)
    return counting, f"; no run recorded decision {names}, decide again" if behind else ""


def _newest_approval(entries: Iterable[Entry]) -> Entry | None:
    """What changes are told against: the reviewer's newest approval, else anybody's."""
    approved = [entry for entry in entries if entry.decision.verdict == Verdict.APPROVED]
    reviewed = [entry for entry in approved if entry.decision.role == Role.REVIEWER]
    return (reviewed or approved or [None])[-1]


def changes_since(manifest: Manifest, evidence: Evidence, root: Path) -> Iterator[str]:
    """What suspends an approval: content, files, failed checks; one clause each."""
    covered = {asset.key: asset for asset in covered_assets(evidence)}
    declared = {asset.key for asset in evidence.assets}
    for key in sorted(manifest["assets"].keys() | covered.keys()):
        if key in declared:
            yield from _asset_changes(key, manifest, covered.get(key))
        else:
            yield from _outside_changes(key, manifest, root)
    yield from _loose_changes(manifest, covered, root)
    yield from (
        f"failed since: {j.check.asset} {j.check.name}: {j.finding}"
        for j in evidence.counting
        if j.outcome == Outcome.FAILED and j.check.asset in covered
    )


def _check_changes(manifest: Manifest, evidence: Evidence) -> Iterator[str]:
    """What the code declares now and did not then, and the other way round."""
    declared = {a.key for a in evidence.assets}
    then = {(c["asset"], c["check"]) for c in manifest["checks"] if c["asset"] in declared}
    now = {(j.check.asset, j.check.name) for j in evidence.counting}
    yield from (f"{asset} {check} is no longer declared" for asset, check in sorted(then - now))
    yield from (f"{asset} {check} was not declared" for asset, check in sorted(now - then))


def _asset_changes(key: str, manifest: Manifest, asset: AssetRow | None) -> Iterator[str]:
    if asset is None:
        yield f"{key} is no longer materialized"
        return
    yield from (f"{key}: {clause}" for clause in asset.differing)
    version = manifest["assets"].get(key)
    if version is None:
        yield f"{key} was not part of it"
        return
    before = {p: f for p, f in manifest["files"].items() if f.get("asset") == key}
    now = {path: facts["sha256"] for path, facts in asset.latest.files.items()}
    # Files too where the content is the same: a new date in one is what no signature covers.
    clauses = differing_files(before, now)
    if not clauses and version != asset.latest.version:
        clauses = [f"content {version} -> {asset.latest.version}"]
    yield from (f"{key}: {clause}" for clause in clauses)


def _outside_changes(key: str, manifest: Manifest, root: Path) -> Iterator[str]:
    """An asset that this graph leaves out (WMTP_REWARD_MODEL): its files are there, or not."""
    for path, facts in manifest["files"].items():
        file = root / path
        if facts.get("asset") == key and not (
            file.is_file() and file.stat().st_size == facts["size_bytes"]
        ):
            yield f"{key}: {path} is missing or of another size"


def _loose_changes(manifest: Manifest, covered: dict[str, AssetRow], root: Path) -> Iterator[str]:
    """Files of no asset: the lock changed, something lies there that did not."""
    recorded = {path for asset in covered.values() for path in asset.latest.files}
    try:
        there = finished_files(root)
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
