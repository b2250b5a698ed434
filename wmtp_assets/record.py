"""How a materialization enters the Dagster record, and how what runs recorded is found again.

Glue that all rooms share. The content digest over all files, without the dates in them
(content_version.py), is the data version: an asset that is made again with the same content leaves
everything downstream fresh. The methods of `instance.event_log_storage` are not marked public;
test_upstream.py pins them.
"""

import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecord,
    AssetCheckExecutionRecordStatus,
)

from wmtp_assets.catalog import Repo
from wmtp_assets.content_version import content_version
from wmtp_assets.deployment import Deployment
from wmtp_assets.files.file_io import StoredFile
from wmtp_assets.page_order import in_order
from wmtp_assets.storage_history import Move, StorageHistory, history_of
from wmtp_assets.store import Store

FILES = "files"
CONTENT = "content_sha256"
STORAGE_ROOT = "storage_root"
# The observation of a move (moving/) has it, on the asset that is the storage itself.
MOVED_FROM = "moved_from"
MOVES_KEY = dg.AssetKey("storage_layout")
# The tag of a run that names the storage root.
ROOT_TAG = "wmtp/storage_root"
SIZE_BYTES = "size_bytes"
DURATION_SECONDS = "duration_seconds"
RATE_MB_PER_SECOND = "rate_mb_per_second"
# What Dagster knows the versions of an asset and of its inputs by.
DATA_VERSION_TAG = "dagster/data_version"
INPUT_VERSION_TAG = "dagster/input_data_version"
SUCCEEDED = AssetCheckExecutionRecordStatus.SUCCEEDED
FAILED = AssetCheckExecutionRecordStatus.FAILED
EVALUATED = {SUCCEEDED, FAILED}
# Records of a further query; the first one asks for the newest record alone.
PAGE = 50
# Records of a check: of the first query of its history, and of each further one.
FEW, MANY = 2, 100


def materialized(
    deployment: Deployment,
    home: Path,
    files: Iterable[StoredFile],
    *,
    repo: Repo | None = None,
    commit: str | None = None,
    started: float | None = None,
    work_bytes: int | None = None,
    content: str | None = None,
    **metadata: Any,
) -> dg.MaterializeResult:
    """Describe a finished asset.

    Args:
        home: The folder (or file) that a person opens to look at the artifact.
        files: All files of the asset, with the digests of the bytes as written.
        repo: The repository that it comes from; the commit has to come with it.
        started: time.monotonic() at the start of long work; adds duration and rate.
        work_bytes: Bytes that the long work read or fetched, for the rate.
        content: Another data version than that of the files (documents have one).
    """
    files = sorted(files, key=lambda f: f.path)
    digests = {deployment.store.relative(f.path): f.sha256 for f in files}
    content = content or content_version(digests, deployment.store.locate)
    total = sum(f.size_bytes for f in files)
    facts: dict[str, Any] = {
        "dagster/uri": home.as_uri(),
        STORAGE_ROOT: str(deployment.store.root),
        "source": deployment.source.name,
        SIZE_BYTES: total,
        CONTENT: content,
    }
    if repo is not None:
        if commit is None:
            raise TypeError(f"the commit of {repo.id} is missing; a branch names no content")
        facts |= {"repo": dg.MetadataValue.url(repo.url), "revision": commit}
    if started is not None:
        seconds = time.monotonic() - started
        facts[DURATION_SECONDS] = round(seconds, 3)
        facts[RATE_MB_PER_SECOND] = round((work_bytes or total) / 1e6 / max(seconds, 1e-6), 1)
    listing = {deployment.store.relative(f.path): file_facts(f) for f in files}
    return dg.MaterializeResult(
        metadata=in_order(
            {**facts, **as_metadata(metadata), FILES: dg.MetadataValue.json(listing)}
        ),
        data_version=dg.DataVersion(content),
    )


def file_facts(file: StoredFile) -> dict[str, Any]:
    """Size, digest and modification time (ns), by which a quick check knows the file again."""
    return {
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "mtime_ns": file.path.stat().st_mtime_ns,
    }


def as_metadata(values: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers and strings stay (Dagster plots numbers over time); structures become JSON."""
    return {key: _as_metadata(value) for key, value in values.items()}


def _as_metadata(value: Any) -> Any:
    # A MetadataValue is a tuple itself, hence asked for first.
    if isinstance(value, dg.MetadataValue) or not isinstance(value, Mapping | list | tuple):
        return value
    return dg.MetadataValue.json(dict(value) if isinstance(value, Mapping) else list(value))


def recorded_metadata(
    instance: dg.DagsterInstance, key: dg.AssetKey, store: Store
) -> dict[str, Any] | None:
    """The metadata values of the latest materialization by a run on this storage, None if none."""
    record = latest_on(instance, key, storage_history(instance, store))
    if record is None:
        return None
    return values_of(made_of(record))


def made_of(record: dg.EventLogRecord) -> dg.AssetMaterialization:
    """What a record of a materialization holds."""
    assert record.asset_materialization is not None, record.event_type
    return record.asset_materialization


def seen_in(record: dg.EventLogRecord) -> dg.AssetObservation:
    """What a record of an observation holds."""
    assert record.asset_observation is not None, record.event_type
    return record.asset_observation


def event_of(record: AssetCheckExecutionRecord) -> dg.EventLogEntry:
    """The event of a record of a check; only Dagster before planned events stored none."""
    assert record.event is not None, record.status
    return record.event


def result_of(record: AssetCheckExecutionRecord) -> dg.AssetCheckEvaluation:
    """What a record of an evaluated check holds."""
    event = event_of(record).dagster_event
    assert event is not None, record.status
    return event.asset_check_evaluation_data


def values_of(
    event: dg.AssetMaterialization | dg.AssetObservation | dg.AssetCheckEvaluation,
) -> dict[str, Any]:
    """The metadata of a recorded event as plain values."""
    return {name: value.value for name, value in event.metadata.items()}


def storage_history(instance: dg.DagsterInstance, store: Store) -> StorageHistory:
    """Where this storage has been, by the runs of job record_move; posted moves are ignored."""
    moves = []
    for record in seen_by_runs(instance, MOVES_KEY):
        facts = values_of(seen_in(record))
        if MOVED_FROM in facts:
            moves.append(Move(facts[MOVED_FROM], facts[STORAGE_ROOT], record.timestamp))
    return history_of(str(store.root), moves)


def latest_on(
    instance: dg.DagsterInstance, key: dg.AssetKey, here: StorageHistory
) -> dg.EventLogRecord | None:
    """The latest materialization that a run made on this storage."""
    return next(made_on(instance, key, here), None)


def made_by_runs(instance: dg.DagsterInstance, key: dg.AssetKey) -> Iterator[dg.EventLogRecord]:
    """The materializations that runs made, newest first.

    One that was posted to the webserver, which has no login, is nothing; however many there are,
    they hide none of a run's.
    """
    return _by_runs(instance.fetch_materializations, key)


def made_on(
    instance: dg.DagsterInstance, key: dg.AssetKey, here: StorageHistory
) -> Iterator[dg.EventLogRecord]:
    """The same, of those about this storage: others may be on the same record."""
    return (record for record in made_by_runs(instance, key) if is_made_on(record, here))


def is_made_on(record: dg.EventLogRecord, here: StorageHistory) -> bool:
    """Whether a run made it on this storage."""
    return bool(record.run_id) and here.covers(made_root_of(record), record.timestamp)


def made_root_of(record: dg.EventLogRecord) -> str | None:
    """The storage root that a materialization is about."""
    return _root_in(made_of(record))


def seen_by_runs(instance: dg.DagsterInstance, key: dg.AssetKey) -> Iterator[dg.EventLogRecord]:
    """The observations that runs made, newest first; a posted one is nothing."""
    return _by_runs(instance.fetch_observations, key)


def _by_runs(
    fetch: Callable[..., dg.EventRecordsResult], key: dg.AssetKey
) -> Iterator[dg.EventLogRecord]:
    cursor, more, limit = None, True, 1
    while more:
        page = fetch(key, limit=limit, cursor=cursor)
        yield from (record for record in page.records if record.run_id)
        cursor, more, limit = page.cursor, page.has_more, PAGE


def check_history(
    instance: dg.DagsterInstance, key: dg.AssetCheckKey, *, cursor: int | None = None, status=None
) -> Iterator[AssetCheckExecutionRecord]:
    """All records of a check, newest first: whatever was posted since hides none of them."""
    limit = FEW
    while True:
        page = instance.event_log_storage.get_asset_check_execution_history(
            key, limit, cursor=cursor, status=status
        )
        yield from page
        if len(page) < limit:
            return
        cursor, limit = page[-1].id, MANY


def observable(spec: dg.AssetSpec, look: Callable[..., Any]) -> dg.AssetsDefinition:
    """An asset that nothing in the graph makes, and that a run can look at.

    Where a selection (`+` downstream, an owner) holds an asset that cannot run at all, Dagster
    refuses the whole run. `'*'` takes what can be made, hence none of these.

    Args:
        look: Yields one `ObserveResult`; takes the context and resources as an asset does.
    """
    with warnings.catch_warnings():
        # Beta in Dagster 1.13, and said so on every start; test_watch.py pins what it must do.
        warnings.simplefilter("ignore", dg.BetaWarning)
        declare = dg.multi_observable_source_asset(name="__".join(spec.key.path), specs=[spec])
        return declare(look)


def results_on(
    instance: dg.DagsterInstance, key: dg.AssetCheckKey, here: StorageHistory, status=EVALUATED
) -> Iterator[AssetCheckExecutionRecord]:
    """The results of a check that runs recorded for this storage, newest first."""
    for record in check_history(instance, key, status=status):
        if record.run_id and is_result_on(record, here):
            yield record


def is_result_on(record: AssetCheckExecutionRecord, here: StorageHistory) -> bool:
    """Whether a result is about this storage."""
    return here.covers(root_of(record), event_of(record).timestamp)


def root_of(record: AssetCheckExecutionRecord) -> str | None:
    """The storage root that a result is about."""
    return _root_in(result_of(record))


def root_of_run(instance: dg.DagsterInstance, run_id: str) -> str | None:
    """The storage root of a run, by the first thing that it made or judged; None if nothing."""
    kinds = {dg.DagsterEventType.ASSET_MATERIALIZATION, dg.DagsterEventType.ASSET_CHECK_EVALUATION}
    for record in instance.get_records_for_run(run_id, of_type=kinds, limit=PAGE).records:
        event = record.event_log_entry.get_dagster_event()
        made = event.is_step_materialization
        root = _root_in(event.materialization if made else event.asset_check_evaluation_data)
        if root is not None:
            return root
    return None


def _root_in(event: Any) -> str | None:
    stated = event.metadata.get(STORAGE_ROOT)
    return stated.value if stated else None
