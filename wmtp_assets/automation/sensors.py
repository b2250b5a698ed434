"""Keeping the record true: documents after every run that can change them, alarms, schedules."""

import json
from collections.abc import Callable, Iterable

import dagster as dg

from wmtp_assets.approval.events import latest_result, latest_uncounted
from wmtp_assets.automation.alarms import News, changed_alarms, find_alarms
from wmtp_assets.automation.notices import send_by_mail, send_to_slack
from wmtp_assets.automation.unreported import find_unreported
from wmtp_assets.backup.events import read_backup
from wmtp_assets.deployment import Deployment
from wmtp_assets.evidence.read import Declared, read_evidence
from wmtp_assets.printable import printable
from wmtp_assets.raw.assets import RAW
from wmtp_assets.raw.upstream.observations import moved_upstreams
from wmtp_assets.record import ROOT_TAG
from wmtp_assets.runs.executor import end_dead_runs
from wmtp_assets.runs.heartbeat import UNDER_WAY
from wmtp_assets.source import Source

# The daemon's own beat is about 5 s; starting a run takes some more: well within a minute.
REPORT_SECONDS = 15
ALARM_SECONDS = 300
# The queue starts the next run within 5 s of that: less than a minute after a run was killed.
DEAD_SECONDS = 30
# Daily headers and sizes, weekly every byte; after the upstream watch, before office hours.
SCHEDULES = {
    "verify_storage": ("daily_verification", "30 6 * * *", "Runs the quick checks every morning."),
    "verify_storage_deep": (
        "weekly_deep_verification",
        "0 2 * * 0",
        "Reads every byte every Sunday night, so that bit rot is found and named.",
    ),
    "verify_backup": (
        "monthly_backup_verification",
        "0 4 1 * *",
        "Reads every byte of the backup each month.",
    ),
}


def report_sensor(report) -> dg.SensorDefinition:
    """Starts one report when runs have ended that no report covers."""

    @dg.sensor(
        name="report_after_runs",
        job=report,
        minimum_interval_seconds=REPORT_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts job report after every run on this storage that may change what it "
        "tells, also one that a script started.",
    )
    def sensor(
        context: dg.SensorEvaluationContext, deployment: dg.ResourceParam[Deployment]
    ) -> dg.RunRequest | dg.SkipReason:
        root = str(deployment.store.root)
        found = find_unreported(context.instance, root, context.cursor)
        context.update_cursor(found.cursor)
        if found.waiting:
            return dg.SkipReason(f"report {found.waiting} is about to begin")
        if not found.ended:
            return dg.SkipReason("nothing has ended since the newest report began")
        # The newest: asked for once, also by a daemon that was restarted meanwhile.
        return dg.RunRequest(run_key=found.ended[0].run_id, tags={ROOT_TAG: root})

    return sensor


@dg.sensor(
    name="dead_runs",
    minimum_interval_seconds=DEAD_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ends runs whose process is gone as failed, so that nothing waits for them.",
)
def dead_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    heartbeats = json.loads(context.cursor) if context.cursor else {}
    ended = end_dead_runs(context.instance, heartbeats)
    for line in ended:
        context.log.error(line)
    context.update_cursor(json.dumps(heartbeats))
    return dg.SkipReason("; ".join(ended) or "every run that is under way has its process")


def alarm_sensor(
    name: str, description: str, send: Callable[[dg.SensorEvaluationContext, News], None]
) -> dg.SensorDefinition:
    """A sensor that sends the news; each has a cursor of its own, so that none misses any.

    Args:
        send: Called where there are news; when it raises, they are sent again at the next tick.
    """

    @dg.sensor(
        name=name,
        minimum_interval_seconds=ALARM_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=description,
    )
    def sensor(
        context: dg.SensorEvaluationContext,
        deployment: dg.ResourceParam[Deployment],
        declared: dg.ResourceParam[Declared],
    ) -> dg.SkipReason:
        instance = context.instance
        under_way = instance.get_runs_count(dg.RunsFilter(statuses=UNDER_WAY))
        new, gone, cursor = changed_alarms(
            context.cursor, alarms_now(instance, deployment, declared), settled=not under_way
        )
        if new or gone:
            send(context, News(str(deployment.store.root), tuple(new), tuple(gone)))
        context.update_cursor(cursor)
        summary = f"new: {'; '.join(new)}" if new else "nothing new"
        return dg.SkipReason(f"{summary}; {len(gone)} mended")

    return sensor


def alarms_now(
    instance: dg.DagsterInstance, deployment: Deployment, declared: Declared
) -> Iterable[str]:
    """The alarms by the record alone: reading a touched file would take a tick minutes."""
    keys = {spec.key.to_user_string() for spec in declared.assets}
    return find_alarms(
        read_evidence(instance, declared, deployment, look_at_disk=False),
        *latest_result(instance, deployment.store),
        latest_uncounted(instance, deployment.store),
        read_backup(instance, deployment.store),
        moved_upstreams(
            instance, deployment, {raw: row[0] for raw, row in RAW.items() if raw in keys}
        ),
    )


def _log(context: dg.SensorEvaluationContext, news: News) -> None:
    for alarm in news.new:
        context.log.error(printable(alarm))
    for alarm in news.gone:
        context.log.info(printable(f"no longer: {alarm}"))


def _mail(context: dg.SensorEvaluationContext, news: News, to: str, sender: str) -> None:
    for address in send_by_mail(news, to, sender):
        context.log.error(f"the mail server refused {address}, and took the message for others")


evidence_alarms = alarm_sensor(
    "evidence_alarms",
    "Logs failed checks, a suspended approval, moved upstreams once, and when they are mended.",
    _log,
)


def notice_sensors(
    slack_channel: str | None, email_to: str | None, email_from: str | None
) -> list[dg.SensorDefinition]:
    """The sensors that notify people, as configured."""
    sensors = []
    if slack_channel:
        sensors.append(
            alarm_sensor(
                "slack_notices",
                "Posts to Slack what evidence_alarms logs.",
                lambda context, news: send_to_slack(news, slack_channel),
            )
        )
    if email_to and email_from:
        sensors.append(
            alarm_sensor(
                "email_notices",
                "Sends by e-mail what evidence_alarms logs.",
                lambda context, news: _mail(context, news, email_to, email_from),
            )
        )
    return sensors


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
