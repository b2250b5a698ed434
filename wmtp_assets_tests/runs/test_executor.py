"""What every run of this project carries and says at its end, by Dagster's own way to run a job."""

from collections.abc import Iterator

import dagster as dg
import pytest

from wmtp_assets.errors import BadInput
from wmtp_assets.record import ROOT_TAG
from wmtp_assets.runs.executor import REPOSITORY, REPOSITORY_TAG, reporting_executor

ROOT = "/somewhere/storage"
# What the second asset does.
todo: list[BaseException] = []


@dg.asset
def first() -> dg.MaterializeResult:
    return dg.MaterializeResult()


@dg.asset(deps=[first])
def second() -> dg.MaterializeResult:
    if todo:
        raise todo[0]
    return dg.MaterializeResult()


@dg.asset(deps=[second])
def third() -> dg.MaterializeResult:
    return dg.MaterializeResult()


@dg.multi_asset_check(
    specs=[dg.AssetCheckSpec("holds", asset="first", blocking=True)], can_subset=True
)
def first_checks(context):
    severity = dg.AssetCheckSeverity[context.run.tags.get("severity", "ERROR")]
    failed = "severity" in context.run.tags
    told = "row 3 is broken" if failed else "fine"
    yield dg.AssetCheckResult(passed=not failed, severity=severity, description=told)


@dg.op
def broken() -> None:
    raise todo[0]


@dg.job
def by_hand() -> None:
    broken()


def job(name: str) -> dg.JobDefinition:
    return dg.Definitions(
        assets=[first, second, third],
        asset_checks=[first_checks],
        jobs=[dg.define_asset_job("work"), by_hand],
        executor=reporting_executor({"in_process": {}}, ROOT),
    ).resolve_job_def(name)


def work() -> dg.JobDefinition:
    return job("work")


def ops() -> dg.JobDefinition:
    return job("by_hand")


@pytest.fixture
def said(monkeypatch) -> list[str]:
    """The lines that are printed when the process exits."""
    lines: list[str] = []
    monkeypatch.setattr(
        "wmtp_assets.runs.executor.atexit.register",
        lambda printed, text="", **_: lines.extend(text.splitlines()),
    )
    return lines


@pytest.fixture
def does() -> Iterator[list[BaseException]]:
    yield todo
    todo.clear()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def execute(instance: dg.DagsterInstance, made=work, **options) -> dg.DagsterRun:
    with dg.execute_job(dg.reconstructable(made), instance=instance, **options) as result:
        return result.dagster_run


def test_a_run_of_a_script_carries_its_storage_and_what_the_page_groups_it_by(instance, said):
    for made in (work, ops):
        todo[:] = [BadInput("no", [], "mend it")] if made is ops else []
        run_id = execute(instance, made).run_id
        tags = instance.get_run_by_id(run_id).tags
        assert (tags[ROOT_TAG], tags[REPOSITORY_TAG]) == (ROOT, REPOSITORY)
    todo.clear()
    # As the job's page asks.
    asked = dg.RunsFilter(job_name="work", tags={REPOSITORY_TAG: REPOSITORY})
    assert instance.get_runs_count(asked) == 1


def test_a_run_that_ends_well_says_what_it_made_and_checked(instance, said):
    execute(instance)
    assert said == ["made: 3 (first, second, third); checks passed: 1"]


class Narrower(BadInput):
    """One of ours of a module of ours."""


Narrower.__module__ = "wmtp_assets.hub.connection_errors"


@pytest.mark.parametrize("kind", [BadInput, Narrower])
def test_a_failed_step_is_told_with_its_error_alone(instance, said, does, kind):
    does.append(kind("the file cannot be read", ["a.txt"], "put it there"))
    execute(instance)
    assert said[:3] == [
        "made: 1 (first) of 3",
        "not made: 2 (second, third)",
        "because: second: the file cannot be read: a.txt. Fix: put it there",
    ]
    assert said[3].startswith("go on: ") and said[3].endswith("--select second,third")


def test_a_failed_blocking_check_is_told_by_what_it_found(instance, said):
    execute(instance, tags={"severity": "ERROR"})
    assert said[:4] == [
        "made: 1 (first) of 3",
        "not made: 2 (second, third)",
        "not proven, a check failed or did not run: 1 (first)",
        "because: first holds: row 3 is broken",
    ]
    assert len(said) == 5 and "-j work" in said[4]


def test_a_warning_stops_nothing_and_is_named_in_the_last_line(instance, said):
    execute(instance, tags={"severity": "WARN"})
    assert said == [
        "made: 3 (first, second, third); checks passed: 0, warned: 1 (first holds)",
    ]


def test_a_run_without_a_logger_of_its_own_has_one_line_an_event(instance, capfd, said, does):
    """As `dagster asset materialize` runs; with Dagster's own logger a warning has no line."""
    import wmtp_assets.definitions  # noqa: F401, which sets the default

    execute(instance, tags={"severity": "WARN"})
    told = capfd.readouterr().err.splitlines()
    assert told == [
        "done first",
        "warning: first holds: row 3 is broken",
        "done first_checks",
        "done second",
        "done third",
        "run succeeded of job work",
    ]
    does.append(BadInput("the file cannot be read", ["a.txt"], "put it there"))
    execute(instance)
    told = capfd.readouterr().err.splitlines()
    assert "FAILED second: the file cannot be read: a.txt. Fix: put it there" in told
    assert not any("Traceback" in line for line in told) and len(told) < 10


@pytest.mark.parametrize("kind", [KeyboardInterrupt, dg.DagsterExecutionInterruptedError])
def test_an_interrupted_run_says_so_once(instance, said, does, kind):
    does.append(kind())
    execute(instance)
    assert [line for line in said if line.startswith("because")] == [
        "because: it was interrupted (Ctrl-C, SIGTERM)"
    ]
    assert said[-1].endswith("--select second,third")


def test_assets_selected_by_hand_go_on_by_selecting(instance, said, does):
    does.append(BadInput("no", [], "mend it"))
    execute(instance, asset_selection=[dg.AssetKey("second")])
    assert said[0] == "made: 0 of 1"


def test_a_job_of_ops_says_what_to_run_again(instance, said, does):
    does.append(BadInput("refused", ["a", "b"], "mend it"))
    execute(instance, ops)
    assert said == [
        "not done: job by_hand",
        "because: broken: refused: a; b. Fix: mend it",
        said[-1],
    ]
    assert said[-1].endswith("dagster job execute -m wmtp_assets.definitions -j by_hand")


def test_a_child_process_says_it_in_the_log_of_the_run(instance, said, does, monkeypatch):
    """As a run that the page started: its process ends without a word."""
    monkeypatch.setattr(
        "wmtp_assets.runs.executor.multiprocessing.parent_process", lambda: "the page"
    )
    does.append(BadInput("no", [], "mend it"))
    run = execute(instance)
    told = [entry.user_message for entry in instance.all_logs(run.run_id)]
    assert said == [] and any("go on: " in text for text in told)
