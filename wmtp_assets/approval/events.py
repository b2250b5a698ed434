"""The approval in the Dagster record: what it knows of the decisions, and how one enters it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import dagster as dg

from wmtp_assets.approval.chain import Entry, read_chain
from wmtp_assets.approval.changes import Files
from wmtp_assets.approval.recorded_lock import recorded_lock
from wmtp_assets.approval.refusal_reasons import refusal_reasons
from wmtp_assets.approval.state import (
    DECISION_COLUMNS,
    Approval,
    ApprovalState,
    decision_rows,
    judge_approval,
)
from wmtp_assets.approval.trust import Trust, read_keys
from wmtp_assets.beside import beside
from wmtp_assets.checking.acknowledging import COMMAND, approve_command
from wmtp_assets.checking.digests import Digests
from wmtp_assets.checking.findings import MAX_SAMPLES
from wmtp_assets.deployment import Deployment
from wmtp_assets.evidence.judge import Evidence, JudgedCheck, Outcome
from wmtp_assets.evidence.not_passed import not_passed, not_passed_line
from wmtp_assets.evidence.read import Declared, read_evidence, recorded_assets
from wmtp_assets.evidence.steps import README
from wmtp_assets.markup import escape_links
from wmtp_assets.printable import printable, shortened
from wmtp_assets.record import (
    CONTENT,
    DATA_VERSION_TAG,
    STORAGE_ROOT,
    is_made_on,
    latest_on,
    made_of,
    made_on,
    result_of,
    results_on,
    storage_history,
    values_of,
)
from wmtp_assets.store import Store

APPROVAL_KEY = dg.AssetKey(["signoff", "approval"])
APPROVED_BY_REVIEWER = "approved_by_reviewer"
REVIEW_JOB = "review_phase1"
SAYS = "standing_says"
UNCOUNTED, READ = "decisions_that_do_not_count", "read_for_the_approval"
NOT_COVERED = "not_covered"
PREFIX = "sha256:"
# A finding may hold a schema of a hundred columns; the page of its check shows all of it.
REASON_LETTERS, STATE_LETTERS = 300, 3000
SEVERITY = {
    ApprovalState.ABSENT: dg.AssetCheckSeverity.WARN,
    ApprovalState.APPROVED: dg.AssetCheckSeverity.WARN,  # unused: it passes
    ApprovalState.REJECTED: dg.AssetCheckSeverity.ERROR,
    ApprovalState.SUSPENDED: dg.AssetCheckSeverity.ERROR,
}


def evaluate_approval(
    instance: dg.DagsterInstance, declared: Declared, deployment: Deployment
) -> Mapping[str, Any]:
    """The result of check approved_by_reviewer, by evidence and decisions as they are now."""
    evidence = read_evidence(instance, declared, deployment)
    approval = read_approval(instance, deployment, evidence)
    return approval_result(deployment, approval, evidence)


def read_approval(
    instance: dg.DagsterInstance, deployment: Deployment, evidence: Evidence
) -> Approval:
    """The state of the approval by record and disk.

    Raises:
        BadInput: WMTP_REVIEWER_KEYS holds what is no public key.
    """
    store = deployment.store
    return judge_approval(
        read_chain(store.signoff),
        evidence,
        store.root,
        read_trust(instance, deployment),
        lambda files: _as_they_are(instance, deployment, files) if files else {},
    )


def read_trust(instance: dg.DagsterInstance, deployment: Deployment) -> Trust:
    """Which decisions on this storage count, by the record and the reviewers' keys.

    Raises:
        BadInput: A file of the folder is no public key.
    """
    folder = deployment.reviewer_keys
    keys = read_keys([folder]) if folder else None
    return replace(read_recorded(instance, deployment.store), keys=keys)


def read_recorded(instance: dg.DagsterInstance, store: Store) -> Trust:
    """The decisions that runs recorded of a storage.

    *Wipe materializations* on the page, which has no login, takes a decision from the record of the
    asset but not from the log of its run.
    """
    here = storage_history(instance, store)
    recorded = {_decided(made) for made in made_on(instance, APPROVAL_KEY, here)}
    logged = {
        _decided(record)
        for run in instance.get_runs(dg.RunsFilter(job_name=REVIEW_JOB))
        for record in instance.get_records_for_run(
            run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
        ).records
        if record.asset_key == APPROVAL_KEY and is_made_on(record, here)
    }
    return Trust(recorded=frozenset(recorded), wiped=frozenset(logged - recorded))


def _decided(record: dg.EventLogRecord) -> str:
    """The digest of the decision that a materialization records."""
    tags = made_of(record).tags or {}
    return tags.get(DATA_VERSION_TAG, "").removeprefix(PREFIX)


def _as_they_are(instance: dg.DagsterInstance, deployment: Deployment, files: Files) -> Files:
    """Read files of which the record has no materialization.

    Every byte is read, unless a run read the file for the check and its size and time are the same.
    """
    # The README is written first; the other steps of its run, in processes of their own, take its
    # digests.
    readme = latest_on(
        instance, dg.AssetKey(README.split("/")), storage_history(instance, deployment.store)
    )
    events = [
        readme and made_of(readme),
        next(_results(instance, deployment.store), None),
    ]
    before: dict[str, Any] = {}
    for event in events:
        if event is not None and READ in event.metadata:
            before |= event.metadata[READ].value
    there = {
        path: file.stat()
        for path in files
        if (file := deployment.store.locate(path)).is_file() and not file.is_symlink()
    }
    # Another size needs no reading.
    alike = {p: f for p, f in files.items() if p in there and there[p].st_size == f["size_bytes"]}
    known = {path: before.get(path, {**facts, "mtime_ns": None}) for path, facts in alike.items()}
    digests = Digests(deployment.store, known, deep=False)
    return {
        path: {
            "size_bytes": stat.st_size,
            "sha256": digests.get(path, "another size"),
            "mtime_ns": stat.st_mtime_ns,
        }
        for path, stat in there.items()
    }


def recorded_sources(
    instance: dg.DagsterInstance, declared: Declared, deployment: Deployment
) -> dict[str, Any]:
    """What sources.lock.json has to hold, by what runs recorded for this storage."""
    made = recorded_assets(instance, declared, storage_history(instance, deployment.store))
    return recorded_lock(deployment.store, deployment.catalog, made)


def latest_result(instance: dg.DagsterInstance, store: Store) -> tuple[str | None, str]:
    """State and summary of the approval, as a run last evaluated them for this storage."""
    for result in _results(instance, store):
        # Records of older versions have the description alone.
        facts = values_of(result)
        return facts["standing"], facts.get(SAYS) or result.description or ""
    return None, ""


def latest_uncounted(instance: dg.DagsterInstance, store: Store) -> tuple[str, ...]:
    """Why decisions do not count, as a run last evaluated it for this storage."""
    for result in _results(instance, store):
        table = result.metadata.get(UNCOUNTED)
        rows = table.records if isinstance(table, dg.TableMetadataValue) else ()
        return tuple(str(row.data["why"]) for row in rows)
    return ()


def _results(instance: dg.DagsterInstance, store: Store) -> Iterator[dg.AssetCheckEvaluation]:
    key = dg.AssetCheckKey(APPROVAL_KEY, APPROVED_BY_REVIEWER)
    for record in results_on(instance, key, storage_history(instance, store)):
        yield result_of(record)


def decision_materialization(store: Store, entry: Entry) -> dg.AssetMaterialization:
    """The materialization of the external asset that a decision is."""
    decision = entry.decision
    digest = PREFIX + entry.sha256
    return dg.AssetMaterialization(
        APPROVAL_KEY,
        description=escape_links(decision.summary),
        metadata={
            "dagster/uri": entry.folder.as_uri(),
            STORAGE_ROOT: str(store.root),
            CONTENT: digest,
            "decision": decision.number,
            "verdict": str(decision.verdict),
            "role": str(decision.role),
            "reviewer": decision.reviewer,
            "note": decision.note,
            "key_fingerprint": decision.key_fingerprint or "not signed",
            "storage_digest": decision.storage_digest,
            "manifest_sha256": decision.manifest_sha256,
            "covered_files": len(entry.manifest["files"]),
            "acknowledged_warnings": len(decision.acknowledged),
            NOT_COVERED: not_covered_table(store),
        },
        tags={DATA_VERSION_TAG: digest},
    )


def approval_result(
    deployment: Deployment, approval: Approval, evidence: Evidence
) -> Mapping[str, Any]:
    """The arguments that an AssetCheckResult and an AssetCheckEvaluation have in common."""
    open_rows = not_passed(evidence.counting)
    warned = [j for j in open_rows if j.outcome == Outcome.WARNED]
    acknowledged = [j for j in warned if j.digest in approval.acknowledged]
    # Without a look at the files: they are read when a decision is made.
    in_the_way = list(refusal_reasons(evidence, [j.digest for j in acknowledged], {}))
    return {
        "asset_key": APPROVAL_KEY,
        "check_name": APPROVED_BY_REVIEWER,
        "passed": approval.state == ApprovalState.APPROVED,
        "severity": SEVERITY[approval.state],
        "description": _sentence(approval, evidence, in_the_way),
        "metadata": {
            STORAGE_ROOT: str(deployment.store.root),
            "standing": str(approval.state),
            SAYS: printable(approval.sentence),
            **_how_to_approve(approval, warned),
            "acknowledged_warnings": as_table(
                ("warning",), ((shortened(j.line, REASON_LETTERS),) for j in acknowledged)
            ),
            "decisions": as_table(DECISION_COLUMNS, decision_rows(approval)),
            UNCOUNTED: as_table(("why",), ((why,) for why in approval.uncounted[::-1])),
            "changed_since": as_table(("change",), ((c,) for c in approval.changes or ())),
            "changes": len(approval.changes or ()),
            "in_the_way_of_an_approval": as_table(
                ("reason",), ((shortened(r, REASON_LETTERS),) for r in in_the_way)
            ),
            "reasons_against": len(in_the_way),
            NOT_COVERED: not_covered_table(deployment.store),
            **({READ: dg.MetadataValue.json(dict(approval.read))} if approval.read else {}),
        },
    }


def not_covered_table(store: Store) -> dg.TableMetadataValue:
    """What lies beside the layout now; no approval covers it."""
    rows = ((one.name, one.what, one.amount) for one in beside(store.root))
    return as_table(("name", "what", "amount"), rows)


def as_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> dg.TableMetadataValue:
    """A table: the page of a check shows it at once, and Markdown only behind a link."""
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord(dict(zip(columns, map(printable, row), strict=True)))
            for row in islice(rows, MAX_SAMPLES)
        ],
        schema=dg.TableSchema([dg.TableColumn(column) for column in columns]),
    )


def _how_to_approve(approval: Approval, warned: Iterable[JudgedCheck]) -> dict[str, str]:
    """The command, with the digests that it has to acknowledge, unless the approval stands."""
    if approval.state == ApprovalState.APPROVED:
        return {}
    return {COMMAND: approve_command(j.digest for j in warned)}


def _sentence(approval: Approval, evidence: Evidence, in_the_way: Sequence[str]) -> str:
    """The first lines that a reviewer reads: what is not passed, what stands, what is to do.

    Markdown: findings are not in it, only links to them.
    """
    first = not_passed_line(evidence.counting, approval.acknowledged)
    state = escape_links(printable(approval.sentence))[:STATE_LETTERS]
    if not in_the_way:
        return f"{first}. {state}"
    many = len(in_the_way)
    return f"{first}. {state}. In the way of an approval: {many}; `signoff status` names them"
