"""The Dagster record as the documents need it: evidence, approval, and what failed before."""

from collections.abc import Iterator
from itertools import islice

import dagster as dg

from wmtp_assets.approval.record import read_approval
from wmtp_assets.backup.record import read_backup
from wmtp_assets.deployment import Deployment
from wmtp_assets.documents.dossier import Dossier, Failure
from wmtp_assets.evidence.judge import DOCUMENT_GROUPS, utc
from wmtp_assets.evidence.record import Declared, read_evidence
from wmtp_assets.record import (
    FAILED,
    made_on,
    results_on,
    whereabouts,
)
from wmtp_assets.roots import Whereabouts

MAX_FAILURES = 50


def dossier_of(
    instance: dg.DagsterInstance,
    declared: Declared,
    deployment: Deployment,
    *,
    history: bool = False,
) -> Dossier:
    """What documents are written from.

    Args:
        history: Whether to read what failed before: a query for each check, 3 ms x 300.
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
    here = whereabouts(instance, deployment.store)
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
    instance: dg.DagsterInstance, key: dg.AssetCheckKey, here: Whereabouts
) -> Iterator[Failure]:
    failed = islice(results_on(instance, key, here, {FAILED}), MAX_FAILURES)
    results = [(r, r.event.dagster_event.asset_check_evaluation_data) for r in failed]
    results = [row for row in results if row[1].severity == dg.AssetCheckSeverity.ERROR]
    if not results:
        return
    ended = results_on(instance, key, here)
    passed = sorted((r.event.timestamp, r.run_id) for r in ended if r.status != FAILED)
    made = sorted((r.timestamp, r.run_id) for r in made_on(instance, key.asset_key, here))
    for record, result in results:
        failed_at = record.event.timestamp
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
    """What was done after a failure, from (time, run) of materializations and passes."""
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
