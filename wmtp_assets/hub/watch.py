"""The upstream watch: which commit the main branch of each repository is at, looked up daily.

An observation changes nothing on the disk: the UI shows "upstream changed" on the raw asset whose
files are of another commit, and the lock is obeyed until job renew_lock is told otherwise.
"""

import warnings
from collections.abc import Iterable, Mapping

import dagster as dg

from wmtp_assets.catalog import Repo
from wmtp_assets.hub.assets import RAW, Row
from wmtp_assets.hub.lock import locked_repo
from wmtp_assets.hub.sources import Source
from wmtp_assets.hub.upstream import GROUP, upstream_key
from wmtp_assets.setup import Setup

WATCHED = "main"
SCHEDULE = "0 6 * * *"


def moved(repo: Repo, main: str, locked: str | None) -> str:
    """One sentence: where main is, and where the lock."""
    if locked is None:
        return f"{repo.id}: main is at {main}; nothing is locked yet"
    if locked == main:
        return f"{repo.id}: main is at the locked commit {main}"
    # Where the catalog pins a commit, the lock can follow only after the catalog.
    follow = "job renew_lock shows the difference"
    if repo.revision != WATCHED:
        follow = f"the catalog pins {repo.revision}; to follow, change its revision there first"
    return f"{repo.id}: main moved to {main}, the lock holds {locked}; {follow}"


def observed(source: Source, repo: Repo, locked: str | None) -> tuple[str, Mapping[str, str]]:
    """Ask the source for the commit of main; returns it with what a person wants to read.

    Raises:
        BadInput: The source does not answer; the fix is that of a fetch.
    """
    main = source.list_files(repo, WATCHED).commit
    facts = {"main_commit": main, "locked_commit": locked or "none"}
    return main, {**facts, "says": moved(repo, main, locked)}


def watched_repo(*, raw: str, row: Row) -> dg.SourceAsset:
    """The upstream repository of one raw asset: observable, and without an owner among us."""

    def watch(context: dg.OpExecutionContext, setup: dg.ResourceParam[Setup]) -> dg.ObserveResult:
        repo = row(setup.catalog).repo
        locked = locked_repo(setup.store.lock, repo)
        commit, facts = observed(setup.source, repo, locked.commit if locked else None)
        context.log.info(facts["says"])
        return dg.ObserveResult(
            metadata={"repo": dg.MetadataValue.url(repo.url), **facts},
            data_version=dg.DataVersion(commit),
        )

    with warnings.catch_warnings():
        # Beta in Dagster 1.13, and said so on every start; test_watch.py pins what it must do.
        warnings.simplefilter("ignore", dg.BetaWarning)
        observable = dg.observable_source_asset(
            key=upstream_key(raw),
            group_name=GROUP,
            tags={"dagster/kind/huggingface": ""},
            description="Upstream repository; its version is the commit of main, observed daily.",
        )
        return observable(watch)


watched_repos = {raw: watched_repo(raw=raw, row=row) for raw, (row, _, _) in RAW.items()}


def watch_job(repos: Iterable[dg.SourceAsset], config: dict):
    """The job that observes repositories; an asset selection by group would leave them out."""
    return dg.define_asset_job(
        "watch_upstream",
        selection=dg.AssetSelection.assets(*[repo.key for repo in repos]),
        description="Looks up the commit of main of each upstream repository; fetches nothing.",
        config=config,
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
