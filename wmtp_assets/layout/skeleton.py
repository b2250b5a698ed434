"""The folders that a storage has before anything is in them."""

from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.folders import DATASETS as DATASETS_V2
from wmtp_assets.folders import MODELS as MODELS_V2
from wmtp_assets.folders import SMALL_SETS
from wmtp_assets.models.micro.rows import MICROS
from wmtp_assets.models.rows import REQUIRED

# Plan, Step 1, and the micro models of Step 5; raw/ of a micro model stays empty.
SKELETON = tuple(
    [
        f"{MODELS_V2}/{model}/{part}"
        for model in (
            *(row.published.folder for row in REQUIRED.values()),
            *(row.published.folder for row in MICROS.values()),
        )
        for part in ("raw", "safetensors", "configs", "tokenizer")
    ]
    + [
        f"{DATASETS_V2}/{dataset}/{part}"
        for dataset in DATASETS
        for part in ("raw", "processed", "stats")
    ]
    + [f"{SMALL_SETS}/{dataset}_small" for dataset in DATASETS]
)
