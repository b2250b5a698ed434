"""How a raw asset stands to its upstream repository in the Dagster record.

Dagster notes, with each materialization, which version every input had, and shows "upstream
changed" while the newest known version is another one. For raw files the input is the commit that
the lock holds, not what was seen last: fetched again under the lock, they are still of the old
commit, and must still be shown so.
"""

from collections.abc import Callable, Iterator, Mapping

import dagster as dg

from wmtp_assets.catalog import Catalog, Dataset, Model
from wmtp_assets.deployment import Deployment
from wmtp_assets.errors import BadInput
from wmtp_assets.hub.lock import locked_repo
from wmtp_assets.raw.upstream.watch import moved
from wmtp_assets.record import DATA_VERSION_TAG, INPUT_VERSION_TAG, seen_by_runs, seen_in

GROUP = "upstream"


def upstream_key(raw: str) -> dg.AssetKey:
    """The key of the upstream repository of a raw asset: meta_mtp/raw -> upstream/meta_mtp."""
    return dg.AssetKey([GROUP, raw.split("/")[0]])


def made_from_commit(
    context: dg.AssetExecutionContext, raw: str, commit: str, result: dg.MaterializeResult
) -> dg.MaterializeResult:
    """The result of a raw asset, with the commit of its files as the version of its input.

    An upstream repository that was never observed is recorded at that commit: else the first
    observation would look like a change.
    """
    key = upstream_key(raw)
    if not context.instance.fetch_observations(key, limit=1).records:
        context.log_event(observation(raw, commit, "The commit of what was fetched."))
    input_version = {f"{INPUT_VERSION_TAG}/{key.to_user_string()}": commit}
    return result._replace(tags={**(result.tags or {}), **input_version})


def observation(raw: str, commit: str, description: str) -> dg.AssetObservation:
    """An observation of upstream at a commit, for runs that do something else than observing."""
    return dg.AssetObservation(
        upstream_key(raw),
        description=description,
        metadata={"says": description},
        tags={DATA_VERSION_TAG: commit},
    )


def moved_upstreams(
    instance: dg.DagsterInstance,
    deployment: Deployment,
    rows: Mapping[str, Callable[[Catalog], Model | Dataset]],
) -> Iterator[str]:
    """One sentence for each repository that was last seen at another commit than the locked one.

    Args:
        rows: Raw asset -> its catalog row.
    """
    for raw, row in rows.items():
        repo = row(deployment.catalog).repo
        try:
            locked = locked_repo(deployment.store.lock, repo)
        except BadInput as error:
            yield str(error)
            return
        seen = _last_seen(instance, raw)
        if locked is not None and seen not in (None, locked.commit):
            yield moved(repo, seen, locked.commit)


def _last_seen(instance: dg.DagsterInstance, raw: str) -> str | None:
    """The commit that a run saw last; what was posted to the webserver is nothing."""
    newest = next(seen_by_runs(instance, upstream_key(raw)), None)
    return (seen_in(newest).tags or {}).get(DATA_VERSION_TAG) if newest else None
