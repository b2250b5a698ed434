"""The upstream repositories as observable assets, one for each raw asset."""

import warnings

import dagster as dg

from wmtp_assets.deployment import Deployment
from wmtp_assets.hub.lock import locked_repo
from wmtp_assets.printable import printable
from wmtp_assets.raw.assets import RAW, Row
from wmtp_assets.raw.upstream.observations import GROUP, upstream_key
from wmtp_assets.raw.upstream.watch import observed


def watched_repo(*, raw: str, row: Row) -> dg.SourceAsset:
    """The upstream repository of one raw asset: observable, and without an owner among us."""

    def watch(
        context: dg.OpExecutionContext, deployment: dg.ResourceParam[Deployment]
    ) -> dg.ObserveResult:
        repo = row(deployment.catalog).repo
        locked = locked_repo(deployment.store.lock, repo)
        commit, facts = observed(deployment.source, repo, locked.commit if locked else None)
        context.log.info(printable(facts["says"]))
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
