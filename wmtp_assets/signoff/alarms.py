"""What somebody has to hear of: failed checks, and an approval that does not stand any more."""

import json
from collections.abc import Iterable, Iterator

from wmtp_assets.signoff.approval.standing import Standing
from wmtp_assets.signoff.evidence import FAILING, Evidence


def find_alarms(evidence: Evidence, standing: str | None, says: str) -> Iterator[str]:
    """One line for each failed or crashed check, and one for a suspended or rejected approval.

    Args:
        standing: Of the approval, as it was last evaluated; None if it never was.
        says: The sentence that goes with it.
    """
    yield from (
        j.line for j in evidence.counting if j.outcome in FAILING or j.check.crashed_in is not None
    )
    if standing in (Standing.SUSPENDED, Standing.REJECTED):
        yield says


def changed_alarms(cursor: str | None, alarms: Iterable[str]) -> tuple[list[str], list[str], str]:
    """What is new and what is gone since the cursor was written, and the next cursor."""
    now = sorted(set(alarms))
    before = json.loads(cursor) if cursor else []
    new = [alarm for alarm in now if alarm not in before]
    gone = [alarm for alarm in before if alarm not in now]
    return new, gone, json.dumps(now)
