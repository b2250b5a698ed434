"""Keeping the record true: documents after every run that can change them, alarms, schedules."""

from collections.abc import Iterable

import dagster as dg

from wmtp_assets.hub.sources import Source
from wmtp_assets.setup import Setup
from wmtp_assets.signoff.alarms import changed_alarms, find_alarms
from wmtp_assets.signoff.approval.record import latest_result
from wmtp_assets.signoff.record import Declared, read_evidence

REPORT_AFTER = {
    dg.DagsterRunStatus.SUCCESS: "report_after_success",
    dg.DagsterRunStatus.FAILURE: "report_after_failure",
    dg.DagsterRunStatus.CANCELED: "report_after_cancel",
}
# Their runs change nothing that a document tells.
UNREPORTED = ("report", "watch_upstream", "write_mirror")
ALARM_SECONDS = 300
# Daily headers and sizes, weekly every byte; after the watch on upstream, before people come.
SCHEDULES = {
    "verify_storage": ("daily_verification", "30 6 * * *", "Runs the quick checks every morning."),
    "verify_storage_deep": (
        "weekly_deep_verification",
        "0 2 * * 0",
        "Reads every byte every Sunday night, so that bit rot is found and named.",
    ),
}


def report_sensors(report) -> list[dg.SensorDefinition]:
    """One sensor for each end of a run, also of a run that was started from an asset's page."""

    def sensor(status: dg.DagsterRunStatus, name: str) -> dg.SensorDefinition:
        @dg.run_status_sensor(
            name=name,
            run_status=status,
            request_job=report,
            default_status=dg.DefaultSensorStatus.RUNNING,
            description="Starts job report when a run has ended that may change what it tells.",
        )
        def start_report(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
            name = context.dagster_run.job_name
            if name in UNREPORTED:
                return dg.SkipReason(f"{name} changes nothing that a document tells")
            return dg.RunRequest(run_key=context.dagster_run.run_id)

        return start_report

    return [sensor(status, name) for status, name in REPORT_AFTER.items()]


@dg.sensor(
    minimum_interval_seconds=ALARM_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Logs each failed check and a suspended approval once, and when it is mended.",
)
def evidence_alarms(
    context: dg.SensorEvaluationContext,
    setup: dg.ResourceParam[Setup],
    declared: dg.ResourceParam[Declared],
) -> dg.SkipReason:
    # The record alone: a tick may not take the minutes that a touched 27 GB file would.
    evidence = read_evidence(context.instance, declared, setup, look_at_disk=False)
    alarms = find_alarms(evidence, *latest_result(context.instance, setup.store))
    new, gone, cursor = changed_alarms(context.cursor, alarms)
    for alarm in new:
        context.log.error(alarm)
    for alarm in gone:
        context.log.info(f"no longer: {alarm}")
    context.update_cursor(cursor)
    told = f"new: {'; '.join(new)}" if new else "nothing new"
    return dg.SkipReason(f"{told}; {len(gone)} mended")


def verification_schedules(jobs: Iterable, source: Source) -> list[dg.ScheduleDefinition]:
    """The schedules of the verification jobs; off for the rehearsal on the sample."""
    running = source.name != "sample"
    return [
        dg.ScheduleDefinition(
            name=SCHEDULES[job.name][0],
            job=job,
            cron_schedule=SCHEDULES[job.name][1],
            default_status=dg.DefaultScheduleStatus[("STOPPED", "RUNNING")[running]],
            description=SCHEDULES[job.name][2],
        )
        for job in jobs
    ]
