"""The jobs, as a table of what each one selects, and how their steps run."""

import sys
from collections.abc import Iterable

import dagster as dg

from wmtp_assets.approval.events import APPROVAL_KEY
from wmtp_assets.catalog import TOKEN_COUNT_MODEL
from wmtp_assets.checking.asset_checks import DEEP_TAG, EVERY_BYTE
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.evidence.judge import DOCUMENT_GROUPS
from wmtp_assets.models.micro.scored_rows import SCORED_KEY, SCORED_TITLE
from wmtp_assets.models.row import TOKENIZER
from wmtp_assets.models.rows import MODELS, OPTIONAL, OPTIONAL_JOBS, REQUIRED
from wmtp_assets.priority import LARGE
from wmtp_assets.runs.executor import reporting_executor

# The sample: most of its steps are short, and a process for each costs 0.8 s more a step.
IN_PROCESS = {"in_process": {}}
# Real sizes: models and datasets go side by side.
PRELOADED = ["wmtp_assets.definitions"]
# As short at any size, but for files that were touched: those are read.
ONE_PROCESS = {"verify_storage", "report"}
# What many steps of a job import: 0.4 s a step for a dataset, 2 s for a model, or once for all.
_DATASET_LIBRARIES = ("datasets", "matplotlib.backends.backend_agg", "matplotlib.figure")
_MODEL_LIBRARIES = (
    "torch",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.auto.modeling_auto",
    "transformers.models.llama.modeling_llama",
)
LIBRARIES: dict[str, tuple[str, ...]] = {
    "phase1": (*_DATASET_LIBRARIES, *_MODEL_LIBRARIES),
    "models": _MODEL_LIBRARIES,
    "datasets": _DATASET_LIBRARIES,
    "verify_storage_deep": (*_DATASET_LIBRARIES, *_MODEL_LIBRARIES),
}

_all = dg.AssetSelection.all()
_documents = dg.AssetSelection.groups(*DOCUMENT_GROUPS)
_datasets = dg.AssetSelection.groups(*DATASETS)
_titles = ", ".join(row.title for row in DATASETS.values())
_required = ", ".join(row.title for row in REQUIRED.values())


def _assets_of(models: Iterable[str]) -> dg.AssetSelection:
    """By key: a group may have models of several jobs."""
    return dg.AssetSelection.key_prefixes(*models)


# job -> (selection, what it is for)
ASSET_JOBS: dict[str, tuple[dg.AssetSelection, str]] = {
    "phase1": (
        _all - _documents - _assets_of(OPTIONAL),
        "Materializes and checks every artifact of Phase 1 (optional models aside).",
    ),
    "models": (
        dg.AssetSelection.groups("layout", "micro")
        | _assets_of(REQUIRED)
        | dg.AssetSelection.assets(SCORED_KEY).upstream(),
        f"Materializes and checks {_required}, the micro models and the "
        f"{SCORED_TITLE} rows that rho1_compatible scores.",
    ),
    "datasets": (
        dg.AssetSelection.groups("layout")
        | _datasets
        | dg.AssetSelection.assets([TOKEN_COUNT_MODEL, TOKENIZER]),
        f"Materializes and checks {_titles}; needs no Meta licence.",
    ),
    **{
        row.job.name: (
            dg.AssetSelection.groups("layout") | _assets_of([row.name]),
            row.job.description,
        )
        for row in MODELS.values()
        if row.job
    },
    "report": (
        # With the check of the approval; its tile shows when it was looked at.
        (_documents & _all) | dg.AssetSelection.assets(APPROVAL_KEY),
        "Writes the documents from the record, and judges the approval; runs after every phase1.",
    ),
}


def executor_of_jobs(storage_root: str, *, sample: bool) -> dg.ExecutorDefinition:
    """How the runs of each job run, where their run config does not choose."""
    if sample:
        return reporting_executor(IN_PROCESS, storage_root)
    of_jobs = dict.fromkeys(ONE_PROCESS, IN_PROCESS)
    of_jobs |= {job: forkserver(modules) for job, modules in LIBRARIES.items()}
    return reporting_executor(forkserver(), storage_root, of_jobs)


def forkserver(libraries: Iterable[str] = ()) -> dict:
    """A process for each step, forked from one that has loaded what the steps need."""
    modules = list(PRELOADED)
    if sys.platform == "linux":  # elsewhere the fork of a process with such libraries may crash
        modules += libraries
    modules.append("wmtp_assets.runs.before_forks")
    return {
        "multiprocess": {
            "start_method": {"forkserver": {"preload_modules": modules}},
            "tag_concurrency_limits": [{"key": key, "limit": 1} for key in LARGE],
        }
    }


def asset_jobs(*, with_reward_model: bool) -> list:
    """The jobs that materialize."""
    return [
        dg.define_asset_job(name, selection=selection, description=description)
        for name, (selection, description) in ASSET_JOBS.items()
        if with_reward_model or name not in OPTIONAL_JOBS
    ]


def verification_jobs(checks: list[dg.AssetChecksDefinition]) -> list:
    """The jobs that only evaluate checks: quick ones, and all.

    Optional models are left out: a check of an asset that was never materialized runs too.
    """
    specs = [
        spec
        for definition in checks
        for spec in definition.check_specs
        if spec.asset_key.path[0] not in OPTIONAL
    ]
    quick = [spec for spec in specs if spec.metadata[DEEP_TAG] != EVERY_BYTE]
    return [
        dg.define_asset_job(
            "verify_storage",
            selection=dg.AssetSelection.checks(*[spec.key for spec in quick]),
            description="Runs the quick checks of what is stored: sizes, headers, configs.",
        ),
        dg.define_asset_job(
            "verify_storage_deep",
            selection=dg.AssetSelection.checks(*[spec.key for spec in specs]),
            description="Runs all checks of what is stored, every byte read again.",
        ),
    ]
