"""The backup as Dagster shows it, where WMTP_BACKUP_URL is set: asset, check and two jobs."""

import time
from collections.abc import Iterator

import dagster as dg

from wmtp_assets.approval.chain import read_chain
from wmtp_assets.approval.events import read_approval
from wmtp_assets.approval.state import ApprovalState
from wmtp_assets.backup.copying import back_up
from wmtp_assets.backup.events import (
    BACKUP_KEY,
    COPY_IS_AS_APPROVED,
    backup_materialization,
    copy_result,
    read_backup,
)
from wmtp_assets.backup.location import BackupLocation
from wmtp_assets.backup.reading import read_copy
from wmtp_assets.backup.tag import read_tag
from wmtp_assets.checking.asset_checks import DEEP_TAG, checks_step
from wmtp_assets.deployment import Deployment
from wmtp_assets.errors import BadInput
from wmtp_assets.evidence.read import Declared, read_evidence
from wmtp_assets.printable import reporter
from wmtp_assets.record import CONTENT, STORAGE_ROOT, observable

# Downstream of nothing: its check reads every byte of the copy, and whoever makes an asset and all
# downstream of it has not asked for that.
BACKUP = dg.AssetSpec(
    key=BACKUP_KEY,
    group_name="signoff",
    kinds={"json"},
    description="Copy of the approved storage (signoff/approval), tagged; written by job "
    "backup_storage alone.",
)


def tag_of_the_copy(
    deployment: dg.ResourceParam[Deployment], backup_url: dg.ResourceParam[str]
) -> Iterator[dg.ObserveResult]:
    """What the copy says of itself; whether its bytes are so, the check says."""
    location = BackupLocation(backup_url)
    facts = {STORAGE_ROOT: str(deployment.store.root), "place": location.shown}
    tag = read_tag(location)
    if tag is None:
        yield dg.ObserveResult(metadata={**facts, "files": 0})
        return
    facts |= {"version": tag.storage_version, CONTENT: tag.content, "files": len(tag.files)}
    yield dg.ObserveResult(metadata=facts, data_version=dg.DataVersion(tag.content))


backup = observable(BACKUP, tag_of_the_copy)


@dg.multi_asset_check(
    name=checks_step(BACKUP_KEY),
    specs=[
        dg.AssetCheckSpec(
            COPY_IS_AS_APPROVED,
            asset=BACKUP_KEY,
            description="Every byte of the copy is the one that was approved",
            blocking=True,
            metadata={DEEP_TAG: "every byte of the copy"},
        )
    ],
    can_subset=True,
)
def backup_checks(
    context: dg.AssetCheckExecutionContext,
    deployment: dg.ResourceParam[Deployment],
    backup_url: dg.ResourceParam[str],
) -> Iterator[dg.AssetCheckResult]:
    store, location = deployment.store, BackupLocation(backup_url)
    read = read_copy(location, read_chain(store.signoff), reporter(context.log.info))
    yield dg.AssetCheckResult(**copy_result(store, location, read))


@dg.op(
    description="Copies what changed of the approved storage, reads it back, tags the copy.",
)
def copy_approved_storage(
    context: dg.OpExecutionContext,
    deployment: dg.ResourceParam[Deployment],
    declared: dg.ResourceParam[Declared],
    backup_url: dg.ResourceParam[str],
) -> None:
    started = time.monotonic()
    evidence = read_evidence(context.instance, declared, deployment)
    approval = read_approval(context.instance, deployment, evidence)
    if approval.state != ApprovalState.APPROVED or approval.reviewed is None:
        raise BadInput(
            "only an approved storage is backed up",
            [approval.sentence],
            "signoff status says what is in the way of an approval",
        )
    location = BackupLocation(backup_url)
    before = read_backup(context.instance, deployment.store, location.shown)
    damaged = before is not None and bool(before.damage)
    entry, report = approval.reviewed, reporter(context.log.info)
    done = back_up(deployment.store.root, entry, location, report, is_damaged=damaged)
    tag = done.tag
    report(
        f"{location.shown}: {tag.storage_version} of decision {tag.decision:04d}, "
        f"{len(tag.files)} files; copied {done.copied} ({done.copied_bytes:,} bytes), "
        f"kept {done.kept}, removed {done.removed}"
    )
    seconds = time.monotonic() - started
    context.log_event(backup_materialization(deployment.store, location, done, seconds))


@dg.job(
    description="Copies what changed of the approved storage to WMTP_BACKUP_URL; tags it.",
)
def backup_storage() -> None:
    copy_approved_storage()


verify_backup = dg.define_asset_job(
    "verify_backup",
    selection=dg.AssetSelection.checks(dg.AssetCheckKey(BACKUP_KEY, COPY_IS_AS_APPROVED)),
    description="Reads every byte of the copy at WMTP_BACKUP_URL and names what differs.",
)
