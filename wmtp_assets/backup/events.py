"""The backup in the Dagster record: how one enters it, and what it knows of the newest."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from wmtp_assets.approval.events import as_table
from wmtp_assets.backup.copying import BackedUp
from wmtp_assets.backup.location import BackupLocation
from wmtp_assets.backup.reading import CopyReading
from wmtp_assets.backup.state import Backup
from wmtp_assets.checking.findings import verdict
from wmtp_assets.markup import escape_links
from wmtp_assets.printable import printable
from wmtp_assets.record import (
    CONTENT,
    DATA_VERSION_TAG,
    EVALUATED,
    FAILED,
    SIZE_BYTES,
    STORAGE_ROOT,
    check_history,
    event_of,
    is_result_on,
    made_of,
    made_on,
    result_of,
    storage_history,
    values_of,
)
from wmtp_assets.storage_history import StorageHistory
from wmtp_assets.store import Store

BACKUP_KEY = dg.AssetKey(["signoff", "backup"])
COPY_IS_AS_APPROVED = "every_byte_of_the_copy_is_as_approved"


def backup_materialization(
    store: Store, location: BackupLocation, done: BackedUp, seconds: float
) -> dg.AssetMaterialization:
    """The materialization of the external asset that a backup is."""
    tag = done.tag
    return dg.AssetMaterialization(
        BACKUP_KEY,
        description=escape_links(
            printable(f"{tag.storage_version} at {location.shown}: {tag.summary}")
        ),
        metadata={
            STORAGE_ROOT: str(store.root),
            "place": location.shown,
            "version": tag.storage_version,
            CONTENT: tag.content,
            "decision": tag.decision,
            "decision_sha256": tag.decision_sha256,
            "newest_decision_sha256": tag.newest_decision_sha256,
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


def copy_result(store: Store, location: BackupLocation, read: CopyReading) -> Mapping[str, Any]:
    """The arguments that an AssetCheckResult and an AssetCheckEvaluation have in common."""
    tag = read.tag
    finding = verdict(
        read.problems,
        f"{location.shown}: {len(tag.files)} files as in decision {tag.decision:04d}"
        if tag
        else "",
        location.shown,
    )
    return {
        "asset_key": BACKUP_KEY,
        "check_name": COPY_IS_AS_APPROVED,
        "passed": finding.passed,
        "severity": dg.AssetCheckSeverity.ERROR,
        "description": escape_links(printable(finding.summary))[:4000],
        "metadata": {
            STORAGE_ROOT: str(store.root),
            CONTENT: tag.content if tag else "none",
            "place": location.shown,
            "files": len(tag.files) if tag else 0,
            "differences": len(read.problems),
            "what_differs": as_table(("difference",), ((p,) for p in read.problems)),
        },
    }


def read_backup(
    instance: dg.DagsterInstance, store: Store, location: str | None = None
) -> Backup | None:
    """The newest backup of this storage that a run recorded, and how its copy is.

    Its damage is that of the newest evaluation since; posted events are ignored.

    Args:
        location: Of the backups there; of all if it is not given.
    """
    here = storage_history(instance, store)
    for record in made_on(instance, BACKUP_KEY, here):
        facts = values_of(made_of(record))
        if location in (None, facts["place"]):
            return Backup(
                location=facts["place"],
                version=facts["version"],
                content=facts[CONTENT],
                newest_decision_sha256=facts["newest_decision_sha256"],
                decision=facts["decision"],
                copied_at=facts["copied_at"],
                damage=_damage_since(instance, here, facts["place"], record.timestamp),
            )
    return None


def _damage_since(
    instance: dg.DagsterInstance, here: StorageHistory, location: str, copied: float
) -> str:
    """What the newest check of a copy found; also that it could not be read."""
    for record in check_history(instance, dg.AssetCheckKey(BACKUP_KEY, COPY_IS_AS_APPROVED)):
        if not record.run_id:
            continue
        if record.status not in EVALUATED:
            run = instance.get_run_by_id(record.run_id)
            if run is not None and run.status == dg.DagsterRunStatus.FAILURE:
                # Dagster keeps the time of what was planned in whole seconds.
                since = record.create_timestamp >= int(copied)
                return f"the copy could not be read in run {record.run_id}" if since else ""
            continue
        result = result_of(record)
        if is_result_on(record, here) and result.metadata["place"].value == location:
            failed = record.status == FAILED and event_of(record).timestamp >= copied
            return (result.description or "the copy differs") if failed else ""
    return ""
