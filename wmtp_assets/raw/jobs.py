"""Jobs on what was downloaded: renew_lock follows upstream when told, write_mirror hands it on."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from wmtp_assets.deployment import Deployment
from wmtp_assets.errors import BadInput
from wmtp_assets.hub.lock import LockedRepo, locked_repo, replace_entry
from wmtp_assets.hub.mirror import require_own_folder, write_mirror
from wmtp_assets.hub.renewal import Renewal, plan_renewal
from wmtp_assets.hub.stored import find_locked, wanted_files
from wmtp_assets.printable import printable, reporter
from wmtp_assets.raw.assets import RAW
from wmtp_assets.raw.upstream.observations import observation
from wmtp_assets.raw.upstream.watch import WATCHED


class RenewConfig(dg.Config):
    """Nothing is changed unless `renew` is true; `only` names repositories, all if empty."""

    renew: bool = False
    only: list[str] = []


@dataclass(frozen=True)
class LockChange:
    """The difference of the repository of one raw asset, or why there is none."""

    raw: str
    summary: str
    renewal: Renewal | None = None
    error: BadInput | None = None


def lock_changes(deployment: Deployment, only: list[str]) -> Iterator[LockChange]:
    """The differences of all locked repositories; one that cannot be asked hides no other.

    Raises:
        BadInput: `only` names a repository that is not of the catalog.
    """
    rows = {raw: row(deployment.catalog) for raw, (row, _, _) in RAW.items()}
    known = {row.repo.id for row in rows.values()}
    if unknown := sorted(set(only) - known):
        raise BadInput("not in the catalog", unknown, f"known are {', '.join(sorted(known))}")
    for raw, row in rows.items():
        if only and row.repo.id not in only:
            continue
        old = locked_repo(deployment.store.lock, row.repo)
        if old is None:
            yield LockChange(raw, f"{row.repo.id}: not locked, its first fetch locks it")
            continue
        try:
            renewal = plan_renewal(deployment.source, row.repo, row.raw, old)
            yield LockChange(raw, "\n".join(map(printable, renewal.lines)), renewal)
        except BadInput as error:
            yield LockChange(raw, f"{row.repo.id}: {error}", error=error)


@dg.op(description="Lists what following the source changes in the lock; changes it when told.")
def renew_locked_repos(
    context: dg.OpExecutionContext, config: RenewConfig, deployment: dg.ResourceParam[Deployment]
) -> None:
    renewed, errors = [], []
    for planned in lock_changes(deployment, config.only):
        context.log.info(planned.summary)
        if planned.error:
            errors.append(str(planned.error))
            continue
        found = planned.renewal
        if found and found.repo.revision == WATCHED:
            context.log_event(observation(planned.raw, found.commit, "Seen by job renew_lock."))
        if found and found.differs:
            renewed.append(planned.raw)
            if config.renew:
                files = found.locked_files
                replace_entry(deployment.store.lock, found.repo, found.old, found.commit, files)
    if not renewed:
        context.log.info("nothing to renew")
    elif config.renew:
        context.log.info(f"the lock is renewed; now materialize {', '.join(renewed)}")
    else:
        context.log.info("nothing was changed; run with renew: true to renew the lock")
    if errors:
        raise BadInput(
            "some repositories could not be compared", errors, "see each error, then run it again"
        )


@dg.job(
    description="Shows what following the source changes in sources.lock.json; renews when told.",
)
def renew_lock() -> None:
    renew_locked_repos()


class MirrorConfig(dg.Config):
    """`target` is an absolute folder; it is made, or completed."""

    target: str


def mirrored_repos(deployment: Deployment) -> list[tuple[LockedRepo, dict[str, Path]]]:
    """What is locked of each repository, and where its files lie.

    Raises:
        BadInput: Nothing is locked, or locked files are not on disk; all are named.
    """
    repos, missing = [], []
    for row, _, _ in RAW.values():
        entry = row(deployment.catalog)
        locked = locked_repo(deployment.store.lock, entry.repo)
        if locked is not None:
            disk = find_locked(deployment.store, entry, locked, wanted_files(entry))
            missing += [f"{entry.repo.id}/{path}" for path in disk.missing]
            repos.append((locked, disk.found))
    if missing or not repos:
        raise BadInput(
            "the storage lacks published files, or their size differs"
            if missing
            else f"{deployment.store.lock} holds nothing to mirror",
            missing,
            "materialize the raw assets and tokenizers first, such as by job phase1",
        )
    return repos


@dg.op(description="Links or copies the published files into a folder, each one read and proven.")
def write_mirror_folder(
    context: dg.OpExecutionContext, config: MirrorConfig, deployment: dg.ResourceParam[Deployment]
) -> None:
    target = Path(config.target)
    require_own_folder(target, deployment.store.root)
    repos = mirrored_repos(deployment)
    report = reporter(context.log.info)
    done = write_mirror(target, repos, report)
    here = {locked.repo for locked, _ in repos}
    rows = [row(deployment.catalog).repo.id for row, _, _ in RAW.values()]
    report(
        f"{target}: {len(here)} repositories, {done.size_bytes:,} bytes; files kept {done.kept}, "
        f"linked {done.linked}, copied {done.copied}. Read it with WMTP_SOURCE=mirror "
        f"WMTP_MIRROR_DIR={target}"
    )
    for absent in sorted(set(rows) - here):
        context.log.info(f"not in this storage, hence not in the mirror: {absent}")


@dg.job(
    name="write_mirror",
    description="Writes a mirror folder of the published files, for a site without network.",
)
def mirror_job() -> None:
    write_mirror_folder()
