"""The only assembly point: which assets, checks and jobs make up the graph.

`defs` is the graph for the settings of the environment; `build_definitions` makes it for any
catalog and source, as the tests do.
"""

import warnings
from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import dagster as dg

from wmtp_assets.approval.assets import approval
from wmtp_assets.approval.checks import approval_checks
from wmtp_assets.approval.jobs import review_phase1
from wmtp_assets.approval.signing import NoSigner
from wmtp_assets.automation.sensors import (
    dead_runs,
    evidence_alarms,
    notice_sensors,
    report_sensor,
    verification_schedules,
)
from wmtp_assets.backup.jobs import backup, backup_checks, backup_storage, verify_backup
from wmtp_assets.catalog import Catalog
from wmtp_assets.checking.accepted import require_declared
from wmtp_assets.datasets.assets import dataset_assets
from wmtp_assets.datasets.checks import dataset_checks
from wmtp_assets.datasets.stats.assets import stats_assets
from wmtp_assets.datasets.stats.checks import stats_checks
from wmtp_assets.deployment import Deployment
from wmtp_assets.descriptions import artifact_of, describe
from wmtp_assets.documents.assets import checklist, report_assets
from wmtp_assets.documents.checks import document_checks
from wmtp_assets.evidence.asset_tags import asset_tags
from wmtp_assets.evidence.judge import DOCUMENT_GROUPS
from wmtp_assets.evidence.read import Declared
from wmtp_assets.hub.sources import HubSource, MirrorSource
from wmtp_assets.jobs import asset_jobs, executor_of_jobs, verification_jobs
from wmtp_assets.layout.assets import storage_layout
from wmtp_assets.layout.checks import storage_layout_checks
from wmtp_assets.layout.jobs import reset_storage
from wmtp_assets.models.assets import model_assets
from wmtp_assets.models.checks import model_checks
from wmtp_assets.models.micro.assets import micro_assets
from wmtp_assets.models.micro.checks import micro_checks
from wmtp_assets.models.rows import OPTIONAL
from wmtp_assets.moving.jobs import record_move
from wmtp_assets.published import PUBLISHED
from wmtp_assets.raw.assets import raw_assets
from wmtp_assets.raw.checks import raw_asset_checks
from wmtp_assets.raw.jobs import mirror_job, renew_lock
from wmtp_assets.raw.upstream.assets import publisher, watched_repos
from wmtp_assets.raw.upstream.jobs import daily_watch, watch_job
from wmtp_assets.runs.console import log_one_line_an_event, one_line_console
from wmtp_assets.settings import Settings, read_settings
from wmtp_assets.source import Source
from wmtp_assets.sqlite_record import be_patient
from wmtp_assets.storage_history import resolved
from wmtp_assets.store import Store
from wmtp_assets.training_view.jobs import check_training_view, write_training_view

OWNER = "team:wmtp"
OPTIONAL_ASSETS = [[name, part] for name, row in OPTIONAL.items() for part in ("raw", *row.parts)]

ASSETS = [
    storage_layout,
    *raw_assets.values(),
    *model_assets,
    *micro_assets,
    *dataset_assets,
    *stats_assets,
    *report_assets,
    checklist,
]
CHECKS = [
    storage_layout_checks,
    *raw_asset_checks.values(),
    *model_checks,
    *micro_checks,
    *dataset_checks,
    *stats_checks,
    *document_checks,
    approval_checks,
]


def build_definitions(
    *,
    catalog: Catalog,
    source: Source,
    storage_root: Path,
    docs_root: Path,
    workers: int = 1,
    scheduler: str | None = None,
    backup_url: str | None = None,
    reviewer_keys: Path | None = None,
    notices: Iterable[dg.SensorDefinition] = (),
    with_reward_model: bool = True,
) -> dg.Definitions:
    """The asset graph of one catalog, read from one source, stored below two folders.

    Args:
        workers: Processes that convert a dataset.
        scheduler: Address of a Dask scheduler that does so in their place.
        backup_url: Where the approved storage is copied to; without it no backup is in the graph.
        reviewer_keys: A folder of public keys: once given, only what they signed counts.
        notices: Sensors that tell people what evidence_alarms logs.
        with_reward_model: Whether the optional reward model is in the graph.

    Raises:
        BadInput: An accepted finding of the catalog names no declared check.
    """
    # The one spelling of the roots: evidence is found again by it.
    store = Store(resolved(storage_root), resolved(docs_root))
    deployment = Deployment(catalog, source, store, workers, scheduler, reviewer_keys)
    every_check = [spec for definition in CHECKS for spec in definition.check_specs]
    require_declared(
        catalog.accepted_findings,
        {(spec.asset_key.to_user_string(), spec.name) for spec in every_check},
    )

    def in_graph(definition: dg.AssetsDefinition | dg.AssetChecksDefinition) -> bool:
        keys = [spec.asset_key for spec in definition.check_specs] or definition.keys
        return with_reward_model or all(key.path[0] not in OPTIONAL for key in keys)

    def labelled(spec: dg.AssetSpec, *, owner: str = OWNER) -> dg.AssetSpec:
        return spec.merge_attributes(owners=[owner], tags=asset_tags(spec.key.path))

    def complete(spec: dg.AssetSpec) -> dg.AssetSpec:
        # Documents describe the optional model too, where it is in the graph: they wait for it.
        waits = with_reward_model and spec.group_name in DOCUMENT_GROUPS
        return labelled(spec).merge_attributes(deps=OPTIONAL_ASSETS if waits else ...)

    assets = [definition.map_asset_specs(complete) for definition in ASSETS if in_graph(definition)]
    assets = described(assets, catalog)
    checks = [definition for definition in CHECKS if in_graph(definition)]
    declared = Declared(
        tuple(spec for definition in assets for spec in definition.specs),
        tuple(spec for definition in checks for spec in definition.check_specs),
    )
    # No artifacts, hence no evidence: what upstream is at. Its owner is who publishes it.
    repos = [
        watched_repos[raw].map_asset_specs(partial(labelled, owner=publisher(raw, catalog)))
        for raw, asset in raw_assets.items()
        if in_graph(asset)
    ]
    watch = watch_job(repos)
    jobs = asset_jobs(with_reward_model=with_reward_model)
    [report] = [job for job in jobs if job.name == "report"]
    verifications = verification_jobs(checks)
    backed_up = backup_url is not None
    outside = [approval.map_asset_specs(labelled), *([backup] if backed_up else [])]
    return dg.Definitions(
        assets=with_source([*assets, *repos, *outside]),
        asset_checks=[*checks, *([backup_checks] if backed_up else [])],
        jobs=[
            *jobs,
            *verifications,
            review_phase1,
            record_move,
            watch,
            renew_lock,
            mirror_job,
            write_training_view,
            check_training_view,
            reset_storage,
            *([backup_storage, verify_backup] if backed_up else []),
        ],
        schedules=[
            daily_watch(watch, source),
            *verification_schedules(
                [*verifications, *([verify_backup] if backed_up else [])], source
            ),
        ],
        sensors=[dead_runs, report_sensor(report), evidence_alarms, *notices],
        resources={
            "deployment": deployment,
            "declared": declared,
            "signer": NoSigner(),
            "backup_url": backup_url,
        },
        executor=executor_of_jobs(str(store.root), sample=catalog.name == "sample"),
        loggers={"console": one_line_console},
    )


def with_source(assets: list[dg.AssetsDefinition]) -> list:
    """The assets with file and line of their code, to which the page links."""
    with warnings.catch_warnings():
        # Beta in Dagster 1.13, and said so on every start.
        warnings.simplefilter("ignore", dg.BetaWarning)
        return [*dg.with_source_code_references(assets)]


def described(assets: list[dg.AssetsDefinition], catalog: Catalog) -> list[dg.AssetsDefinition]:
    """The assets with all that their page says: behind the first line place, readers, snippet."""
    readers = defaultdict(set)
    for spec in (spec for definition in assets for spec in definition.specs):
        for dep in spec.deps:
            readers[dep.asset_key].add(spec.key.to_user_string())
    rows = {row.name: row for row in (*catalog.models, *catalog.micros, *catalog.datasets)}

    def tell(spec: dg.AssetSpec) -> dg.AssetSpec:
        key, what = spec.key.to_user_string(), spec.description or ""
        artifact = artifact_of(key, rows.get(spec.key.path[0]))
        return spec.replace_attributes(description=describe(key, what, artifact, readers[spec.key]))

    return [definition.map_asset_specs(tell) for definition in assets]


def _from_settings(settings: Settings) -> dg.Definitions:
    from wmtp_assets.sample.catalog import SAMPLE
    from wmtp_assets.sample.mirror import SampleSource

    sources = {
        "sample": lambda: SampleSource(settings.sample_mirror),
        "mirror": lambda: MirrorSource(settings.mirror),
        "hub": HubSource,
    }
    return build_definitions(
        catalog=SAMPLE if settings.source == "sample" else PUBLISHED,
        source=sources[settings.source](),
        storage_root=settings.storage,
        docs_root=settings.docs,
        workers=settings.workers,
        scheduler=settings.dask_scheduler,
        backup_url=settings.backup,
        reviewer_keys=settings.reviewer_keys and settings.reviewer_keys.absolute(),
        notices=notice_sensors(settings.slack_channel, settings.email_to, settings.email_from),
        with_reward_model=settings.with_reward_model,
    )


# Also where DAGSTER_HOME has no dagster.yaml that names our storage.
be_patient()
log_one_line_an_event()
defs = _from_settings(read_settings())
