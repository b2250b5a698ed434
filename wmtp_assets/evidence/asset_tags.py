"""The tags that people select assets by: `tag:step=3`, `tag:kind=model`."""

from collections.abc import Sequence

from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.evidence.judge import DOCUMENT_GROUPS
from wmtp_assets.evidence.steps import STEPS
from wmtp_assets.models.micro.rows import MICROS
from wmtp_assets.models.rows import MODELS

# The first part of an asset key -> what kind of thing it is.
KINDS: dict[str, str] = {
    "storage_layout": "layout",
    "upstream": "repository",
    **dict.fromkeys((*MODELS, *MICROS), "model"),
    **dict.fromkeys(DATASETS, "dataset"),
    **dict.fromkeys(DOCUMENT_GROUPS, "document"),
}
# A step that names some checks alone makes nothing; a later step looks at what an earlier one made.
STEP_OF: dict[str, int] = {
    asset: step.number for step in reversed(STEPS) if not step.checks for asset in step.assets
}


def asset_tags(path: Sequence[str]) -> dict[str, str]:
    """The tags of an asset by its key; `step` only where a step of the plan asks for it."""
    step = STEP_OF.get("/".join(path))
    return {"kind": KINDS[path[0]]} | ({} if step is None else {"step": str(step)})
