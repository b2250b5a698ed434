"""Schedules, the report after every run that matters, and the sensor that raises alarms."""

import dagster as dg
import pytest

from wmtp_assets.automation.alarms import changed_alarms
from wmtp_assets.automation.sensors import (
    evidence_alarms,
    notice_sensors,
)
from wmtp_assets.definitions import build_definitions
from wmtp_assets.hub.lock import extend_lock
from wmtp_assets.hub.sources import HubSource, MirrorSource
from wmtp_assets.published import PUBLISHED
from wmtp_assets.raw.upstream.record import observation
from wmtp_assets.runs.heartbeat import UNDER_WAY
from wmtp_assets.sample.mirror import SampleSource
from wmtp_assets.source import Source
from wmtp_assets_tests.signoff.world import GOOD, WRONG, World


def graph(source: Source, tmp_path) -> dg.Definitions:
    return build_definitions(
        catalog=PUBLISHED, source=source, storage_root=tmp_path / "s", docs_root=tmp_path / "d"
    )


class Tick:
    """One tick of a sensor, as the daemon does it; the cursor stays from tick to tick."""

    def __init__(self, world: World, sensor: dg.SensorDefinition = evidence_alarms):
        self.world = world
        self.sensor = sensor
        self.cursor: str | None = None

    def __call__(self) -> str:
        resources = {"deployment": self.world.deployment, "declared": self.world.declared}
        with dg.build_sensor_context(
            self.world.instance, cursor=self.cursor, resources=resources
        ) as context:
            skipped = self.sensor(context)
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


def test_while_a_run_is_under_way_nothing_is_gone():
    cursor = changed_alarms(None, ["a", "b"])[2]
    new, gone, cursor = changed_alarms(cursor, ["c"], settled=False)
    assert (new, gone) == (["c"], [])
    new, gone, cursor = changed_alarms(cursor, ["a"])
    assert (new, gone) == ([], ["b", "c"])


@pytest.mark.parametrize("status", list(UNDER_WAY))
def test_a_check_whose_asset_is_being_made_again_is_not_yet_mended(world: World, status):
    tick = Tick(world)
    world.run("phase1", WRONG)
    tick()
    run = world.instance.create_run_for_job(world.defs.resolve_job_def("phase1"), status=status)
    world.run("unchecked", GOOD)
    assert tick() == "nothing new; 0 mended"
    world.instance.report_run_failed(run)
    assert tick() == "nothing new; 1 mended"


def see_upstream_at(world: World, commit: str) -> None:
    """As a run of watch_upstream records it."""

    @dg.op
    def look(context):
        context.log_event(observation("mbpp/raw", commit, "seen"))

    @dg.job
    def watch():
        look()

    assert watch.execute_in_process(instance=world.instance).success


def test_a_moved_upstream_is_told_until_the_lock_follows(world: World):
    tick = Tick(world)
    repo, old, new = PUBLISHED.dataset("mbpp").repo, "a" * 40, "b" * 40
    see_upstream_at(world, new)
    assert tick() == "nothing new; 0 mended", "nothing is locked yet"
    extend_lock(world.store.lock, repo, old, {})
    assert f"new: {repo.id}: main moved to {new}, the lock holds {old}" in tick()
    posted = observation("mbpp/raw", old, "posted by anybody")
    world.instance.report_runless_asset_event(posted)
    assert tick() == "nothing new; 0 mended"
    see_upstream_at(world, old)
    assert tick() == "nothing new; 1 mended"
    world.store.lock.write_text("{")
    assert "sources.lock.json" in tick()


def test_a_damaged_backup_is_told_and_so_is_its_mending(world: World):
    tick = Tick(world)
    world.make_approvable().approve()
    assert world.run("backup_storage")
    assert tick() == "nothing new; 0 mended"
    (world.backups / "v2.0.0" / "README.md").write_text("other")
    assert not world.run("verify_backup")
    assert "new: backup: " in (told := tick()) and "README.md changed" in told
    assert world.run("backup_storage")
    assert tick() == "nothing new; 1 mended"


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


def test_a_backup_is_verified_each_month(tmp_path):
    defs = build_definitions(
        catalog=PUBLISHED,
        source=HubSource(),
        storage_root=tmp_path / "s",
        docs_root=tmp_path / "d",
        backup_url=str(tmp_path / "backups"),
    )
    [monthly] = [s for s in defs.schedules if s.job_name == "verify_backup"]
    assert (monthly.name, monthly.cron_schedule) == ("monthly_backup_verification", "0 4 1 * *")
    assert monthly.default_status == dg.DefaultScheduleStatus.RUNNING


def test_the_sensors_are_these_and_one_starts_the_report(tmp_path):
    definitions = graph(MirrorSource(tmp_path), tmp_path)
    names = {"dead_runs", "report_after_runs", "evidence_alarms"}
    assert {s.name for s in definitions.sensors} == names
    sensor = definitions.get_repository_def().get_sensor_def("report_after_runs")
    assert [target.job_name for target in sensor.targets] == ["report"]
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    assert sensor.minimum_interval_seconds <= 30


def test_people_are_told_by_the_sensors_that_are_configured(tmp_path):
    assert notice_sensors(None, None, None) == []
    both = notice_sensors("#wmtp", "ann@x", "wmtp@x")
    assert [sensor.name for sensor in both] == ["slack_notices", "email_notices"]
    assert all(s.default_status == dg.DefaultSensorStatus.RUNNING for s in both)
