"""Reads the Dagster record into the rows of evidence.py."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import dagster as dg
from dagster._core.execution.stats import StepEventStatus
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecord

from wmtp_assets.checks import DEEP_TAG, EVERY_BYTE, checks_step, observe
from wmtp_assets.record import (
    CONTENT,
    DATA_VERSION_TAG,
    EVALUATED,
    FILES,
    INPUT_VERSION_TAG,
    STORAGE_ROOT,
    check_history,
    latest_by_run,
    root_of,
)
from wmtp_assets.setup import Setup
from wmtp_assets.signoff.evidence import (
    AssetRow,
    CheckRow,
    Evaluation,
    Evidence,
    Materialization,
    judge,
    with_outdated,
)

INPUT_VERSION_PREFIX = f"{INPUT_VERSION_TAG}/"


@dataclass(frozen=True)
class Declared:
    """What the graph declares; the Dagster resource `declared` of the documents."""

    assets: tuple[dg.AssetSpec, ...]
    checks: tuple[dg.AssetCheckSpec, ...]


def read_evidence(
    instance: dg.DagsterInstance,
    declared: Declared,
    setup: Setup,
    *,
    look_at_disk: bool = True,
) -> Evidence:
    """Read and judge everything the record says of one storage.

    Args:
        look_at_disk: Whether to compare the files with the record, by size and modification time;
            a file whose time differs is read.
    """
    specs = declared.assets
    # Three queries for the whole graph; a query for each check took 3 ms x 300.
    made = {
        record.asset_entry.asset_key: record.asset_entry.last_materialization_record
        for record in instance.get_asset_records([spec.key for spec in specs])
    }
    for key, newest_made in made.items():
        if newest_made is not None and not newest_made.run_id:
            made[key] = latest_by_run(instance, key)
    rows = (
        _asset_row(setup, spec, made.get(spec.key), look_at_disk)
        for spec in sorted(specs, key=lambda spec: spec.key.path)
    )
    assets = {row.key: row for row in with_outdated(rows)}
    check_specs = sorted(
        (c for c in declared.checks if c.asset_key.to_user_string() in assets),
        key=lambda c: (c.asset_key.path, c.name),
    )
    newest = instance.event_log_storage.get_latest_asset_check_execution_by_key(
        [spec.key for spec in check_specs]
    )
    root = str(setup.store.root)
    failed_steps = _failed_steps(instance)
    judged = []
    for spec in check_specs:
        asset = assets[spec.asset_key.to_user_string()]
        row = _check_row(instance, setup, spec, newest.get(spec.key), asset, failed_steps)
        judged.append(judge(row, asset, root))
    return Evidence(
        storage_root=root,
        source=setup.source.name,
        catalog=setup.catalog.name,
        assets=tuple(assets.values()),
        checks=tuple(judged),
    )


def _asset_row(
    setup: Setup, spec: dg.AssetSpec, record: dg.EventLogRecord | None, look_at_disk: bool
) -> AssetRow:
    latest = _materialization(record) if record else None
    return AssetRow(
        key=spec.key.to_user_string(),
        group=spec.group_name or "",
        description=(spec.description or "").split("\n")[0],
        latest=latest,
        differing=_differing(setup, latest.files) if latest and look_at_disk else (),
    )


def _materialization(record: dg.EventLogRecord) -> Materialization:
    made = record.asset_materialization
    values = {name: value.value for name, value in made.metadata.items()}
    files = values.pop(FILES, {})
    tags = made.tags or {}
    return Materialization(
        storage_id=record.storage_id,
        version=tags.get(DATA_VERSION_TAG, ""),
        run_id=record.run_id,
        timestamp=record.timestamp,
        files=files,
        metadata=values,
        inputs={
            name.removeprefix(INPUT_VERSION_PREFIX): version
            for name, version in tags.items()
            if name.startswith(INPUT_VERSION_PREFIX)
        },
    )


def _differing(setup: Setup, files: Mapping[str, Mapping]) -> tuple[str, ...]:
    now = observe(setup, files, deep=False)
    return tuple(
        f"{path} is missing" if path not in now else f"{path} is not as recorded"
        for path, facts in sorted(files.items())
        if now.get(path) != facts["sha256"]
    )


def _check_row(
    instance: dg.DagsterInstance,
    setup: Setup,
    spec: dg.AssetCheckSpec,
    newest: AssetCheckExecutionRecord | None,
    asset: AssetRow,
    failed_steps: Callable[[str], Collection[str]],
) -> CheckRow:
    step, root = checks_step(spec.asset_key), str(setup.store.root)
    evaluated = elsewhere = crashed = None
    for record in _since(instance, spec.key, newest):
        if not record.run_id:
            continue  # posted
        if record.status not in EVALUATED:
            # Planned: by a run that broke in the check's own step, or never came to it.
            crashed = crashed or (record.run_id if step in failed_steps(record.run_id) else None)
        elif root_of(record) == root:
            evaluated = record
            break
        else:
            elsewhere = elsewhere or record
    counts = evaluated or elsewhere
    return CheckRow(
        asset=asset.key,
        name=spec.name,
        says=spec.description or "",
        deep=spec.metadata.get(DEEP_TAG) == EVERY_BYTE,
        latest=_evaluation(instance, counts, asset) if counts else None,
        crashed_in=crashed,
    )


def _since(
    instance: dg.DagsterInstance, key: dg.AssetCheckKey, newest: AssetCheckExecutionRecord | None
) -> Iterator[AssetCheckExecutionRecord]:
    """The records of a check, newest first; those before the newest are asked for when needed.

    After a failed phase1 they are needed for every check: few at first, since reading 25 for each
    of 300 took seconds.
    """
    if newest is None:
        return
    yield newest
    yield from check_history(instance, key, cursor=newest.id)


def _failed_steps(instance: dg.DagsterInstance) -> Callable[[str], Collection[str]]:
    """The steps of a run that failed, looked up once a run: it reads all events of the run."""

    @cache
    def failed_steps(run_id: str) -> Collection[str]:
        return {
            stats.step_key
            for stats in instance.get_run_step_stats(run_id)
            if stats.status == StepEventStatus.FAILURE
        }

    return failed_steps


def _evaluation(
    instance: dg.DagsterInstance, record: AssetCheckExecutionRecord, asset: AssetRow
) -> Evaluation:
    result = record.event.dagster_event.asset_check_evaluation_data
    values = {name: _plain(value) for name, value in result.metadata.items()}
    target = result.target_materialization_data
    if target is None:
        version = None
    elif asset.latest and target.storage_id == asset.latest.storage_id:
        version = asset.latest.version
    else:
        version = _version_of(instance, result.asset_key, target.storage_id)
    return Evaluation(
        passed=result.passed,
        warns=result.severity == dg.AssetCheckSeverity.WARN,
        summary=result.description or "",
        content=values.pop(CONTENT, None),
        storage_root=values.pop(STORAGE_ROOT, None),
        target=target.storage_id if target else None,
        target_version=version,
        run_id=record.run_id,
        timestamp=record.event.timestamp,
        evidence=values,
    )


def _plain(value: dg.MetadataValue) -> Any:
    """A metadata value as JSON data; a table as its rows."""
    if isinstance(value, dg.TableMetadataValue):
        return [dict(record.data) for record in value.records]
    return value.value


def _version_of(instance: dg.DagsterInstance, key: dg.AssetKey, storage_id: int) -> str | None:
    """The data version of one materialization, found by its storage id."""
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=key, storage_ids=[storage_id]), limit=1
    ).records
    made = records[0].asset_materialization if records else None
    return (made.tags or {}).get(DATA_VERSION_TAG) if made else None
