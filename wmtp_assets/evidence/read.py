"""Reads the Dagster record into the rows of judge.py."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import dagster as dg

from wmtp_assets.checking.digests import UNREADABLE, Digests
from wmtp_assets.deployment import Deployment
from wmtp_assets.evidence.judge import (
    AssetRow,
    Evidence,
    Materialization,
    judge,
    with_outdated,
)
from wmtp_assets.evidence.results import RecordHistory, check_row
from wmtp_assets.record import (
    DATA_VERSION_TAG,
    FILES,
    INPUT_VERSION_TAG,
    is_made_on,
    latest_on,
    made_of,
    made_root_of,
    storage_history,
    values_of,
)
from wmtp_assets.storage_history import StorageHistory

INPUT_VERSION_PREFIX = f"{INPUT_VERSION_TAG}/"


@dataclass(frozen=True)
class Declared:
    """What the graph declares; the Dagster resource `declared` of the documents."""

    assets: tuple[dg.AssetSpec, ...]
    checks: tuple[dg.AssetCheckSpec, ...]


def read_evidence(
    instance: dg.DagsterInstance,
    declared: Declared,
    deployment: Deployment,
    *,
    look_at_disk: bool = True,
) -> Evidence:
    """Read and judge everything the record says of one storage.

    Args:
        look_at_disk: Whether to compare the files with the record, by size and modification time;
            a file whose time differs is read.
    """
    specs = declared.assets
    here = storage_history(instance, deployment.store)
    # Three queries for the whole graph; a query for each check took 3 ms x 300.
    newest_made = {
        record.asset_entry.asset_key: record.asset_entry.last_materialization_record
        for record in instance.get_asset_records([spec.key for spec in specs])
    }
    made = {
        key: record if is_made_on(record, here) else latest_on(instance, key, here)
        for key, record in newest_made.items()
        if record is not None
    }
    rows = (
        _asset_row(
            deployment, here, spec, made.get(spec.key), newest_made.get(spec.key), look_at_disk
        )
        for spec in sorted(specs, key=lambda spec: tuple(spec.key.path))
    )
    assets = {row.key: row for row in with_outdated(rows)}
    check_specs = sorted(
        (c for c in declared.checks if c.asset_key.to_user_string() in assets),
        key=lambda c: (c.asset_key.path, c.name),
    )
    newest = instance.event_log_storage.get_latest_asset_check_execution_by_key(
        [spec.key for spec in check_specs]
    )
    past = RecordHistory(instance, here)
    judged = []
    for spec in check_specs:
        asset = assets[spec.asset_key.to_user_string()]
        row = check_row(past, spec, newest.get(spec.key), asset)
        judged.append(judge(row, asset, here.root))
    return Evidence(
        storage_root=here.root,
        source=deployment.source.name,
        catalog=deployment.catalog.name,
        assets=tuple(assets.values()),
        checks=tuple(judged),
    )


def recorded_assets(
    instance: dg.DagsterInstance, declared: Declared, here: StorageHistory
) -> tuple[AssetRow, ...]:
    """What runs made on one storage, undeclared assets too; no disk is looked at."""
    specs = {spec.key: spec for spec in declared.assets}
    keys = sorted({*specs, *instance.get_asset_keys()}, key=lambda key: tuple(key.path))
    found = ((key, latest_on(instance, key, here)) for key in keys)
    rows = [_described(specs.get(key) or dg.AssetSpec(key), made) for key, made in found if made]
    # Decisions and backups are materializations without a list of files.
    return tuple(row for row in rows if isinstance(row.made.files, Mapping) and row.made.files)


def recorded_roots(
    instance: dg.DagsterInstance, declared: Declared, here: StorageHistory
) -> list[str]:
    """The present roots of the storages that the newest materializations are about."""
    found = {
        _root_now(record.asset_entry.last_materialization_record, here)
        for record in instance.get_asset_records([spec.key for spec in declared.assets])
        if record.asset_entry.last_materialization_record
    }
    return sorted(root for root in found if root)


def _asset_row(
    deployment: Deployment,
    here: StorageHistory,
    spec: dg.AssetSpec,
    record: dg.EventLogRecord | None,
    newest: dg.EventLogRecord | None,
    look_at_disk: bool,
) -> AssetRow:
    of_another = newest if record is None and newest and newest.run_id else None
    row = _described(spec, record)
    return replace(
        row,
        differing=_differing(deployment, row.made.files) if record and look_at_disk else (),
        elsewhere=_root_now(of_another, here) if of_another else None,
        touched=_touched(deployment, row.made.files) if record and look_at_disk else 0.0,
    )


def _root_now(record: dg.EventLogRecord, here: StorageHistory) -> str | None:
    stated = made_root_of(record)
    return stated and here.current_root_of(stated, record.timestamp)


def _described(spec: dg.AssetSpec, record: dg.EventLogRecord | None) -> AssetRow:
    return AssetRow(
        key=spec.key.to_user_string(),
        group=spec.group_name or "",
        description=(spec.description or "").split("\n")[0],
        latest=_materialization(record) if record else None,
    )


def _materialization(record: dg.EventLogRecord) -> Materialization:
    made = made_of(record)
    values = values_of(made)
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


def _differing(deployment: Deployment, files: Mapping[str, Mapping]) -> tuple[str, ...]:
    now = Digests(deployment.store, files, deep=False)
    return tuple(
        f"{path} is {_unlike(now.get(path))}"
        for path, facts in sorted(files.items())
        if now.get(path) != facts["sha256"]
    )


def _unlike(found: str | None) -> str:
    """How a file differs, by what `Digests` has in the place of its digest."""
    if found is None:
        return "missing"
    return found if found.startswith(UNREADABLE) else "not as recorded"


def _touched(deployment: Deployment, files: Iterable[str]) -> float:
    paths = [path for path in map(deployment.store.locate, files) if path.is_file()]
    return max((path.stat().st_ctime for path in paths), default=0.0)
