"""How the runs of this project run: each marked with its storage; one that stops ends with why.

Every run passes its executor, whether of a job or of selected assets, from the page or a script.
`execute_in_process` has an executor of its own, so `run_here` does the same around it. Each run
first ends, as failed, the earlier ones whose process is gone.
"""

import atexit
import contextlib
import faulthandler
import multiprocessing
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import dagster as dg
from dagster._config import process_config
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME
from dagster._core.utils import make_new_run_id

from wmtp_assets.errors import BadInput
from wmtp_assets.printable import say
from wmtp_assets.record import ROOT_TAG
from wmtp_assets.runs.events import INTERRUPTS, note_event, planned_progress, recorded_progress
from wmtp_assets.runs.heartbeat import find_dead, heartbeat
from wmtp_assets.runs.stopped import INTERRUPTED, MODULE, end_line, resume_command, stop_lines
from wmtp_assets.sqlite_record import mend, record_lock

# Where the page looks for the runs of a job. Dagster puts it on the runs that its own processes
# start, not on those of `dagster job execute` (dagster 17707).
REPOSITORY_TAG, REPOSITORY = ".dagster/repository", f"__repository__@{MODULE}"

# By number: the log of a step takes its place for as long as the step runs.
STDERR = 2


class ReportingExecutor(dg.Executor):
    """Another executor, with its runs marked, and what came of one printed at its end."""

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
            # The page started it, and has tagged it with the name under which it loads this code.
            del tags[REPOSITORY_TAG]
        plan_context.instance.add_run_tags(run.run_id, tags)
        # Without our dagster.yaml, commands that began at once have broken the record by now.
        home = Path(plan_context.instance.root_directory)
        with record_lock(home):
            mend(home)
        for line in end_dead_runs(plan_context.instance):
            plan_context.log.warning(line)
        try:
            refuse_unmeant(run)
        except BadInput as error:
            # No command goes on from here: that of all assets is what was refused.
            _say_last(plan_context.log, [str(error)])
            raise
        progress = planned_progress(plan_context.job.get_definition(), run)
        # Where a library crashes in this process, its last words are the lines that called it.
        faulthandler.enable(STDERR)
        try:
            with heartbeat(plan_context.instance, run.run_id):
                for event in self.inner.execute(plan_context, execution_plan):
                    note_event(progress, event)
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
            lines = [*stop_lines(progress, resume_command(progress, dagster_command()))]
            _say_last(plan_context.log, lines, end_line(progress))


def refuse_unmeant(run: dg.DagsterRun) -> None:
    """Refuse a run of everything that nobody asked for.

    Of a selection that matches no asset, `dagster asset materialize` and `dg launch` make a run
    without any selection, in which Dagster takes all assets, observed ones too.

    Raises:
        BadInput: The run is of selected assets, and names neither assets nor checks.
    """
    named = run.asset_selection or run.asset_check_selection
    if run.job_name == IMPLICIT_ASSET_JOB_NAME and not named:
        raise BadInput(
            "the selection matches no asset",
            ["Dagster would run all of them"],
            "`dagster asset list --select ...` shows what a selection matches; '*' is everything",
        )


def _say_last(log: dg.DagsterLogManager, lines: list[str], otherwise: str = "") -> None:
    """Print lines after the traceback that Dagster prints of a failed run, or log them as errors.

    Args:
        otherwise: Printed where there are no lines.
    """
    if multiprocessing.parent_process() is None:
        atexit.register(_print_at_exit, "\n".join(lines) or otherwise)
    elif lines:
        log.error("\n".join(lines))


def _print_at_exit(text: str) -> None:
    say(*text.splitlines(), file=sys.stderr)


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
    with heartbeat(instance, run_id), _ended(instance, run_id):
        return job.execute_in_process(
            instance=instance, run_id=run_id, tags=run_tags(storage_root), **options
        )


@contextlib.contextmanager
def _ended(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """End a run in the record that a signal met before Dagster had begun it: Dagster does not."""
    try:
        yield
    finally:
        run = instance.get_run_by_id(run_id)
        if run and not run.is_finished:
            instance.report_run_canceled(run, INTERRUPTED)


def end_dead_runs(instance: dg.DagsterInstance, heard: dict[str, Any] | None = None) -> list[str]:
    """End as failed the runs whose process is gone; one line for each, with the reason.

    Args:
        heard: As `find_dead` takes it.
    """
    ended = []
    for run, reason in find_dead(instance, heard):
        progress = recorded_progress(instance, run)
        if progress.running:
            # A library may have crashed in it: in a run of one process nothing else names it.
            reason += f"; it was at {', '.join(sorted(progress.running))}"
        progress.reasons.append(reason)
        lines = stop_lines(progress, resume_command(progress, dagster_command()))
        rest = [line for line in lines if not line.endswith(reason)]
        instance.report_run_failed(run, "\n".join([reason, *rest]))
        what = f"job {progress.job}" if progress.job else "selected assets"
        ended.append(f"run {run.run_id} ({what}) is ended as failed: {reason}; {rest[-1]}")
    return ended


def dagster_command() -> str:
    """How `dagster` of this environment is called from the working folder."""
    program = Path(sys.executable).parent / "dagster"
    here = Path.cwd()
    return str(program.relative_to(here) if program.is_relative_to(here) else program)


def reporting_executor(
    default: dict, storage_root: str, of_jobs: Mapping[str, dict] = MappingProxyType({})
) -> dg.ExecutorDefinition:
    """Dagster's own executor with another default, its runs marked and reported.

    Args:
        default: Its config, where a run gives none.
        of_jobs: Job -> its config in place of the default. Not an executor of the job: whoever
            takes this graph with another executor has it for all jobs.
    """
    inner = dg.multi_or_in_process_executor

    def complete(config: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return process_config(inner.config_schema.config_type, config).value

    @dg.executor(
        name=inner.name,
        config_schema=cast(Any, inner.config_schema),  # taken, and not declared
        requirements=lambda config: (
            dg.multiple_process_executor_requirements() if "multiprocess" in config else []
        ),
    )
    def reporting(context: dg.InitExecutorContext) -> dg.Executor:
        job = context.job.get_definition().name
        if job in of_jobs and context.executor_config == complete(default):
            context = context._replace(executor_config=complete(of_jobs[job]))
        assert inner.executor_creation_fn is not None, inner.name
        return ReportingExecutor(inner.executor_creation_fn(context), storage_root)

    choice = dg.Field(dg.Permissive(), is_required=False)
    schema = dg.Selector({"in_process": choice, "multiprocess": choice})

    @dg.configured(reporting, config_schema=dg.Field(schema, default_value=default))
    def executor(config):
        return config

    return executor
