"""The state of the approval: absent, approved, rejected or suspended, and why.

Keeping an approval needs equal content only: other content, a changed file or a newer failed check
suspends it, a newer pass changes nothing. Judged by the Dagster record and a quick look at the
disk; `verify` reads every byte and needs no record. Where a reviewer's key vouches for an approval
and the record does not know its assets (a restored storage, a new machine), its own files are read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from wmtp_assets.approval.chain import SHOWN_HEX, Chain, Decision, Entry, Role, Verdict
from wmtp_assets.approval.changes import Files, changes_since, check_changes, unknown_files
from wmtp_assets.approval.trust import Trust
from wmtp_assets.evidence.judge import Evidence

# In the sentence; the documents list all of them.
SHOWN_CHANGES = 2
AWAITING = "awaiting approval: no reviewer has decided yet"


class ApprovalState(StrEnum):
    """The states of an approval."""

    ABSENT = "absent"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUSPENDED = "suspended"


@dataclass(frozen=True)
class Approval:
    """The state of the approval.

    Attributes:
        state: What counts.
        summary: One sentence: by whom, signed or not; the first of what changed.
        decisions: The newest decision of each role that counts.
        key_files: Number of such a decision -> the name of the trusted key's file.
        uncounted: Why each other decision does not count, one clause each, oldest first.
        approved_now: The roles that approved exactly the present content.
        content: The content that the newest approval is about; None if there is none.
        reviewed: The reviewer's newest decision that counts.
        basis: The approval that changes are counted from.
        read: The files of assets that the record does not know, as they were read.
        newest_sha256: The digest of the newest decision on the disk, whether it counts or not.
        changes: What differs from the newest approval, one clause each; None if there is none.
        check_changes: The checks that are declared only now, or were only then.
        damage: Why nothing can be decided before the decisions are mended.
    """

    state: ApprovalState
    summary: str
    decisions: tuple[Decision, ...] = ()
    key_files: Mapping[int, str] = field(default_factory=dict)
    uncounted: tuple[str, ...] = ()
    approved_now: frozenset[Role] = frozenset()
    content: str | None = None
    reviewed: Entry | None = None
    basis: Entry | None = None
    read: Files = field(default_factory=dict)
    newest_sha256: str | None = None
    changes: tuple[str, ...] | None = None
    check_changes: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """State and summary; a state that the summary begins with is not said twice."""
        said = self.summary.startswith(self.state)
        return self.summary if said else f"{self.state}: {self.summary}"

    @property
    def acknowledged(self) -> frozenset[str]:
        """The digests of the findings that the decisions acknowledge while the approval stands."""
        standing = self.decisions if self.state == ApprovalState.APPROVED else ()
        return frozenset(
            digest
            for decision in standing
            if decision.verdict == Verdict.APPROVED
            for digest in decision.acknowledged
        )

    def of(self, role: Role) -> Decision | None:
        """The newest decision of a role."""
        return next((d for d in self.decisions if d.role == role), None)

    def summary_of(self, decision: Decision) -> str:
        """Who decided, and whose key proves it."""
        return decision.summary_with(self.key_files.get(decision.number))


DECISION_COLUMNS = ("decision", "role", "reviewer", "verdict", "decided (UTC)", "key", "note")


def decision_rows(approval: Approval) -> Iterator[tuple[str, ...]]:
    """A row for each decision that counts, as DECISION_COLUMNS says."""
    for d in approval.decisions:
        # A longer word makes the page wider than the screen; decision.json has all of it.
        key = d.key_fingerprint[:SHOWN_HEX] if d.key_fingerprint else "not signed"
        key = approval.key_files.get(d.number, key)
        role, verdict = str(d.role), str(d.verdict)
        yield (f"{d.number:04d}", role, d.reviewer, verdict, d.decided_at, key, _line(d.note))


def _line(note: str) -> str:
    """A note on one line: its writer may have broken it into several."""
    return " ".join(note.split())


def judge_approval(
    chain: Chain,
    evidence: Evidence,
    root: Path,
    trust: Trust,
    read: Callable[[Files], Files],
) -> Approval:
    """Decide what the decisions on the disk are worth.

    Args:
        evidence: Of all artifacts and documents.
        root: The storage root; files of no asset are compared by digest, others by the record.
        trust: Which decisions count.
        read: Takes files as they were approved; returns them as they are, without the missing.
    """
    damage = [*chain.problems, *trust.missing(chain)]
    against = [(entry, trust.against(entry)) for entry in chain.entries]
    counting = [entry for entry, why in against if not why]
    uncounted = tuple(why for _, why in against if why)
    behind = "".join(f"; {clause}" for clause in _shortened(uncounted[::-1]))
    entries = {entry.decision.role: entry for entry in counting}
    decisions = tuple(entry.decision for entry in entries.values())
    key_files = {e.decision.number: name for e in counting if (name := trust.key_file(e))}
    basis = _newest_approval(counting)
    # Without a key only a record that knows the assets can vouch for them.
    found = read(unknown_files(basis.manifest, evidence)) if basis and trust.keys else None
    changes = tuple(changes_since(basis.manifest, evidence, root, found)) if basis else None
    known = Approval(
        state=ApprovalState.ABSENT,
        summary=AWAITING + behind,
        decisions=decisions,
        key_files=key_files,
        uncounted=uncounted,
        approved_now=frozenset(
            role
            for role, entry in entries.items()
            if entry.decision.verdict == Verdict.APPROVED
            and not changes
            and basis
            and entry.is_of_same_content(basis)
        ),
        content=basis.content if basis else None,
        reviewed=entries.get(Role.REVIEWER),
        basis=basis,
        read=found or {},
        newest_sha256=chain.entries[-1].sha256 if chain.entries else None,
        changes=changes,
        check_changes=tuple(check_changes(basis.manifest, evidence)) if basis else (),
        damage=tuple(damage),
    )
    summary_of = known.summary_of
    if damage:
        summary = "the decisions in signoff/ are damaged: " + "; ".join(damage)
        return replace(known, state=ApprovalState.SUSPENDED, summary=summary)
    if rejected := [d for d in decisions if d.verdict == Verdict.REJECTED]:
        summary = "; ".join(
            f"{summary_of(d)}: {_line(d.note)}" if d.note else summary_of(d) for d in rejected
        )
        return replace(known, state=ApprovalState.REJECTED, summary=summary + behind)
    if Role.REVIEWER not in entries:
        summary = "; ".join([AWAITING, *map(summary_of, decisions)])
        return replace(known, summary=summary + behind)
    if changes:
        first = "; ".join(_shortened(changes))
        summary = f"{summary_of(entries[Role.REVIEWER].decision)}; changed since: {first}{behind}"
        return replace(known, state=ApprovalState.SUSPENDED, summary=summary)
    clauses = [
        summary_of(d) if d.role in known.approved_now else f"{summary_of(d)}, of other content"
        for d in decisions
    ]
    if found:
        clauses.append(
            f"{len(found)} files that the record does not know were read and are as signed"
        )
    return replace(known, state=ApprovalState.APPROVED, summary="; ".join(clauses) + behind)


def _shortened(clauses: Sequence[str]) -> list[str]:
    """The first of the clauses, and how many there are more."""
    more = len(clauses) - SHOWN_CHANGES
    return [*clauses[:SHOWN_CHANGES], *([f"and {more} more"] if more > 0 else [])]


def _newest_approval(entries: Iterable[Entry]) -> Entry | None:
    """The approval that changes are counted from: the reviewer's newest, else anybody's."""
    approved = [entry for entry in entries if entry.decision.verdict == Verdict.APPROVED]
    reviewed = [entry for entry in approved if entry.decision.role == Role.REVIEWER]
    return (reviewed or approved or [None])[-1]
