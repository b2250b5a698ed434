"""Reads the Dagster record into the rows of evidence.py.

The methods of `instance.event_log_storage` are not marked public; test_upstream.py pins them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import dagster as dg
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecord,
    AssetCheckExecutionRecordStatus,
)

from wmtp_assets.checks import DEEP_TAG, checks_step, observe
from wmtp_assets.record import CONTENT, FILES, STORAGE_ROOT
from wmtp_assets.setup import Setup
from wmtp_assets.signoff.evidence import (
    AssetRow,
    CheckRow,
    Evaluation,
    Evidence,
    Materialization,
    judge,
)

EVALUATED = {AssetCheckExecutionRecordStatus.SUCCEEDED, AssetCheckExecutionRecordStatus.FAILED}
DATA_VERSION_TAG = "dagster/data_version"
# Results that were posted lie between those of runs; look back this far for a run's own.
HISTORY = 25


@dataclass(frozen=True)
class Declared:
    """What the graph declares; the Dagster resource `declared` of the documents."""

    assets: tuple[dg.AssetSpec, ...]
    checks: tuple[dg.AssetCheckSpec, ...]


def read_evidence(
    instance: dg.DagsterInstance, declared: Declared, setup: Setup, *, skip: Iterable[str] = ()
) -> Evidence:
    """Read and judge everything the record says of one storage.

    Args:
        skip: Assets whose rows are left out: a document does not judge itself.
    """
    left_out = set(skip)
    assets = {
        row.key: row
        for row in (
            _asset_row(instance, setup, spec)
            for spec in sorted(declared.assets, key=lambda spec: spec.key.path)
        )
        if row.key not in left_out
    }
    root = str(setup.store.root)
    checks = (
        _check_row(instance, spec)
        for spec in sorted(declared.checks, key=lambda spec: (spec.asset_key.path, spec.name))
        if spec.asset_key.to_user_string() in assets
    )
    return Evidence(
        storage_root=root,
        source=setup.source.name,
        catalog=setup.catalog.name,
        assets=tuple(assets.values()),
        checks=tuple(judge(check, assets[check.asset], root) for check in checks),
    )


def _asset_row(instance: dg.DagsterInstance, setup: Setup, spec: dg.AssetSpec) -> AssetRow:
    latest = _latest_materialization(instance, spec.key)
    return AssetRow(
        key=spec.key.to_user_string(),
        group=spec.group_name or "",
        description=(spec.description or "").split("\n")[0],
        latest=latest,
        differing=_differing(setup, latest.files) if latest else (),
    )


def _latest_materialization(
    instance: dg.DagsterInstance, key: dg.AssetKey
) -> Materialization | None:
    records = instance.fetch_materializations(key, limit=1).records
    if not records:
        return None
    record = records[0]
    made = record.asset_materialization
    values = {name: value.value for name, value in made.metadata.items()}
    files = values.pop(FILES, {})
    return Materialization(
        storage_id=record.storage_id,
        version=(made.tags or {}).get(DATA_VERSION_TAG, ""),
        run_id=record.run_id,
        timestamp=record.timestamp,
        files=files,
        metadata=values,
    )


def _differing(setup: Setup, files: Mapping[str, Mapping]) -> tuple[str, ...]:
    now = observe(setup, files, deep=False)
    return tuple(
        f"{path} is missing" if path not in now else f"{path} is not as recorded"
        for path, facts in sorted(files.items())
        if now.get(path) != facts["sha256"]
    )


def _check_row(instance: dg.DagsterInstance, spec: dg.AssetCheckSpec) -> CheckRow:
    key = spec.key
    history = instance.event_log_storage.get_asset_check_execution_history(key, limit=HISTORY)
    by_runs = [r for r in history if r.run_id]
    evaluated = [r for r in by_runs if r.status in EVALUATED]
    newest = by_runs[0] if by_runs else None
    return CheckRow(
        asset=key.asset_key.to_user_string(),
        name=key.name,
        says=spec.description or "",
        deep=spec.metadata.get(DEEP_TAG) == "every byte",
        latest=_evaluation(instance, evaluated[0]) if evaluated else None,
        crashed_in=newest.run_id if newest and _crashed(instance, newest, key) else None,
    )


def _crashed(
    instance: dg.DagsterInstance, record: AssetCheckExecutionRecord, key: dg.AssetCheckKey
) -> bool:
    """Whether the check was planned and its own step failed before a result."""
    if record.status != AssetCheckExecutionRecordStatus.PLANNED:
        return False
    step = checks_step(key.asset_key)
    return any(
        stats.step_key == step and stats.status is not None and stats.status.value == "FAILURE"
        for stats in instance.get_run_step_stats(record.run_id)
    )


def _evaluation(instance: dg.DagsterInstance, record: AssetCheckExecutionRecord) -> Evaluation:
    result = record.event.dagster_event.asset_check_evaluation_data
    values = {name: value.value for name, value in result.metadata.items()}
    target = result.target_materialization_data
    return Evaluation(
        passed=result.passed,
        warns=result.severity == dg.AssetCheckSeverity.WARN,
        summary=result.description or "",
        content=values.pop(CONTENT, None),
        storage_root=values.pop(STORAGE_ROOT, None),
        target=target.storage_id if target else None,
        target_version=_version_of(instance, result.asset_key, target.storage_id)
        if target
        else None,
        run_id=record.run_id,
        timestamp=record.event.timestamp,
        evidence=values,
    )


def _version_of(instance: dg.DagsterInstance, key: dg.AssetKey, storage_id: int) -> str | None:
    """The data version of one materialization, found by its storage id."""
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=key, storage_ids=[storage_id]), limit=1
    ).records
    made = records[0].asset_materialization if records else None
    return (made.tags or {}).get(DATA_VERSION_TAG) if made else None
