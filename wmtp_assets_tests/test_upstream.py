"""Facts about other people's code that this project leans on, each with what rests on it.

An upgrade that changes one fails here first, with the decision to make anew.
"""

import importlib
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner
from dagster._cli import create_dagster_cli
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher

# (module, name, what rests on it)
PRIVATE = (
    (
        "dagster._core.execution.context_creation_job",
        "default_system_loggers",
        "runs/console.py: one line an event in runs whose config names no logger",
    ),
    (
        "dagster._core.storage.event_log",
        "SqliteEventLogStorage",
        "sqlite_engines.py gives it one engine a file",
    ),
    (
        "dagster._core.storage.asset_check_execution_record",
        "AssetCheckExecutionRecordStatus",
        "record.py asks the history of a check by it",
    ),
    (
        "dagster._core.storage.sqlite_storage",
        "DagsterSqliteStorage",
        "sqlite_record.py opens and makes it under a lock; dagster.yaml names that class",
    ),
    (
        "dagster._core.storage.sqlite",
        "LAST_KNOWN_STAMPED_SQLITE_ALEMBIC_REVISION",
        "sqlite_record.py takes this second stamp back where several commands made a record",
    ),
    (
        "dagster._core.definitions.assets.job.asset_job",
        "IMPLICIT_ASSET_JOB_NAME",
        "runs/executor.py knows a run of selected assets by it",
    ),
    (
        "dagster._core.execution.stats",
        "StepEventStatus",
        "evidence/results.py tells a crashed check from one that was never reached",
    ),
)


@pytest.fixture
def instance(tmp_path: Path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield instance


def run(instance, assets, checks=(), **kwargs):
    definitions = dg.Definitions(assets=assets, asset_checks=checks)
    job = definitions.resolve_implicit_global_asset_job_def()
    return job.execute_in_process(instance=instance, raise_on_error=False, **kwargs)


@dg.asset
def thing() -> dg.MaterializeResult:
    return dg.MaterializeResult(data_version=dg.DataVersion("sha256:x"))


def one_check(passed: bool, severity=dg.AssetCheckSeverity.ERROR, blocking=True):
    @dg.multi_asset_check(
        specs=[dg.AssetCheckSpec("holds", asset="thing", blocking=blocking)], can_subset=True
    )
    def thing_checks():
        yield dg.AssetCheckResult(
            check_name="holds", asset_key="thing", passed=passed, severity=severity
        )

    return thing_checks


@pytest.mark.parametrize(
    ("severity", "blocking", "success"),
    [
        (dg.AssetCheckSeverity.ERROR, True, False),
        (dg.AssetCheckSeverity.ERROR, False, True),
        (dg.AssetCheckSeverity.WARN, True, True),
    ],
)
def test_only_a_blocking_error_fails_the_run(instance, severity, blocking, success):
    # Rests on it: integrity checks are blocking errors, or `make sample` would exit 0 on damage.
    assert run(instance, [thing], [one_check(False, severity, blocking)]).success is success


def test_a_multi_asset_check_that_returns_nothing_fails_loudly(instance):
    # Rests on it: checks are multi_asset_checks; a plain asset_check would leave the run green.
    @dg.multi_asset_check(specs=[dg.AssetCheckSpec("holds", asset="thing")])
    def thing_checks():
        yield from ()

    assert not run(instance, [thing], [thing_checks]).success


def test_the_data_version_is_a_tag_of_the_materialization(instance):
    # Rests on it: evidence/read.py compares content by this tag.
    run(instance, [thing])
    [record] = instance.fetch_materializations(dg.AssetKey("thing"), limit=1).records
    assert record.asset_materialization.tags["dagster/data_version"] == "sha256:x"


def test_an_evaluation_targets_the_materialization_by_storage_id(instance):
    # Rests on it: freshness of a pass.
    run(instance, [thing], [one_check(True)])
    [made] = instance.fetch_materializations(dg.AssetKey("thing"), limit=1).records
    key = dg.AssetCheckKey(dg.AssetKey("thing"), "holds")
    history = instance.event_log_storage.get_asset_check_execution_history(key, limit=5)
    result = history[0].event.dagster_event.asset_check_evaluation_data
    assert result.target_materialization_data.storage_id == made.storage_id


def test_a_plain_object_is_a_resource(instance):
    # Rests on it: Deployment and Declared are frozen dataclasses, not pydantic resources.
    @dg.asset
    def reader(plain: dg.ResourceParam[object]) -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata={"got": str(plain)})

    definitions = dg.Definitions(assets=[reader], resources={"plain": Path("x")})
    job = definitions.resolve_implicit_global_asset_job_def()
    assert job.execute_in_process(instance=instance).success


def test_checks_of_a_never_materialized_asset_run_in_a_check_job(instance):
    # Rests on it: verification_jobs leaves the optional reward model out.
    definitions = dg.Definitions(
        assets=[thing],
        asset_checks=[one_check(True)],
        jobs=[dg.define_asset_job("all_checks", selection=dg.AssetSelection.all_asset_checks())],
    )
    result = definitions.resolve_job_def("all_checks").execute_in_process(instance=instance)
    [evaluation] = result.get_asset_check_evaluations()
    assert evaluation.target_materialization_data is None


def test_metadata_values_are_tuples():
    # Rests on it: record.as_metadata asks for MetadataValue before it asks for tuple.
    assert isinstance(dg.MetadataValue.md("x"), tuple)


def test_fake_tensors_carry_their_offset_in_the_file(tmp_path: Path):
    # Rests on it: checkpoints are read by position, 27 GB of them never loaded.
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    path = tmp_path / "a.pth"
    value = torch.arange(6, dtype=torch.float32)
    torch.save({"a": value[2:]}, path)
    with FakeTensorMode():
        fake = torch.load(path, weights_only=True, map_location="cpu")["a"]
    start = fake.untyped_storage()._checkpoint_offset + fake.storage_offset() * 4
    assert path.read_bytes()[start : start + 16] == value[2:].numpy().tobytes()


def test_the_hub_client_speaks_httpx2():
    # Rests on it: hub/connection_errors.py turns httpx2's errors into one that names the fix.
    import httpx2
    from huggingface_hub import errors

    assert issubclass(errors.HfHubHTTPError, httpx2.HTTPError)
    assert issubclass(errors.GatedRepoError, errors.RepositoryNotFoundError)


@pytest.mark.parametrize(("module", "name", "rests_on_it"), PRIVATE)
def test_private_names_of_dagster_are_where_they_were(module, name, rests_on_it):
    try:
        found = hasattr(importlib.import_module(module), name)
    except ModuleNotFoundError:
        found = False
    assert found, f"{module}.{name} is gone. Rests on it: {rests_on_it}"


def test_the_sqlite_event_log_makes_an_engine_for_every_query(instance):
    # Rests on it: sqlite_engines.py. When Dagster keeps its engines itself, drop that file.
    engines = set()
    for _ in range(3):
        with instance.event_log_storage.index_connection() as connection:
            engines.add(connection.engine)
    assert len(engines) == 3


def test_the_history_of_a_check_holds_its_passes_newest_first(instance):
    # Rests on it: models/recorded_proof.py finds the proof of a source that was removed since.
    from dagster._core.storage.asset_check_execution_record import (
        AssetCheckExecutionRecordStatus as Status,
    )

    runs = [run(instance, [thing], [one_check(passed)]).run_id for passed in (True, False, True)]
    key = dg.AssetCheckKey(dg.AssetKey("thing"), "holds")
    log = instance.event_log_storage
    passes = log.get_asset_check_execution_history(key, 50, status={Status.SUCCEEDED})
    assert [record.run_id for record in passes] == [runs[2], runs[0]]
    assert passes[0].create_timestamp >= passes[1].create_timestamp
    result = passes[0].event.dagster_event.asset_check_evaluation_data
    assert result.passed and dict(result.metadata) == {}


def test_a_posted_event_has_no_run(instance):
    # Rests on it: record.py takes nothing for evidence that no run stands behind.
    run(instance, [thing], [one_check(False)])
    key = dg.AssetKey("thing")
    posted = dg.AssetCheckEvaluation(asset_key=key, check_name="holds", passed=True, metadata={})
    instance.report_runless_asset_event(posted)
    instance.report_runless_asset_event(dg.AssetMaterialization(key))
    log = instance.event_log_storage
    newest, by_run = log.get_asset_check_execution_history(dg.AssetCheckKey(key, "holds"), 5)
    assert not newest.run_id and by_run.run_id
    assert not instance.fetch_materializations(key, limit=1).records[0].run_id


def test_a_wiped_asset_is_still_in_the_log_of_its_run_until_that_is_deleted(instance):
    # Rests on it: approval/events.py notices a decision that was wiped and removed.
    key = dg.AssetKey("thing")
    run(instance, [thing])
    [made] = instance.get_runs()
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION
    instance.wipe_assets([key])
    assert instance.fetch_materializations(key, limit=1).records == []
    [record] = instance.get_records_for_run(made.run_id, of_type=kind).records
    assert record.asset_key == key and record.run_id == made.run_id
    assert record.asset_materialization.tags["dagster/data_version"] == "sha256:x"
    instance.delete_run(made.run_id)
    assert instance.get_runs() == []


def test_a_materialization_names_the_versions_of_its_inputs(instance):
    # Rests on it: evidence.with_outdated; Dagster shows the checks of such an asset as passed.
    @dg.asset(deps=[thing])
    def child() -> dg.MaterializeResult:
        return dg.MaterializeResult()

    run(instance, [thing, child])
    [record] = instance.fetch_materializations(dg.AssetKey("child"), limit=1).records
    assert record.asset_materialization.tags["dagster/input_data_version/thing"] == "sha256:x"


def test_an_op_records_the_evaluation_of_a_check_with_its_run(instance):
    # Rests on it: review_phase1 shows a decision at once in approved_by_reviewer.
    key = dg.AssetKey(["signoff", "approval"])

    @dg.op
    def decide(context):
        context.log_event(dg.AssetMaterialization(key))
        context.log_event(
            dg.AssetCheckEvaluation(asset_key=key, check_name="holds", passed=True, metadata={})
        )

    @dg.job
    def review():
        decide()

    done = review.execute_in_process(instance=instance)
    log = instance.event_log_storage
    [record] = log.get_asset_check_execution_history(dg.AssetCheckKey(key, "holds"), 5)
    assert record.run_id == done.run_id


def test_one_resource_of_a_job_can_be_replaced_for_a_run(instance):
    # Rests on it: `signoff approve --key` hands its signer to the job; a server never has one.
    seen = []

    @dg.op(required_resource_keys={"signer", "deployment"})
    def decide(context):
        seen.append((context.resources.signer, context.resources.deployment))

    @dg.job
    def review():
        decide()

    defs = dg.Definitions(jobs=[review], resources={"signer": "none", "deployment": "deployment"})
    job = defs.resolve_job_def("review")
    job.execute_in_process(instance=instance, resources={"signer": "key"})
    job.execute_in_process(instance=instance)
    assert seen == [("key", "deployment"), ("none", "deployment")]


def test_the_check_of_an_external_asset_can_be_selected_and_waits_for_its_deps(instance):
    # Rests on it: job report judges the approval after it has written the README.
    order = []

    @dg.asset
    def document() -> dg.MaterializeResult:
        order.append("document")
        return dg.MaterializeResult()

    key = dg.AssetKey("approval")

    @dg.multi_asset_check(
        specs=[dg.AssetCheckSpec("holds", asset=key, additional_deps=["document"])]
    )
    def approval_checks():
        order.append("check")
        yield dg.AssetCheckResult(check_name="holds", asset_key=key, passed=True)

    selection = dg.AssetSelection.assets("document") | dg.AssetSelection.checks(
        dg.AssetCheckKey(key, "holds")
    )
    defs = dg.Definitions(
        assets=[document, dg.AssetSpec(key)],
        asset_checks=[approval_checks],
        jobs=[dg.define_asset_job("report", selection=selection)],
    )
    assert defs.resolve_job_def("report").execute_in_process(instance=instance).success
    assert order == ["document", "check"]


def test_a_signature_names_its_key_and_what_it_left_out(tmp_path: Path):
    # Rests on it: signature.py reads both, and the fingerprint is recorded beside the reviewer.
    from model_signing import hashing, signing

    from wmtp_assets.approval.signature import (
        ONE_FILE,
        fingerprint,
        read_bundle,
        read_public_key,
    )
    from wmtp_assets_tests.signoff.approval.sealed import new_keys

    keys = new_keys(tmp_path / "keys")
    (tmp_path / "s/signoff").mkdir(parents=True)
    (tmp_path / "s/a").write_text("a")
    signer = signing.Config().use_elliptic_key_signer(private_key=keys.private)
    left_out = hashing.Config().set_ignored_paths(paths=["signoff"])
    signer.set_hashing_config(left_out).sign(tmp_path / "s", tmp_path / "s.sig")
    bundle = read_bundle(tmp_path / "s.sig")
    assert bundle.digests.keys() == {"a"} and "signoff" in bundle.ignored
    assert bundle.key_fingerprint == fingerprint(read_public_key(keys.public))
    signer.set_hashing_config(hashing.Config()).sign(tmp_path / "s/a", tmp_path / "a.sig")
    assert read_bundle(tmp_path / "a.sig").digests.keys() == {ONE_FILE}


def test_a_signature_reads_each_file_through_the_hasher_that_its_config_builds(tmp_path: Path):
    # Rests on it: approval/signing.py tells from there how far a signature is.
    from model_signing import hashing

    passed = []

    class Telling(hashing.Config):
        def _build_stream_hasher(self, *arguments):
            hasher = super()._build_stream_hasher(*arguments)
            update = hasher.update
            vars(hasher)["update"] = lambda data: (passed.append(len(data)), update(data))
            return hasher

    (tmp_path / "long").write_bytes(bytes(3_000_000))
    (tmp_path / "short").write_bytes(b"a")
    told = Telling().hash(tmp_path)
    assert sum(passed) == 3_000_001
    plain = hashing.Config().hash(tmp_path)
    assert [*told.resource_descriptors()] == [*plain.resource_descriptors()]


def test_a_run_of_a_script_names_no_code_location_and_can_be_given_tags(instance):
    # Rests on it: runs/executor.py gives it the tag by which the page finds the runs of a job, and
    # unreported.py looks at runs itself. Were it named, Dagster's run-status sensors would do.
    from dagster._core.storage.tags import REPOSITORY_LABEL_TAG

    from wmtp_assets.runs.executor import REPOSITORY_TAG

    assert REPOSITORY_TAG == REPOSITORY_LABEL_TAG
    told = run(instance, [thing], []).dagster_run
    assert told.remote_job_origin is None
    instance.add_run_tags(told.run_id, {REPOSITORY_TAG: "a@b"})
    asked = dg.RunsFilter(tags={REPOSITORY_TAG: "a@b"})
    assert [found.run_id for found in instance.get_runs(asked)] == [told.run_id]
    page = instance.get_records_for_run(
        told.run_id, of_type={dg.DagsterEventType.ASSET_MATERIALIZATION}, limit=1
    )
    assert len(page.records) == 1


def test_a_job_knows_what_it_makes_and_checks(instance):
    # Rests on it: runs/events.py reads from it what a run that stopped did not do.
    job = dg.Definitions(
        assets=[thing, dg.AssetSpec("elsewhere")], asset_checks=[one_check(True)]
    ).resolve_implicit_global_asset_job_def()
    assert set(job.asset_layer.selected_asset_keys) == {thing.key}
    assert job.asset_layer.asset_graph.materializable_asset_keys == {thing.key}
    assert {key.name for key in job.asset_layer.asset_graph.asset_check_keys} == {"holds"}


def test_nobody_but_us_can_tell_that_a_run_is_dead(tmp_path):
    # Rests on it: runs/heartbeat.py. Could the launcher tell, run monitoring would end killed runs.
    assert not DefaultRunLauncher().supports_check_run_worker_health


def test_the_record_keeps_values_by_key(instance):
    # Rests on it: runs/heartbeat.py; these methods are not public.
    kept = instance.daemon_cursor_storage
    for beat in ("1", "2"):
        kept.set_cursor_values({"a": beat})
    assert kept.get_cursor_values({"a", "b"}) == {"a": "2"}


def test_an_error_in_a_step_and_a_failed_blocking_check_have_these_names(instance):
    # Rests on it: runs/events.py unwraps the first, and leaves the second to what the check found.
    from wmtp_assets.runs.events import CHECK_FAILED, WRAPPERS

    @dg.asset(name="thing")
    def broken():
        raise ZeroDivisionError

    def names(*definitions) -> list[str]:
        [failure] = [e for e in run(instance, *definitions).all_events if e.is_step_failure]
        error = failure.step_failure_data.error
        return [error.cls_name, error.cause.cls_name if error.cause else ""]

    [wrapper], [check] = WRAPPERS, CHECK_FAILED
    assert names([broken]) == [wrapper, "ZeroDivisionError"]
    assert names([thing], [one_check(False)])[0] == check


def test_dagster_opens_the_record_before_it_imports_any_code(tmp_path: Path, monkeypatch):
    # Rests on it: the lock around the first use of a record is named in dagster.yaml; what is
    # imported with `-m` comes too late.
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    command = ["asset", "materialize", "-m", "no_such_module", "--select", "a"]
    failed = CliRunner().invoke(create_dagster_cli(), command)
    assert "no_such_module" in str(failed.exception)
    assert (tmp_path / "history" / "runs.db").is_file()


def test_a_selection_that_matches_nothing_runs_everything(tmp_path: Path, monkeypatch):
    # Rests on it: executor.refuse_unmeant knows such a run by its missing selection.
    code = tmp_path / "two_assets.py"
    code.write_text(
        "import dagster as dg\n@dg.asset\ndef first(): ...\n@dg.asset\ndef second(): ...\n"
        "defs = dg.Definitions([first, second], executor=dg.in_process_executor)\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    command = ["asset", "materialize", "-f", str(code), "--select", "tag:nobody_has_it"]
    assert CliRunner().invoke(create_dagster_cli(), command).exit_code == 0
    with dg.DagsterInstance.get() as instance:
        [run] = instance.get_runs()
        made = {key for key in map(dg.AssetKey, ("first", "second")) if instance.has_asset_key(key)}
    assert (run.job_name, run.asset_selection, len(made)) == ("__ASSET_JOB", None, 2)


def test_a_selection_with_an_asset_that_cannot_run_is_refused_whole():
    # Rests on it: what nothing in the graph makes is observable (record.observable).
    outside = dg.AssetSpec("outside", deps=["thing"])
    job = dg.Definitions([thing, outside]).resolve_implicit_global_asset_job_def()
    everything = frozenset(map(dg.AssetKey, ("thing", "outside")))
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="executable asset keys"):
        job.get_subset(asset_selection=everything)
