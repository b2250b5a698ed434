"""The raw assets: one per upstream repository, its files as published."""

import time
from collections.abc import Callable
from operator import methodcaller

import dagster as dg

from wmtp_assets.catalog import Catalog, Dataset, Model
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.deployment import Deployment
from wmtp_assets.hub.fetch import fetch_files
from wmtp_assets.hub.stored import raw_folder
from wmtp_assets.models.rows import MODELS
from wmtp_assets.printable import reporter
from wmtp_assets.priority import priority_tags
from wmtp_assets.raw.upstream.observations import made_from_commit, upstream_key
from wmtp_assets.record import materialized

Row = Callable[[Catalog], Model | Dataset]

# asset key -> (its catalog row, kinds, the first line that a person reads)
RAW: dict[str, tuple[Row, set[str], str]] = {
    **{
        f"{name}/raw": (methodcaller("model", name), {"huggingface", "pytorch"}, row.raw)
        for name, row in MODELS.items()
    },
    **{
        f"{name}/raw": (methodcaller("dataset", name), {"huggingface", "parquet"}, row.raw)
        for name, row in DATASETS.items()
    },
}


def raw_asset(*, key: str, row: Row, kinds: set[str], description: str) -> dg.AssetsDefinition:
    """The raw files of one repository, fetched at the locked commit and proven."""
    name = key.split("/")[0]

    @dg.asset(
        key=key.split("/"),
        group_name=MODELS[name].group_name if name in MODELS else name,
        deps=["storage_layout", upstream_key(key)],
        kinds=kinds,
        # Only a name: a limit is for whoever sets one. Two runs are kept apart by the guard of each
        # file; a run that was killed would keep its place in a limited pool for ever.
        pool=f"fetch_{name}",
        op_tags=priority_tags(key),
        code_version="1",
        description=description,
    )
    def raw(
        context: dg.AssetExecutionContext, deployment: dg.ResourceParam[Deployment]
    ) -> dg.MaterializeResult:
        started = time.monotonic()
        entry = row(deployment.catalog)
        folder = raw_folder(deployment.store, entry)
        fetched = fetch_files(
            deployment.source,
            entry.repo,
            entry.raw,
            folder,
            deployment.store.lock,
            reporter(context.log.info),
        )
        result = materialized(
            deployment,
            folder,
            fetched.files,
            repo=entry.repo,
            commit=fetched.commit,
            started=started,
            files_kept=fetched.kept,
            fetched_bytes=fetched.fetched_bytes,
        )
        return made_from_commit(context, key, fetched.commit, result)

    return raw


raw_assets = {
    key: raw_asset(key=key, row=row, kinds=kinds, description=description)
    for key, (row, kinds, description) in RAW.items()
}
