"""The folders that a storage has before anything is in them."""

from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.folders import DATASETS as DATASETS_V2
from wmtp_assets.folders import MODELS, SMALL_SETS
from wmtp_assets.models.micro.rows import MICROS

# Plan, Step 1, and the micro models of Step 5; raw/ of a micro model stays empty.
SKELETON = tuple(
    [
        f"{MODELS}/{model}/{part}"
        for model in (
            "meta-llama-mtp",
            "ref-sheared-llama-2.7b",
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
