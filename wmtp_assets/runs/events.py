"""What came of a run, from its events: as they come, in a result, or in the record."""

import re

import dagster as dg

from wmtp_assets.markup import without_links
from wmtp_assets.runs.stopped import RunProgress

# Dagster's own job for assets that were selected by hand.
HAND_SELECTED = "__"
# An error that only wraps what happened.
WRAPPERS = {"DagsterExecutionStepExecutionError"}
# A step that failed by its checks: they are reasons of their own.
CHECK_FAILED = {"DagsterAssetCheckFailedError"}
# The text of an error of ours is enough for a person, without the name of its class.
OUR_ERROR = re.compile(r"^wmtp_assets(\.\w+)+: ")
INTERRUPTS = (KeyboardInterrupt, dg.DagsterExecutionInterruptedError)
STEP_ENDS = {
    dg.DagsterEventType.STEP_SUCCESS,
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.STEP_UP_FOR_RETRY,
}
STOP_REQUESTED = "UNEXPECTED_TERMINATION"


def recorded_progress(instance: dg.DagsterInstance, run: dg.DagsterRun) -> RunProgress:
    """What came of a run, as far as the record knows."""
    assets: set[str] = set()
    checks: dict[str, set[str]] = {}
    happened = []
    for entry in instance.all_logs(run.run_id):
        event = entry.dagster_event
        if event is None:
            continue
        kind = event.event_type
        if kind == dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED:
            assets.add(_asset_of(event))
        elif kind == dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED:
            check = event.asset_check_planned_data
            checks.setdefault(check.asset_key.to_user_string(), set()).add(check.check_name)
        else:
            happened.append(event)
    progress = RunProgress(
        job=_job_of(run),
        assets=frozenset(assets),
        checks={asset: frozenset(names) for asset, names in checks.items()},
        config=run.run_config,
    )
    for event in happened:
        note_event(progress, event)
    return progress


def _asset_of(event: dg.DagsterEvent) -> str:
    assert event.asset_key is not None, event.event_type
    return event.asset_key.to_user_string()


def _job_of(run: dg.DagsterRun) -> str | None:
    return None if run.job_name.startswith(HAND_SELECTED) else run.job_name


def planned_progress(job: dg.JobDefinition, run: dg.DagsterRun) -> RunProgress:
    """What a run is to do."""
    graph = job.asset_layer.asset_graph
    checks: dict[str, set[str]] = {}
    for key in graph.asset_check_keys:
        checks.setdefault(key.asset_key.to_user_string(), set()).add(key.name)
    made = graph.materializable_asset_keys & set(job.asset_layer.selected_asset_keys)
    return RunProgress(
        job=_job_of(run),
        assets=frozenset(key.to_user_string() for key in made),
        checks={asset: frozenset(names) for asset, names in checks.items()},
        config=run.run_config,
    )


def progress_of(job: dg.JobDefinition, result: dg.ExecuteInProcessResult) -> RunProgress:
    """What came of a run that has ended."""
    progress = planned_progress(job, result.dagster_run)
    for event in result.all_events:
        note_event(progress, event)
    return progress


def note_event(progress: RunProgress, event: dg.DagsterEvent) -> None:
    """Take one event of a run into account."""
    kind, step = event.event_type, event.step_key or ""
    if kind == dg.DagsterEventType.STEP_START:
        progress.running.add(step)
    elif kind in STEP_ENDS:
        progress.running.discard(step)
    if kind == dg.DagsterEventType.ASSET_MATERIALIZATION:
        progress.made.add(_asset_of(event))
    elif kind == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        check = event.asset_check_evaluation_data
        warns = check.severity == dg.AssetCheckSeverity.WARN
        failed = None if check.passed or warns else without_links(check.description or "")
        asset = check.asset_key.to_user_string()
        progress.check(asset, check.check_name, failed, warns=warns and not check.passed)
    elif kind == dg.DagsterEventType.STEP_FAILURE:
        error = event.step_failure_data.error
        while error is not None and error.cls_name in WRAPPERS and error.cause:
            error = error.cause
        if error is not None and error.cls_name in {kind.__name__ for kind in INTERRUPTS}:
            progress.interrupted = True
        elif error is None or error.cls_name not in CHECK_FAILED:
            message = error.message.strip() if error else "no error was recorded"
            progress.failure(step.replace("__", "/"), OUR_ERROR.sub("", message))
    elif kind == dg.DagsterEventType.RUN_FAILURE:
        reason = event.job_failure_data.failure_reason
        progress.interrupted |= reason is not None and reason.value == STOP_REQUESTED
