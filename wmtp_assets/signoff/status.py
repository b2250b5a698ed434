"""The state of evidence and approval as lines for a console."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from wmtp_assets.approval.json_schema import RESTORE
from wmtp_assets.approval.state import Approval, ApprovalState
from wmtp_assets.beside import not_covered_lines
from wmtp_assets.checking.asset_checks import BYTES_MATCH
from wmtp_assets.evidence.judge import (
    FAILING,
    Evidence,
    JudgedCheck,
    Outcome,
    is_ready,
    utc,
    was_put_back,
)
from wmtp_assets.evidence.not_passed import not_passed
from wmtp_assets.runs.stopped import DOCUMENTS

MATERIALIZE_AGAIN = (
    "materialize the assets named above again, or put the right bytes back where a file differs; "
    "then run verify_storage_deep"
)
REPORT_AGAIN = "run job report: it writes the documents anew, and judges the approval"
DECIDE_AGAIN = "make the approved content again, or let a reviewer decide on this one"
VERIFY_AGAIN = "run job verify_storage_deep: other bytes failed than those that are there now"
SHOWN_ASSETS = 5


def is_fine(evidence: Evidence, approval: Approval) -> bool:
    """Whether an approval can be granted (warnings may await acknowledgement) or stands."""
    return (is_ready(evidence) and not approval.damage) or approval.state == ApprovalState.APPROVED


def table_lines(evidence: Evidence) -> Iterator[str]:
    """One line per asset: how many of its checks ended how."""
    width = max(len(a.key) for a in evidence.assets)
    yield f"{'asset':<{width}}  {'files':>5}  {'bytes':>14}  checks"
    for asset in evidence.assets:
        files = asset.latest.files.values() if asset.latest else ()
        size = sum(f["size_bytes"] for f in files)
        counts = counted(evidence.of(asset.key))
        yield f"{asset.key:<{width}}  {len(files):>5}  {size:>14,}  {counts}"
    yield ""


def status_lines(evidence: Evidence, approval: Approval) -> Iterator[str]:
    """What is not simply passed, the state of the approval, the sum, and what to do next."""
    counting = evidence.counting
    open_rows = not_passed(counting)
    yield from open_lines(open_rows, approval.acknowledged)
    of_artifacts = len(evidence.of_artifacts)
    yield (
        f"{len(counting)} declared checks ({of_artifacts} of artifacts, "
        f"{len(counting) - of_artifacts} of documents): {counted(counting)}"
    )
    made = any(asset.latest for asset in evidence.artifacts)
    digest = evidence.storage_digest if made else "none yet"
    yield f"storage {evidence.storage_root}, digest {digest}"
    yield f"every byte: {last_read(evidence)}"
    yield f"approval: {approval.sentence}"
    more = (clause for clause in approval.uncounted if clause not in approval.summary)
    yield from (f"does not count: {clause}" for clause in more)
    yield from not_covered_lines(Path(evidence.storage_root))
    yield f"next: {_where_it_was(evidence) or _next_step(evidence, open_rows, approval)}"


def open_lines(
    open_rows: Iterable[JudgedCheck], acknowledged: Collection[str] = ()
) -> Iterator[str]:
    """A line for each check; those that were not evaluated, by reason: else they bury the cause.

    A full disk leaves a hundred of them behind the one that failed.

    Args:
        acknowledged: Digests of the findings that the standing approval acknowledges.
    """
    waiting: dict[str, list[JudgedCheck]] = {}
    for judged in open_rows:
        if judged.outcome == Outcome.NOT_EVALUATED:
            waiting.setdefault(judged.finding, []).append(judged)
        else:
            yield ("acknowledged: " if judged.digest in acknowledged else "") + judged.line
    for finding, checks in waiting.items():
        assets = list(dict.fromkeys(j.check.asset for j in checks))
        if len(checks) == 1:
            yield checks[0].line
        else:
            yield f"{Outcome.NOT_EVALUATED} {len(checks)} checks of {_listed(assets)}: {finding}"


def _listed(assets: list[str]) -> str:
    more = len(assets) - SHOWN_ASSETS
    return ", ".join(assets[:SHOWN_ASSETS]) + (f" and {more} more assets" if more > 0 else "")


def last_read(evidence: Evidence) -> str:
    """When the files were last read whole by a check of their bytes, whatever it found."""
    files = {a.key for a in evidence.artifacts if a.latest and a.latest.files}
    read = {
        j.check.asset: j.check.latest.timestamp
        for j in evidence.of_artifacts
        if j.check.name == BYTES_MATCH
        and j.check.latest is not None
        and j.check.latest.storage_root == evidence.storage_root
    }
    never = sorted(files - read.keys())
    if not files or never == sorted(files):
        return "never read whole; verify_storage_deep does"
    times = [read[asset] for asset in files & read.keys()]
    told = f"last read whole from {utc(min(times))} to {utc(max(times))}"
    return f"{told}, but never those of {_listed(never)}" if never else told


def _where_it_was(evidence: Evidence) -> str:
    """What to do where the record has nothing of this storage, and all of another."""
    known = sorted({asset.elsewhere for asset in evidence.artifacts if asset.elsewhere})
    if not known or any(asset.latest for asset in evidence.artifacts):
        return ""
    return (
        f"the record is of the storage at {', '.join(known)}: set WMTP_STORAGE_ROOT to it; if it "
        "was moved here, `python -m wmtp_assets.signoff moved OLD_ROOT` tells the record so; if "
        "this is a new one, run job phase1, then job report"
    )


def counted(checks: Iterable[JudgedCheck]) -> str:
    """`12 passed, 1 warned`."""
    counts = Counter(str(j.outcome) for j in checks)
    return ", ".join(f"{n} {outcome}" for outcome, n in sorted(counts.items()))


def _next_step(evidence: Evidence, open_rows: list[JudgedCheck], approval: Approval) -> str:
    if approval.damage:
        return RESTORE
    outcomes = {j.outcome for j in open_rows}
    if failing := [j for j in open_rows if j.outcome in FAILING]:
        if all(j.check.asset.startswith(DOCUMENTS) for j in failing):
            return REPORT_AGAIN
        return VERIFY_AGAIN if _verifying_is_enough(evidence, failing) else MATERIALIZE_AGAIN
    if approval.state == ApprovalState.APPROVED and approval.read:
        return "the approval stands; materialize what the record does not know, then run job report"
    if approval.state == ApprovalState.APPROVED:
        return "nothing; verify_storage_deep keeps it true"
    if Outcome.STALE in outcomes:
        return "materialize what is named as made from other content, then run verify_storage_deep"
    if Outcome.NOT_EVALUATED in outcomes:
        return "run job phase1, then job report"
    if approval.state == ApprovalState.SUSPENDED:
        changes = approval.changes or ()
        return REPORT_AGAIN if all(c.startswith(DOCUMENTS) for c in changes) else DECIDE_AGAIN
    if outcomes:
        return "a reviewer reads the warnings; approve with --acknowledge DIGEST for each"
    return "ready for approval"


def _verifying_is_enough(evidence: Evidence, failing: list[JudgedCheck]) -> bool:
    """Whether nothing has to be made: all that failed was judged in a run that met other bytes.

    A check may have failed by the bytes of another asset, which it compares its own with.
    """
    assets = {asset.key: asset for asset in evidence.assets}
    if any(assets[j.check.asset].differing for j in failing):
        return False
    judged_in = [(j, j.check.latest.run_id if j.check.latest else None) for j in failing]
    met_others = {run for j, run in judged_in if was_put_back(j, assets[j.check.asset])}
    return all(run in met_others for _, run in judged_in)
