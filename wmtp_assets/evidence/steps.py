"""The user's plan as data: Steps 0-11, and which assets carry each one.

Source: the Phase 1 plan of the WMTP project. Steps 6-8 are one in the plan's text (download,
convert, statistics) and keep their three numbers here.
"""

from dataclasses import dataclass

from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.models.micro.rows import MICROS
from wmtp_assets.models.rows import REQUIRED


@dataclass(frozen=True)
class Step:
    """One step of the plan; `assets` carry it, `checks` narrows to some of their checks."""

    number: int
    title: str
    goal: str
    assets: tuple[str, ...]
    checks: tuple[str, ...] = ()


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _made_in(step: int) -> tuple[str, ...]:
    """What is made of the models that a step asks for."""
    rows = [row for row in REQUIRED.values() if row.step == step]
    return tuple(f"{row.name}/{part}" for row in rows for part in row.parts)


_META, _REF = _made_in(3), _made_in(4)
_RAW_DATA = tuple(f"{name}/raw" for name in DATASETS)
_SPLITS = (
    *(f"{name}/{split}" for name, row in DATASETS.items() for split in row.splits),
    *(f"{name}/schema" for name in DATASETS),
)
_STATS = tuple(f"{name}/{part}" for name in DATASETS for part in ("stats", "small"))
_DATA = _listed([row.title for row in DATASETS.values()])
_MICRO = tuple(MICROS)
_MODELS_RAW = tuple(f"{name}/raw" for name in REQUIRED)
_RELEASES = _listed([row.release for row in REQUIRED.values()])

ENVIRONMENT_CHECKS = ("environment_is_supported", "no_leftovers_of_older_layouts")
README = "reports/storage_readme"
COMPLETION = "reports/completion_report"
REPORTS = (
    README,
    "reports/asset_inventory",
    "reports/migration_notes",
    COMPLETION,
)

STEPS = (
    Step(
        0,
        "Preparation",
        "A supported environment and a storage without leftovers; `reset_storage` clears it.",
        ("storage_layout",),
        ENVIRONMENT_CHECKS,
    ),
    Step(
        1,
        "Folder layout",
        "The v2 skeleton of models, datasets and small sets.",
        ("storage_layout",),
    ),
    Step(2, "Raw models", f"{_RELEASES} as published, proven.", _MODELS_RAW),
    Step(3, "Meta MTP", "Verified float16 safetensors, configs, tokenizer, metadata.", _META),
    Step(4, "Sheared-LLaMA", "Merged float16 safetensors; the same tokenizer as Meta's.", _REF),
    Step(
        5,
        "Micro models",
        "Policy and reference, weights below 50 MB for a laptop; Rho-1 scoring runs with both.",
        _MICRO,
    ),
    Step(6, "Raw datasets", f"{_DATA} as published, proven.", _RAW_DATA),
    Step(7, "Conversion", "Alpaca JSONL with the exact 2048-token filter, and schema.", _SPLITS),
    Step(8, "Statistics and small sets", "Numbers, plots, leakage findings, small sets.", _STATS),
    Step(
        9,
        "Integrity",
        "Digests, dtype and schema of all of it read back from the disk.",
        (*_MODELS_RAW, *_META, *_REF, *_MICRO, *_RAW_DATA, *_SPLITS, *_STATS),
    ),
    Step(10, "Documents", "Inventory, migration notes, completion report, README.", REPORTS),
    Step(
        11,
        "Approval",
        "Reviewer and product owner sign; the approved storage is backed up and tagged.",
        ("signoff/approval",),
    ),
)
