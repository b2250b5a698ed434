"""The dagster.yaml of a team: Dagster reads every value, and a single user's are all there."""

import os
import time
from importlib.metadata import version
from pathlib import Path

import dagster as dg
import yaml
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickData, TickStatus

from wmtp_assets.doctor.lines import State
from wmtp_assets.doctor.optional import postgres_lines
from wmtp_assets.raw.assets import raw_assets
from wmtp_assets.signoff.__main__ import main
from wmtp_assets_tests.signoff.world import GOOD, World
from wmtp_assets_tests.team.conftest import TEAM_YAML

PROJECT = Path(__file__).parents[2]
SINGLE_YAML = PROJECT / "dagster.yaml"


def flat(settings: dict, prefix: tuple[str, ...] = ()) -> dict[tuple[str, ...], object]:
    """Every value of nested settings by its path."""
    values = {}
    for name, value in settings.items():
        path = (*prefix, name)
        values |= flat(value, path) if isinstance(value, dict) else {path: value}
    return values


def read_by_dagster(instance: dg.DagsterInstance) -> dict[tuple[str, ...], object]:
    """The same paths, each answered by the property or method that Dagster itself asks."""
    concurrency = instance.get_concurrency_config()
    coordinator = instance.run_coordinator
    ticks = {kind: instance.get_tick_retention_settings(kind) for kind in InstigatorType}
    assert set(ticks[InstigatorType.SCHEDULE].values()) == {365}
    monitoring = ("run_monitoring",)
    purged = ("retention", "sensor", "purge_after_days")
    sensor = ticks[InstigatorType.SENSOR]
    return {
        ("telemetry", "enabled"): instance.telemetry_enabled,
        ("nux", "enabled"): instance.nux_enabled,
        ("python_logs", "python_log_level"): instance.python_log_level,
        ("run_coordinator", "module"): "dagster.core.run_coordinator",
        ("run_coordinator", "class"): type(coordinator).__name__,
        ("run_coordinator", "config", "max_user_code_failure_retries"): (
            concurrency.run_queue_config.max_user_code_failure_retries
        ),
        ("concurrency", "runs", "max_concurrent_runs"): (
            concurrency.run_queue_config.max_concurrent_runs
        ),
        ("concurrency", "pools", "granularity"): concurrency.pool_config.pool_granularity.value,
        (*monitoring, "enabled"): instance.run_monitoring_enabled,
        (*monitoring, "start_timeout_seconds"): instance.run_monitoring_start_timeout_seconds,
        (*monitoring, "cancel_timeout_seconds"): instance.run_monitoring_cancel_timeout_seconds,
        (*monitoring, "poll_interval_seconds"): instance.run_monitoring_poll_interval_seconds,
        # The daemon asks for it by this name; test_pools.py runs that.
        (*monitoring, "free_slots_after_run_end_seconds"): (
            instance.run_monitoring_settings["free_slots_after_run_end_seconds"]
        ),
        ("retention", "schedule", "purge_after_days"): (
            ticks[InstigatorType.SCHEDULE][TickStatus.SKIPPED]
        ),
        (*purged, "skipped"): sensor[TickStatus.SKIPPED],
        (*purged, "success"): sensor[TickStatus.SUCCESS],
        (*purged, "failure"): sensor[TickStatus.FAILURE],
    }


def test_dagster_reads_every_value(instance: dg.DagsterInstance):
    written = flat(yaml.safe_load(TEAM_YAML.read_text()))
    assert written.pop(("storage", "postgres", "postgres_url", "env")) == "DAGSTER_PG_URL"
    assert read_by_dagster(instance) == written


def test_a_team_has_every_value_of_a_single_user():
    team = flat(yaml.safe_load(TEAM_YAML.read_text()))
    single = flat(yaml.safe_load(SINGLE_YAML.read_text()))
    # Where the record is, is what tells them apart.
    single = {path: value for path, value in single.items() if path[0] != "storage"}
    assert {path: team.get(path) for path in single} == single


def test_what_retention_purges_are_ticks_and_no_event(world: World):
    assert world.run("phase1", GOOD)
    instance, before = world.instance, world.evidence
    tick = TickData("origin", "sensor", InstigatorType.SENSOR, TickStatus.SKIPPED, 0.0)
    instance.create_tick(tick._replace(selector_id="selector"))
    assert len(instance.get_ticks("origin", "selector")) == 1
    tomorrow = time.time() + 86400
    instance.purge_ticks("origin", "selector", tomorrow, list(TickStatus))
    assert instance.get_ticks("origin", "selector") == []
    assert world.evidence == before


def test_the_documentation_sets_a_limit_for_the_pool_of_each_repository():
    words = set((PROJECT / "docs/team.md").read_text().replace(";", " ").split())
    assert {asset.op.pool for asset in raw_assets.values()} - words == set()


def test_the_doctor_finds_the_database(home: Path):
    [line] = postgres_lines(str(home), os.environ, version)
    assert (line.state, line.what) == (State.OK, "the record in Postgres answers")


def test_a_record_that_cannot_be_opened_is_one_error(home: Path, monkeypatch, capsys):
    monkeypatch.setenv("DAGSTER_PG_URL", "postgresql://without@the/driver")
    assert main(["status"]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"the record cannot be opened: {home}: ModuleNotFoundError")
    assert "wmtp_assets.doctor looks" in told and len(told.splitlines()) == 1
