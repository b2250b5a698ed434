"""The job of the upstream watch, and its schedule."""

from collections.abc import Iterable

import dagster as dg

from wmtp_assets.source import Source

SCHEDULE = "0 6 * * *"


def watch_job(repos: Iterable[dg.AssetsDefinition]):
    """The job that observes repositories; an asset selection by group would leave them out."""
    return dg.define_asset_job(
        "watch_upstream",
        selection=dg.AssetSelection.assets(*[repo.key for repo in repos]),
        description="Looks up the commit of main of each upstream repository; fetches nothing.",
    )


def daily_watch(job, source: Source) -> dg.ScheduleDefinition:
    """Runs the watch every morning; it is on for the Hub, where branches move by themselves."""
    running = source.name == "hub"
    return dg.ScheduleDefinition(
        name="daily_upstream_watch",
        job=job,
        cron_schedule=SCHEDULE,
        default_status=dg.DefaultScheduleStatus[("STOPPED", "RUNNING")[running]],
        description="Looks up every morning whether main moved; on by default for the Hub only.",
    )
