"""The upstream repositories as observable assets, one for each raw asset."""

from collections.abc import Iterator

import dagster as dg

from wmtp_assets.catalog import Catalog
from wmtp_assets.deployment import Deployment
from wmtp_assets.hub.lock import locked_repo
from wmtp_assets.printable import printable
from wmtp_assets.raw.assets import RAW, Row
from wmtp_assets.raw.upstream.observations import GROUP, upstream_key
from wmtp_assets.raw.upstream.watch import observed
from wmtp_assets.record import observable


def publisher(raw: str, catalog: Catalog) -> str:
    """Who owns the upstream repository of a raw asset, as Dagster writes it: team:facebook."""
    row, _, _ = RAW[raw]
    return f"team:{row(catalog).repo.id.split('/')[0]}"


def watched_repo(*, raw: str, row: Row) -> dg.AssetsDefinition:
    """The upstream repository of one raw asset: observable, never made."""

    def watch(
        context: dg.AssetExecutionContext, deployment: dg.ResourceParam[Deployment]
    ) -> Iterator[dg.ObserveResult]:
        repo = row(deployment.catalog).repo
        locked = locked_repo(deployment.store.lock, repo)
        commit, facts = observed(deployment.source, repo, locked.commit if locked else None)
        context.log.info(printable(facts["says"]))
        yield dg.ObserveResult(
            metadata={"repo": dg.MetadataValue.url(repo.url), **facts},
            data_version=dg.DataVersion(commit),
        )

    spec = dg.AssetSpec(
        key=upstream_key(raw),
        group_name=GROUP,
        kinds={"huggingface"},
        description="Upstream repository; its version is the commit of main, observed daily.",
    )
    return observable(spec, watch)


watched_repos = {raw: watched_repo(raw=raw, row=row) for raw, (row, _, _) in RAW.items()}
