"""The backup in the Dagster record: how one enters it, and what it knows of the newest."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from wmtp_assets.findings import verdict
from wmtp_assets.record import (
    CONTENT,
    DATA_VERSION_TAG,
    EVALUATED,
    FAILED,
    SIZE_BYTES,
    STORAGE_ROOT,
    check_history,
    made_by_runs,
    root_of,
)
from wmtp_assets.signoff.approval.record import as_table
from wmtp_assets.signoff.backup.copying import BackedUp
from wmtp_assets.signoff.backup.place import Place
from wmtp_assets.signoff.backup.reading import Read
from wmtp_assets.signoff.backup.standing import Backup
from wmtp_assets.store import Store

BACKUP_KEY = dg.AssetKey(["signoff", "backup"])
COPY_IS_AS_APPROVED = "every_byte_of_the_copy_is_as_approved"


def backup_materialization(
    store: Store, place: Place, done: BackedUp, seconds: float
) -> dg.AssetMaterialization:
    """The materialization of the external asset that a backup is."""
    tag = done.tag
    return dg.AssetMaterialization(
        BACKUP_KEY,
        description=f"{tag.storage_version} at {place.shown}: {tag.says}",
        metadata={
            STORAGE_ROOT: str(store.root),
            "place": place.shown,
            "version": tag.storage_version,
            CONTENT: tag.content,
            "decision": tag.decision,
            "decision_sha256": tag.decision_sha256,
            "copied_at": tag.copied_at,
            "files": len(tag.files),
            SIZE_BYTES: done.size_bytes,
            "files_copied": done.copied,
            "files_kept": done.kept,
            "files_removed": done.removed,
            "copied_bytes": done.copied_bytes,
            "duration_seconds": round(seconds, 3),
        },
        tags={DATA_VERSION_TAG: tag.content},
    )


def copy_result(store: Store, place: Place, read: Read) -> Mapping[str, Any]:
    """The arguments that an AssetCheckResult and an AssetCheckEvaluation have in common."""
    tag = read.tag
    finding = verdict(
        read.problems,
        tag and f"{place.shown}: {len(tag.files)} files as in decision {tag.decision:04d}",
        place.shown,
    )
    return {
        "asset_key": BACKUP_KEY,
        "check_name": COPY_IS_AS_APPROVED,
        "passed": finding.passed,
        "severity": dg.AssetCheckSeverity.ERROR,
        "description": finding.summary[:4000],
        "metadata": {
            STORAGE_ROOT: str(store.root),
            CONTENT: tag.content if tag else "none",
            "place": place.shown,
            "files": len(tag.files) if tag else 0,
            "differences": len(read.problems),
            "what_differs": as_table(("difference",), ((p,) for p in read.problems)),
        },
    }


def read_backup(instance: dg.DagsterInstance, store: Store) -> Backup | None:
    """The newest backup of this storage root that a run recorded, and how its copy is.

    The copy is as the newest evaluation since says; posted events are nothing.
    """
    root = str(store.root)
    for record in made_by_runs(instance, BACKUP_KEY):
        facts = {k: v.value for k, v in record.asset_materialization.metadata.items()}
        if facts.get(STORAGE_ROOT) == root:
            return Backup(
                place=facts["place"],
                version=facts["version"],
                content=facts[CONTENT],
                decision=facts["decision"],
                copied_at=facts["copied_at"],
                damage=_damage_since(instance, root, record.timestamp),
            )
    return None


def _damage_since(instance: dg.DagsterInstance, root: str, copied: float) -> str:
    key = dg.AssetCheckKey(BACKUP_KEY, COPY_IS_AS_APPROVED)
    for record in check_history(instance, key, status=EVALUATED):
        if record.run_id and root_of(record) == root:
            failed = record.status == FAILED and record.event.timestamp >= copied
            result = record.event.dagster_event.asset_check_evaluation_data
            return (result.description or "the copy differs") if failed else ""
    return ""
