"""How the jobs of the graph run: in one process or many, and which of their steps begin first."""

import sys

import dagster as dg
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import create_execution_plan
from dagster._core.executor.in_process import InProcessExecutor
from dagster._core.executor.multiprocess import MultiprocessExecutor
from dagster._core.system_config.objects import ResolvedRunConfig
from dagster._utils.tags import TagConcurrencyLimitsCounter

from wmtp_assets.jobs import ASSET_JOBS, LIBRARIES, ONE_PROCESS, executor_of_jobs
from wmtp_assets_tests.published_graph import published_graph

HEAVY = {"torch", "datasets"}


def executor_of(
    job: str | None, *, sample: bool = False, config: dict | None = None
) -> dg.Executor:
    """What runs the steps of a job that has a run config or none."""
    of_jobs = executor_of_jobs("/somewhere/storage", sample=sample)
    made = dg.Definitions(
        assets=[step],
        jobs=[dg.define_asset_job(job or "any", executor_def=of_jobs)],
    ).resolve_job_def(job or "any")
    asked = {"execution": {"config": config}} if config else {}
    resolved = ResolvedRunConfig.build(made, asked)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.InitExecutorContext(
            job=InMemoryJob(made),
            executor_def=of_jobs,
            executor_config=resolved.execution.execution_engine_config,
            instance=instance,
        )
        return of_jobs.executor_creation_fn(context).inner


@dg.asset
def step() -> None:
    """One step."""


@pytest.fixture(scope="module")
def defs(tmp_path_factory) -> dg.Definitions:
    """The graph of a real source."""
    root = tmp_path_factory.mktemp("jobs")
    return published_graph(root, with_reward_model=False)


@pytest.mark.parametrize("job", [None, "phase1", "datasets", "verify_storage_deep"])
def test_the_steps_of_long_jobs_have_a_process_each(job):
    assert isinstance(executor_of(job), MultiprocessExecutor)
    assert isinstance(executor_of(job, sample=True), InProcessExecutor)


@pytest.mark.parametrize("job", sorted(ONE_PROCESS))
def test_short_jobs_run_in_one_process_unless_a_run_config_says_otherwise(job):
    assert isinstance(executor_of(job), InProcessExecutor)
    asked = executor_of(job, config={"multiprocess": {"max_concurrent": 1}})
    assert isinstance(asked, MultiprocessExecutor)
    assert isinstance(executor_of("phase1", config={"in_process": {}}), InProcessExecutor)


def test_whoever_takes_the_graph_with_another_executor_has_it_for_all_jobs(defs):
    """As the documentation of clusters does."""
    other = dg.Definitions(
        assets=defs.assets,
        asset_checks=defs.asset_checks,
        jobs=defs.jobs,
        resources=defs.resources,
        executor=dg.in_process_executor,
    )
    for job in ("phase1", "report", "verify_storage", "verify_storage_deep"):
        assert other.resolve_job_def(job).executor_def is dg.in_process_executor


def test_what_many_steps_import_is_loaded_once_and_only_where_it_is_used(monkeypatch):
    def modules(job: str | None) -> list[str]:
        return list(executor_of(job)._explicit_forkserver_preload)

    monkeypatch.setattr(sys, "platform", "linux")
    assert not HEAVY & set(modules(None))
    assert "torch" in modules("models") and "torch" not in modules("datasets")
    assert "datasets" in modules("datasets") and set(modules("phase1")) > HEAVY
    assert LIBRARIES.keys() <= {*ASSET_JOBS, "verify_storage_deep"}
    # It freezes what the others have loaded.
    assert all(modules(job)[-1] == "wmtp_assets.runs.before_forks" for job in (None, "models"))
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not HEAVY & set(modules("phase1"))


def test_the_steps_that_take_longest_begin_first(defs):
    """Whatever else is ready: they would run alone at the end."""
    steps = create_execution_plan(defs.resolve_job_def("verify_storage_deep"), run_config={}).steps
    # As Dagster does; among equals the order of the plan stays.
    order = sorted(steps, key=lambda step: -int(step.tags.get("dagster/priority", 0)))
    first = [step.key for step in order[:9]]
    assert first[0] == "codecontests__train_checks"
    assert {"meta_mtp__raw_checks", "meta_mtp__safetensors_checks"} < set(first)
    assert {"codecontests__train_checks", "meta_mtp__raw_checks"} < {
        # An asset stands where its checks stand.
        f"{step.key}_checks"
        for step in create_execution_plan(defs.resolve_job_def("phase1"), run_config={}).steps
        if int(step.tags.get("dagster/priority", 0)) > 1
    }


@pytest.mark.parametrize("job", ["models", "phase1", "verify_storage_deep"])
def test_of_the_checks_that_hold_a_model_in_memory_one_runs_at_a_time(defs, job):
    steps = create_execution_plan(defs.resolve_job_def(job), run_config={}).steps
    micro = [step for step in steps if step.key.startswith("micro_") and "_checks" in step.key]
    beside = TagConcurrencyLimitsCounter(executor_of(job)._tag_concurrency_limits, micro[:1])
    assert len(micro) == 4
    assert [step for step in steps if beside.is_blocked(step)] == micro
