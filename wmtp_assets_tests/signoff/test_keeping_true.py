"""Schedules, the report after every run that matters, and the sensor that raises alarms."""

import dagster as dg
import pytest

from wmtp_assets.definitions import build_definitions
from wmtp_assets.hub.sources import HubSource, MirrorSource, Source
from wmtp_assets.published import PUBLISHED
from wmtp_assets.sample.mirror import SampleSource
from wmtp_assets.signoff.alarms import changed_alarms
from wmtp_assets.signoff.sensors import evidence_alarms, report_sensors
from wmtp_assets_tests.signoff.world import GOOD, WRONG, World

END = {
    dg.DagsterRunStatus.SUCCESS: dg.DagsterEventType.RUN_SUCCESS,
    dg.DagsterRunStatus.FAILURE: dg.DagsterEventType.RUN_FAILURE,
}


def graph(source: Source, tmp_path) -> dg.Definitions:
    return build_definitions(
        catalog=PUBLISHED, source=source, storage_root=tmp_path / "s", docs_root=tmp_path / "d"
    )


class Tick:
    """One tick of the sensor, as the daemon does it; the cursor stays from tick to tick."""

    def __init__(self, world: World):
        self.world = world
        self.cursor: str | None = None

    def __call__(self) -> str:
        resources = {"setup": self.world.setup, "declared": self.world.declared}
        with dg.build_sensor_context(
            self.world.instance, cursor=self.cursor, resources=resources
        ) as context:
            skipped = evidence_alarms(context)
            self.cursor = context.cursor
        return skipped.skip_message


def test_a_failed_check_is_told_once_and_so_is_its_mending(world: World):
    tick = Tick(world)
    world.run("phase1", WRONG)
    assert "new: failed mbpp/train rows_parse" in tick()
    assert tick() == "nothing new; 0 mended"
    world.run("phase1", GOOD)
    assert tick() == "nothing new; 1 mended"


def test_bit_rot_is_told_with_the_name_of_the_file_and_so_is_the_suspension(world: World):
    tick = Tick(world)
    world.make_approvable().approve()
    assert tick() == "nothing new; 0 mended"
    world.file.write_bytes(b"rot!")
    assert tick() == "nothing new; 0 mended", "the sensor looks at the record alone"
    world.run("verify")
    world.run("report")
    told = tick()
    assert "failed mbpp/train bytes_match_materialized_digest" in told
    assert "processed/train.jsonl" in told
    assert "suspended: approved by Ann" in told


def test_alarms_are_compared_with_those_of_the_last_tick():
    new, gone, cursor = changed_alarms(None, ["b", "a", "b"])
    assert (new, gone) == (["a", "b"], [])
    new, gone, cursor = changed_alarms(cursor, ["b", "c"])
    assert (new, gone) == (["c"], ["a"])


@pytest.mark.parametrize(
    ("source", "running"), [(HubSource, True), (MirrorSource, True), (SampleSource, False)]
)
def test_verification_is_scheduled_for_everything_but_the_rehearsal(tmp_path, source, running):
    made = source() if source is HubSource else source(tmp_path)
    schedules = {s.name: s for s in graph(made, tmp_path).schedules}
    daily, weekly = schedules["daily_verification"], schedules["weekly_deep_verification"]
    assert (daily.job_name, daily.cron_schedule) == ("verify_storage", "30 6 * * *")
    assert (weekly.job_name, weekly.cron_schedule) == ("verify_storage_deep", "0 2 * * 0")
    wanted = dg.DefaultScheduleStatus.RUNNING if running else dg.DefaultScheduleStatus.STOPPED
    assert daily.default_status == weekly.default_status == wanted


def test_the_report_follows_every_job_that_changes_what_it_says(tmp_path):
    definitions = graph(MirrorSource(tmp_path), tmp_path)
    sensors = {s.name: s for s in definitions.sensors}
    reports = {"report_after_success", "report_after_failure", "report_after_cancel"}
    assert sensors.keys() == reports | {"evidence_alarms"}
    repository = definitions.get_repository_def()
    for name in reports:
        sensor = repository.get_sensor_def(name)
        assert [target.job_name for target in sensor.targets] == ["report"]


@pytest.mark.parametrize(
    ("job", "starts"), [("review_phase1", True), ("unchecked", True), ("report", False)]
)
def test_the_report_follows_any_run_but_its_own(world: World, job: str, starts: bool):
    world.run("phase1", GOOD)
    if job == "review_phase1":
        world.approve_in_ui()
    else:
        world.run(job)
    run = world.instance.get_runs(limit=1)[0]
    assert run.job_name == job
    sensor = report_sensors(world.defs.resolve_job_def("report"))[0]
    [event] = world.instance.get_records_for_run(run.run_id, of_type=END[run.status]).records
    context = dg.build_run_status_sensor_context(
        sensor_name=sensor.name,
        dagster_event=event.event_log_entry.dagster_event,
        dagster_instance=world.instance,
        dagster_run=run,
    )
    asked = sensor(context)
    assert isinstance(asked, dg.RunRequest if starts else dg.SkipReason)
