"""The approval in the Dagster record: what it knows of the decisions, and how one enters it."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import dagster as dg

from wmtp_assets.findings import MAX_SAMPLES
from wmtp_assets.record import (
    CONTENT,
    DATA_VERSION_TAG,
    STORAGE_ROOT,
    made_on,
    results_on,
    whereabouts,
)
from wmtp_assets.setup import Setup
from wmtp_assets.signoff.approval.chain import Entry, read_chain
from wmtp_assets.signoff.approval.grant import reasons_against
from wmtp_assets.signoff.approval.sources import recorded_lock
from wmtp_assets.signoff.approval.standing import (
    DECISION_COLUMNS,
    Approval,
    Standing,
    decision_rows,
    judge_approval,
)
from wmtp_assets.signoff.evidence import Evidence
from wmtp_assets.signoff.record import Declared, read_evidence, recorded_assets
from wmtp_assets.store import Store

APPROVAL_KEY = dg.AssetKey(["signoff", "approval"])
APPROVED_BY_REVIEWER = "approved_by_reviewer"
PREFIX = "sha256:"
SEVERITY = {
    Standing.ABSENT: dg.AssetCheckSeverity.WARN,
    Standing.APPROVED: dg.AssetCheckSeverity.WARN,  # unused: it passes
    Standing.REJECTED: dg.AssetCheckSeverity.ERROR,
    Standing.SUSPENDED: dg.AssetCheckSeverity.ERROR,
}


def judged_now(instance: dg.DagsterInstance, declared: Declared, setup: Setup) -> Mapping[str, Any]:
    """Read evidence and decisions, and say what check approved_by_reviewer says now."""
    evidence = read_evidence(instance, declared, setup)
    approval = read_approval(instance, setup, evidence)
    # Files are looked at when it is decided; here the record speaks.
    in_the_way = list(reasons_against(evidence, (), {}))
    return approval_result(setup, approval, in_the_way)


def read_approval(instance: dg.DagsterInstance, setup: Setup, evidence: Evidence) -> Approval:
    """The state of the approval by record and disk."""
    store = setup.store
    recorded = recorded_decision(instance, store)
    return judge_approval(read_chain(store.signoff), evidence, store.root, recorded)


def recorded_decision(instance: dg.DagsterInstance, store: Store) -> str | None:
    """The digest of the newest decision that a run recorded for this storage."""
    for record in made_on(instance, APPROVAL_KEY, whereabouts(instance, store)):
        tags = record.asset_materialization.tags or {}
        return tags.get(DATA_VERSION_TAG, "").removeprefix(PREFIX)
    return None


def recorded_sources(
    instance: dg.DagsterInstance, declared: Declared, setup: Setup
) -> dict[str, Any]:
    """What sources.lock.json has to hold, by what runs recorded for this storage."""
    made = recorded_assets(instance, declared, whereabouts(instance, setup.store))
    return recorded_lock(setup.store, setup.catalog, made)


def latest_result(instance: dg.DagsterInstance, store: Store) -> tuple[str | None, str]:
    """The standing and its sentence, as a run last evaluated them for this storage."""
    key = dg.AssetCheckKey(APPROVAL_KEY, APPROVED_BY_REVIEWER)
    for record in results_on(instance, key, whereabouts(instance, store)):
        result = record.event.dagster_event.asset_check_evaluation_data
        return result.metadata["standing"].value, result.description or ""
    return None, ""


def decision_materialization(store: Store, entry: Entry) -> dg.AssetMaterialization:
    """The materialization of the external asset that a decision is."""
    decision = entry.decision
    digest = PREFIX + entry.sha256
    return dg.AssetMaterialization(
        APPROVAL_KEY,
        description=decision.says,
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
        },
        tags={DATA_VERSION_TAG: digest},
    )


def approval_result(
    setup: Setup, approval: Approval, in_the_way: Sequence[str]
) -> Mapping[str, Any]:
    """The arguments that an AssetCheckResult and an AssetCheckEvaluation have in common.

    Args:
        in_the_way: What an approval would be refused for now, warnings to acknowledge included.
    """
    return {
        "asset_key": APPROVAL_KEY,
        "check_name": APPROVED_BY_REVIEWER,
        "passed": approval.standing == Standing.APPROVED,
        "severity": SEVERITY[approval.standing],
        "description": _sentence(approval, in_the_way)[:4000],
        "metadata": {
            STORAGE_ROOT: str(setup.store.root),
            "standing": str(approval.standing),
            "decisions": as_table(DECISION_COLUMNS, decision_rows(approval.decisions)),
            "changed_since": as_table(("change",), ((c,) for c in approval.changes or ())),
            "changes": len(approval.changes or ()),
            "in_the_way_of_an_approval": as_table(("reason",), ((r,) for r in in_the_way)),
            "reasons_against": len(in_the_way),
        },
    }


def as_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> dg.TableMetadataValue:
    """A table, which the page of a check shows where Markdown waits behind a link."""
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord(dict(zip(columns, row, strict=True)))
            for row in islice(rows, MAX_SAMPLES)
        ],
        schema=dg.TableSchema([dg.TableColumn(column) for column in columns]),
    )


def _sentence(approval: Approval, in_the_way: Sequence[str]) -> str:
    """The first line that a reviewer reads: what stands, and what an approval now waits for."""
    told = f"{approval.standing}: {approval.says}"
    if approval.standing == Standing.APPROVED:
        return told
    if len(in_the_way) == 1:
        return f"{told}. In the way of an approval: {in_the_way[0]}"
    count = f"{len(in_the_way)} reasons, listed below" if in_the_way else "nothing"
    return f"{told}. In the way of an approval: {count}"
