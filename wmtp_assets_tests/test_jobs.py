"""How the jobs of the graph run: in one process or many, and which of their steps begin first."""

import dagster as dg
import pytest
from dagster._core.execution.api import create_execution_plan

from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.jobs import ASSET_JOBS, LIBRARIES, ONE_PROCESS, job_executors
from wmtp_assets.published import PUBLISHED

HEAVY = {"torch", "datasets"}


def chosen(job: str | None, *, sample: bool = False) -> dict:
    """The config of a job's executor, where its run gives none."""
    executor = job_executors("/somewhere/storage", sample=sample)(job)
    return executor.config_schema.as_field().default_value


@pytest.fixture(scope="module")
def defs(tmp_path_factory) -> dg.Definitions:
    """The graph of a real source."""
    from wmtp_assets.definitions import build_definitions

    root = tmp_path_factory.mktemp("jobs")
    return build_definitions(
        catalog=PUBLISHED,
        source=MirrorSource(root),
        storage_root=root / "storage",
        docs_root=root / "docs",
        with_reward_model=False,
    )


@pytest.mark.parametrize("job", [None, "phase1", "datasets", "verify_storage_deep"])
def test_the_steps_of_long_jobs_have_a_process_each(job):
    [how] = chosen(job)
    assert how == "multiprocess" and set(chosen(job, sample=True)) == {"in_process"}


def test_the_quick_verification_and_the_documents_run_in_one_process(defs):
    assert all(set(chosen(job)) == {"in_process"} for job in ONE_PROCESS)
    for job in ONE_PROCESS:
        executor = defs.resolve_job_def(job).executor_def
        assert executor.config_schema.as_field().default_value == chosen(job)


def test_a_run_config_chooses_another_executor(defs):
    asked = {"execution": {"config": {"multiprocess": {"max_concurrent": 1}}}}
    job = defs.resolve_job_def("verify_storage")
    [execution] = dg.validate_run_config(job, asked)["execution"].values()
    assert execution["multiprocess"]["max_concurrent"] == 1
    [execution] = dg.validate_run_config(job, {})["execution"].values()
    assert execution.keys() == {"in_process"}


def test_what_many_steps_import_is_loaded_once_and_only_where_it_is_used(defs):
    def modules(job: str | None) -> list[str]:
        return chosen(job)["multiprocess"]["start_method"]["forkserver"]["preload_modules"]

    assert not HEAVY & set(modules(None))
    assert "torch" in modules("models") and "torch" not in modules("datasets")
    assert "datasets" in modules("datasets") and set(modules("phase1")) > HEAVY
    assert LIBRARIES.keys() <= {*ASSET_JOBS, "verify_storage_deep"}
    # It freezes what the others have loaded.
    assert all(modules(job)[-1] == "wmtp_assets.runs.before_forks" for job in (None, "models"))


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
