"""What people are alarmed about: failed checks, an approval or a copy that no longer holds."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wmtp_assets.approval.state import ApprovalState
from wmtp_assets.backup.state import Backup
from wmtp_assets.evidence.judge import FAILING, Evidence


@dataclass(frozen=True)
class News:
    """What is new since the last look at a storage, and what is gone."""

    storage_root: str
    new: tuple[str, ...]
    gone: tuple[str, ...]


def find_alarms(
    evidence: Evidence,
    state: str | None,
    summary: str,
    uncounted: Iterable[str] = (),
    backup: Backup | None = None,
    moved: Iterable[str] = (),
) -> Iterator[str]:
    """One line for each failed or crashed check, and for what else is not as it should be.

    Args:
        state: Of the approval, as it was last evaluated; None if it never was.
        summary: The sentence that goes with it.
        uncounted: Why decisions do not count: somebody put them there, or has to decide again.
        backup: The newest, if any.
        moved: Upstream repositories that moved on.
    """
    yield from (
        j.line for j in evidence.counting if j.outcome in FAILING or j.check.crashed_in is not None
    )
    if state in (ApprovalState.SUSPENDED, ApprovalState.REJECTED):
        yield summary
    yield from uncounted
    if backup is not None and backup.damage:
        yield f"backup: {backup.damage}"
    yield from moved


def changed_alarms(
    cursor: str | None, alarms: Iterable[str], *, settled: bool = True
) -> tuple[list[str], list[str], str]:
    """What is new and what is gone since the cursor was written, and the next cursor.

    Args:
        settled: Whether no run is under way. A check that failed is no failure any more once its
            asset is made again, and may fail as before: nothing is gone until the run has ended.
    """
    before: list[str] = json.loads(cursor) if cursor else []
    now: list[str] = sorted({*alarms, *(() if settled else before)})
    new = [alarm for alarm in now if alarm not in before]
    gone = [alarm for alarm in before if alarm not in now]
    return new, gone, json.dumps(now)
