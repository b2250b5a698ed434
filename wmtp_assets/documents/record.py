"""Reads from the Dagster record what documents need: evidence, approval, earlier failures."""

from collections.abc import Iterator
from itertools import islice

import dagster as dg

from wmtp_assets.approval.events import read_approval
from wmtp_assets.backup.events import read_backup
from wmtp_assets.deployment import Deployment
from wmtp_assets.documents.dossier import Dossier, Failure
from wmtp_assets.evidence.judge import DOCUMENT_GROUPS, utc
from wmtp_assets.evidence.read import Declared, read_evidence
from wmtp_assets.record import (
    FAILED,
    event_of,
    made_on,
    result_of,
    results_on,
    storage_history,
)
from wmtp_assets.storage_history import StorageHistory

MAX_FAILURES = 50


def dossier_of(
    instance: dg.DagsterInstance,
    declared: Declared,
    deployment: Deployment,
    *,
    history: bool = False,
) -> Dossier:
    """Read the input of the documents.

    Args:
        history: Whether to read earlier failures too: a query for each check, 3 ms x 300.
    """
    everything = read_evidence(instance, declared, deployment)
    return Dossier(
        evidence=everything.without_documents,
        catalog=deployment.catalog,
        approval=read_approval(instance, deployment, everything),
        backup=read_backup(instance, deployment.store),
        failures=read_failures(instance, declared, deployment) if history else (),
    )


def read_failures(
    instance: dg.DagsterInstance, declared: Declared, deployment: Deployment
) -> tuple[Failure, ...]:
    """The failed evaluations of the artifacts' checks on this storage, newest first."""
    here = storage_history(instance, deployment.store)
    documents = {spec.key for spec in declared.assets if spec.group_name in DOCUMENT_GROUPS}
    artifacts = {spec.key for spec in declared.assets} - documents
    found = [
        failure
        for spec in declared.checks
        if spec.asset_key in artifacts
        for failure in _failures_of(instance, spec.key, here)
    ]
    return tuple(sorted(found, key=lambda f: f.failed_at, reverse=True)[:MAX_FAILURES])


def _failures_of(
    instance: dg.DagsterInstance, key: dg.AssetCheckKey, here: StorageHistory
) -> Iterator[Failure]:
    failed = islice(results_on(instance, key, here, {FAILED}), MAX_FAILURES)
    results = [(r, result_of(r)) for r in failed]
    results = [row for row in results if row[1].severity == dg.AssetCheckSeverity.ERROR]
    if not results:
        return
    ended = results_on(instance, key, here)
    passed = sorted((event_of(r).timestamp, r.run_id) for r in ended if r.status != FAILED)
    made = sorted((r.timestamp, r.run_id) for r in made_on(instance, key.asset_key, here))
    for record, result in results:
        failed_at = event_of(record).timestamp
        yield Failure(
            asset=key.asset_key.to_user_string(),
            check=key.name,
            cause=" ".join((result.description or "").split()),
            run_id=record.run_id,
            failed_at=utc(failed_at),
            rework=_rework(failed_at, made, passed),
        )


def _rework(
    failed_at: float, made: list[tuple[float, str]], passed: list[tuple[float, str]]
) -> str:
    """What was done after a failure.

    Args:
        made: (time, run) of each materialization.
        passed: (time, run) of each pass.
    """
    good = next(((at, run) for at, run in passed if at > failed_at), None)
    if good is None:
        return "not mended yet"
    between = [(at, run) for at, run in made if failed_at < at <= good[0]]
    anew = (
        f"materialized anew in run {between[-1][1]} ({utc(between[-1][0])})"
        if between
        else "not materialized anew: the files were put back"
    )
    return f"{anew}; passed in run {good[1]} ({utc(good[0])})"
