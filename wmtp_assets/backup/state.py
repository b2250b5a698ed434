"""Whether the storage, as it is approved now, is backed up."""

from dataclasses import dataclass

from wmtp_assets.approval.chain import Role
from wmtp_assets.approval.state import Approval, ApprovalState


@dataclass(frozen=True)
class Backup:
    """The newest backup that a run recorded for this storage.

    Attributes:
        content: The content of the approval that it is a copy of.
        newest_decision_sha256: Of the decisions that the copy holds.
        damage: What the newest look at the copy found wrong since; empty if nothing.
    """

    location: str
    version: str
    content: str
    newest_decision_sha256: str
    decision: int
    copied_at: str
    damage: str = ""


def judge_backup(backup: Backup | None, approval: Approval) -> tuple[bool, str]:
    """Whether the approved storage is backed up, and a sentence on it."""
    if backup is None:
        return False, "no backup is recorded: job backup_storage makes one, with WMTP_BACKUP_URL"
    summary = (
        f"{backup.version} of decision {backup.decision:04d}, copied to {backup.location} "
        f"on {backup.copied_at}"
    )
    if backup.damage:
        return False, f"{summary}; {backup.damage}"
    stands = approval.state == ApprovalState.APPROVED and Role.REVIEWER in approval.approved_now
    if not stands or backup.content != approval.content:
        return False, f"{summary}, not the storage as it is approved now"
    if backup.newest_decision_sha256 != approval.newest_sha256:
        return False, f"{summary}, before the newest decision; job backup_storage adds it"
    return True, summary
