"""How the runs of this project run: marked with their storage; what stops one is told at its end.

An executor is the one place that every run passes, of a job or of selected assets, started in the
page or by a script; `execute_in_process` has an executor of its own, and `run_here` does the same.
A run begins with a look at those before it: whose process is gone ends as failed.
"""

import atexit
import multiprocessing
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.utils import make_new_run_id

from wmtp_assets.alive import alive, find_dead
from wmtp_assets.printable import say
from wmtp_assets.record import ROOT_TAG
from wmtp_assets.sqlite_record import alone, mend
from wmtp_assets.stopped import MODULE, RunProgress, go_on, stop_lines

# Where the page looks for the runs of a job. Dagster puts it on the runs that its own processes
# start, not on those of `dagster job execute` (dagster 17707).
REPOSITORY_TAG, REPOSITORY = ".dagster/repository", f"__repository__@{MODULE}"
# Dagster's own job for assets that were selected by hand.
HAND_SELECTED = "__"
# Errors that only wrap what happened, and the one whose checks are told already.
WRAPPERS = {"DagsterExecutionStepExecutionError"}
# An error of ours says all in its text; the name of its class tells a person nothing.
OUR_ERROR = re.compile(r"^wmtp_assets(\.\w+)+: ")
CHECK_FAILED = {"DagsterAssetCheckFailedError"}
INTERRUPTS = (KeyboardInterrupt, dg.DagsterExecutionInterruptedError)
TOLD_TO_STOP = "UNEXPECTED_TERMINATION"


class ReportingExecutor(dg.Executor):
    """Another executor, whose run is marked and whose stop is told."""

    def __init__(self, inner: dg.Executor, storage_root: str):
        self.inner = inner
        self.storage_root = storage_root

    @property
    def retries(self):
        return self.inner.retries

    @property
    def step_dependency_config(self):
        return self.inner.step_dependency_config

    def execute(self, plan_context, execution_plan) -> Iterator[dg.DagsterEvent]:
        run = plan_context.dagster_run
        tags = run_tags(self.storage_root)
        if run.remote_job_origin:
            # Started by the page, which has marked it, under whatever name it loads this code.
            del tags[REPOSITORY_TAG]
        plan_context.instance.add_run_tags(run.run_id, tags)
        # Where no dagster.yaml guards it, commands that began at once have broken it by now.
        home = Path(plan_context.instance.root_directory)
        with alone(home):
            mend(home)
        for line in end_dead_runs(plan_context.instance):
            plan_context.log.warning(line)
        progress = planned(plan_context.job.get_definition(), run)
        try:
            with alive(plan_context.instance, run.run_id):
                for event in self.inner.execute(plan_context, execution_plan):
                    note(progress, event)
                    yield event
        except GeneratorExit:
            raise
        except BaseException as error:
            if isinstance(error, INTERRUPTS):
                progress.interrupted = True
            else:
                progress.failure("the run", f"{type(error).__name__}: {error}")
            raise
        finally:
            lines = [*stop_lines(progress, go_on(progress, dagster_command()))]
            if lines and multiprocessing.parent_process() is None:
                # After the traceback that Dagster prints of a failed run.
                atexit.register(_say_at_the_end, "\n".join(lines))
            elif lines:
                plan_context.log.error("\n".join(lines))


def _say_at_the_end(text: str) -> None:
    say(*text.split("\n"), file=sys.stderr)


def run_tags(storage_root: str) -> dict[str, str]:
    """What a run of a script carries: its storage, and what the page groups it by."""
    return {ROOT_TAG: storage_root, REPOSITORY_TAG: REPOSITORY}


def run_here(
    job: dg.JobDefinition, instance: dg.DagsterInstance, storage_root: str, **options: Any
) -> dg.ExecuteInProcessResult:
    """Run a job in this process, with what its executor would do.

    Args:
        options: Of `execute_in_process`.
    """
    for line in end_dead_runs(instance):
        say(line, file=sys.stderr)
    run_id = make_new_run_id()
    with alive(instance, run_id):
        return job.execute_in_process(
            instance=instance, run_id=run_id, tags=run_tags(storage_root), **options
        )


def end_dead_runs(instance: dg.DagsterInstance, heard: dict[str, Any] | None = None) -> list[str]:
    """End the runs whose process is gone as failed, with that reason; one line for each.

    Args:
        heard: As `find_dead` takes it.
    """
    told = []
    for run, reason in find_dead(instance, heard):
        progress = recorded(instance, run)
        progress.reasons.append(reason)
        lines = stop_lines(progress, go_on(progress, dagster_command()))
        rest = [line for line in lines if not line.endswith(reason)]
        instance.report_run_failed(run, "\n".join([reason, *rest]))
        what = f"job {progress.job}" if progress.job else "selected assets"
        told.append(f"run {run.run_id} ({what}) is ended as failed: {reason}; {rest[-1]}")
    return told


def recorded(instance: dg.DagsterInstance, run: dg.DagsterRun) -> RunProgress:
    """What the record knows of a run whose process is gone."""
    assets: set[str] = set()
    checks: dict[str, set[str]] = {}
    happened = []
    for entry in instance.all_logs(run.run_id):
        event = entry.dagster_event
        kind = event.event_type if event else None
        if kind == dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED:
            assets.add(event.asset_key.to_user_string())
        elif kind == dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED:
            check = event.asset_check_planned_data
            checks.setdefault(check.asset_key.to_user_string(), set()).add(check.check_name)
        elif event:
            happened.append(event)
    progress = RunProgress(
        job=_job_of(run),
        assets=frozenset(assets),
        checks={asset: frozenset(names) for asset, names in checks.items()},
        config=run.run_config,
    )
    for event in happened:
        note(progress, event)
    return progress


def _job_of(run: dg.DagsterRun) -> str | None:
    return None if run.job_name.startswith(HAND_SELECTED) else run.job_name


def planned(job: dg.JobDefinition, run: dg.DagsterRun) -> RunProgress:
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
    progress = planned(job, result.dagster_run)
    for event in result.all_events:
        note(progress, event)
    return progress


def note(progress: RunProgress, event: dg.DagsterEvent) -> None:
    """Take one event of a run into account."""
    kind = event.event_type
    if kind == dg.DagsterEventType.ASSET_MATERIALIZATION:
        progress.made.add(event.asset_key.to_user_string())
    elif kind == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        check = event.asset_check_evaluation_data
        failed = not check.passed and check.severity == dg.AssetCheckSeverity.ERROR
        asset = check.asset_key.to_user_string()
        progress.check(asset, check.check_name, (check.description or "") if failed else None)
    elif kind == dg.DagsterEventType.STEP_FAILURE:
        error = event.step_failure_data.error
        while error is not None and error.cls_name in WRAPPERS and error.cause:
            error = error.cause
        if error is not None and error.cls_name in {kind.__name__ for kind in INTERRUPTS}:
            progress.interrupted = True
        elif error is None or error.cls_name not in CHECK_FAILED:
            told = error.message.strip() if error else "no error was recorded"
            told = OUR_ERROR.sub("", told)
            progress.failure(event.step_key.replace("__", "/"), told)
    elif kind == dg.DagsterEventType.RUN_FAILURE:
        reason = event.job_failure_data.failure_reason
        progress.interrupted |= reason is not None and reason.value == TOLD_TO_STOP


def dagster_command() -> str:
    """How `dagster` of this environment is called from the working folder."""
    program = Path(sys.executable).parent / "dagster"
    here = Path.cwd()
    return str(program.relative_to(here) if program.is_relative_to(here) else program)


def reporting_executor(default: dict, storage_root: str) -> dg.ExecutorDefinition:
    """Dagster's own executor with another default, which run config can still override, told.

    Args:
        default: The run config of the executor.
    """
    inner = dg.multi_or_in_process_executor

    @dg.executor(
        name=inner.name,
        config_schema=inner.config_schema,
        requirements=lambda config: (
            dg.multiple_process_executor_requirements() if "multiprocess" in config else []
        ),
    )
    def told(context: dg.InitExecutorContext) -> dg.Executor:
        return ReportingExecutor(inner.executor_creation_fn(context), storage_root)

    choice = dg.Field(dg.Permissive(), is_required=False)
    schema = dg.Selector({"in_process": choice, "multiprocess": choice})

    @dg.configured(told, config_schema=dg.Field(schema, default_value=default))
    def executor(config):
        return config

    return executor
