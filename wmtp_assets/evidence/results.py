"""Reads what the Dagster record has of one check into the rows of judge.py."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain

import dagster as dg
from dagster._core.execution.stats import StepEventStatus
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecord

from wmtp_assets.checking.asset_checks import (
    DEEP_TAG,
    EVERY_BYTE,
    checks_step,
    recorded_finding,
)
from wmtp_assets.evidence.judge import AssetRow, CheckRow, Evaluation
from wmtp_assets.record import (
    CONTENT,
    DATA_VERSION_TAG,
    EVALUATED,
    STORAGE_ROOT,
    check_history,
    event_of,
    is_made_on,
    is_result_on,
    made_of,
    result_of,
    root_of_run,
    values_of,
)
from wmtp_assets.storage_history import StorageHistory


@dataclass(frozen=True)
class RecordHistory:
    """What lies further back in the record of one storage; each thing is looked up once."""

    instance: dg.DagsterInstance
    here: StorageHistory

    def since(
        self, key: dg.AssetCheckKey, newest: AssetCheckExecutionRecord | None
    ) -> Iterator[AssetCheckExecutionRecord]:
        """The records of a check by runs, newest first; those before the newest when needed.

        After a failed phase1 they are needed for every check: few at first, since reading 25 for
        each of 300 took seconds.
        """
        if newest is None:
            return
        history = check_history(self.instance, key, cursor=newest.id)
        yield from (record for record in chain([newest], history) if record.run_id)

    @cached_property
    def failed_steps(self) -> Callable[[str], Collection[str]]:
        """The steps of a run on this storage that failed: it reads all events of the run.

        A run that recorded nothing may have been on this storage: it counts.
        """

        @cache
        def failed_steps(run_id: str) -> Collection[str]:
            steps = {
                stats.step_key
                for stats in self.instance.get_run_step_stats(run_id)
                if stats.status == StepEventStatus.FAILURE
            }
            run = self.instance.get_run_record_by_id(run_id) if steps else None
            root = root_of_run(self.instance, run_id) if run else None
            at = run.create_timestamp.timestamp() if run else 0
            return steps if root is None or self.here.covers(root, at) else ()

        return failed_steps

    @cached_property
    def made(self) -> Callable[[dg.AssetKey, int], dg.EventLogRecord | None]:
        """A materialization by its storage id."""

        @cache
        def made(key: dg.AssetKey, storage_id: int) -> dg.EventLogRecord | None:
            wanted = dg.AssetRecordsFilter(asset_key=key, storage_ids=[storage_id])
            return next(iter(self.instance.fetch_materializations(wanted, limit=1).records), None)

        return made


def check_row(
    past: RecordHistory,
    spec: dg.AssetCheckSpec,
    newest: AssetCheckExecutionRecord | None,
    asset: AssetRow,
) -> CheckRow:
    step = checks_step(spec.asset_key)
    evaluated = elsewhere = crashed = None
    for record in past.since(spec.key, newest):
        if record.status not in EVALUATED:
            # Planned: by a run that broke in the check's own step, or never came to it.
            failed = not crashed and step in past.failed_steps(record.run_id)
            crashed = record.run_id if failed else crashed
        elif is_result_on(record, past.here):
            evaluated = record
            break
        else:
            elsewhere = elsewhere or record
    counts = evaluated or elsewhere
    return CheckRow(
        asset=asset.key,
        name=spec.name,
        deep=spec.metadata.get(DEEP_TAG) == EVERY_BYTE,
        latest=_evaluation(past, counts, asset, on_root=bool(evaluated)) if counts else None,
        crashed_in=crashed,
    )


def _evaluation(
    past: RecordHistory, record: AssetCheckExecutionRecord, asset: AssetRow, *, on_root: bool
) -> Evaluation:
    result = result_of(record)
    facts = values_of(result)
    stated, content = facts.get(STORAGE_ROOT), facts.get(CONTENT)
    summary, evidence = recorded_finding(result)
    target, version = _target(past, record, asset, content)
    return Evaluation(
        passed=result.passed,
        warns=result.severity == dg.AssetCheckSeverity.WARN,
        summary=summary,
        content=content,
        storage_root=past.here.root if on_root else stated,
        target=target,
        target_version=version,
        run_id=record.run_id,
        timestamp=event_of(record).timestamp,
        evidence=evidence,
    )


def _target(
    past: RecordHistory, record: AssetCheckExecutionRecord, asset: AssetRow, content: str | None
) -> tuple[int | None, str | None]:
    """Storage id and version of the materialization that a result is about.

    Dagster notes the newest one of the record. Where that was posted or is of another storage, the
    check compared with the newest by a run here, or, if that is made again since, with its content.
    """
    result = result_of(record)
    noted, latest = result.target_materialization_data, asset.latest
    if latest and noted and noted.storage_id == latest.storage_id:
        return latest.storage_id, latest.version
    made = past.made(result.asset_key, noted.storage_id) if noted else None
    if made is not None and is_made_on(made, past.here):
        return made.storage_id, (made_of(made).tags or {}).get(DATA_VERSION_TAG)
    if latest and made is not None and latest.timestamp <= event_of(record).timestamp:
        return latest.storage_id, latest.version
    return None, content if made is not None else None
