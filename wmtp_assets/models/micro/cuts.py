"""Which part of a stored model a micro model is.

| what             | kept                                                                     |
|------------------|--------------------------------------------------------------------------|
| residual channels| the first `dim`, the same in every tensor                                |
| attention heads  | the first `dim / head_dim`, whole: RoPE keeps its frequencies            |
| FFN channels     | the first `ffn`                                                          |
| heads (MTP)      | all blocks that predict a token: the last of `layers`, all `extra_heads` |
| other blocks     | spread evenly from the first to the last                                 |
| vocabulary       | whole                                                                    |

So every tensor is the leading part of one tensor of the source, and its settings follow from the
source's settings and the catalog's row. Nothing here reads a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wmtp_assets.catalog import MAX_TOKENS, Micro
from wmtp_assets.errors import BadInput
from wmtp_assets.models.architecture import (
    ModelSettings,
    Shapes,
    ffn_width,
    llama_shapes,
    meta_mtp_shapes,
)
from wmtp_assets.models.configs import PARAMS_KEYS, with_dtype

DTYPE = "float16"
# 64 x ceil(int(0.5 x int(8 x 512 / 3)) / 64) = 704, the width of the catalog's rows.
MULTIPLE_OF, FFN_DIM_MULTIPLIER = 64, 0.5
ROW_FIX = "mend the row of the micro model in wmtp_assets/published.py"


@dataclass(frozen=True)
class Cut:
    """One tensor: the leading part, in this shape, of a tensor of the source."""

    source: str
    target: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class MicroPlan:
    """A micro model before it is written.

    Attributes:
        params: params.json, for the multi-token models.
        config: config.json.
        kept: What was kept, in words, for metadata.json.
    """

    cuts: tuple[Cut, ...]
    params: Mapping[str, Any] | None
    config: Mapping[str, Any]
    kept: Mapping[str, Any]

    @property
    def shapes(self) -> Shapes:
        return {cut.target: cut.shape for cut in self.cuts}


def plan_mtp(micro: Micro, source: ModelSettings) -> MicroPlan:
    """Plan a multi-token micro model from the params.json of the stored one.

    Raises:
        BadInput: The source is too small, or the row contradicts itself.
    """
    whole = meta_mtp_shapes(source)
    future = source["n_future_tokens"]
    heads = micro.dim // micro.head_dim
    params = {key: value for key, value in source.items() if key in PARAMS_KEYS} | {
        "dim": micro.dim,
        "n_layers": micro.blocks,
        "n_heads": heads,
        "n_kv_heads": heads,
        "multiple_of": MULTIPLE_OF,
        "ffn_dim_multiplier": FFN_DIM_MULTIPLIER,
    }
    if ffn_width(params) != micro.ffn:
        raise BadInput(
            "the row states another FFN width",
            [f"{micro.ffn}, not {ffn_width(params)}"],
            ROW_FIX,
        )
    trunk = spread(source["n_layers"] - future, micro.blocks - future)
    blocks = {f"layers.{new}.": f"layers.{old}." for new, old in enumerate(trunk)}
    blocks[f"layers.{len(trunk)}."] = f"layers.{source['n_layers'] - future}."
    cuts = _cuts(meta_mtp_shapes(params, tied=micro.tied), whole, blocks)
    return MicroPlan(cuts, params, mtp_config(params, tied=micro.tied), _kept(micro, blocks))


def plan_untied(params: ModelSettings) -> MicroPlan:
    """Plan the form with a stored output projection from the params.json of the tied one."""
    shapes = meta_mtp_shapes(params)
    cuts = tuple(
        Cut("tok_embeddings.weight" if name == "output.weight" else name, name, shape)
        for name, shape in shapes.items()
    )
    kept = {"output.weight": "the bytes of tok_embeddings.weight, stored a second time"}
    return MicroPlan(cuts, dict(params), mtp_config(params, tied=False), kept)


def plan_llama(micro: Micro, source: ModelSettings) -> MicroPlan:
    """Plan a LLaMA micro model from the config.json of the stored one.

    Raises:
        BadInput: The source is too small.
    """
    whole = llama_shapes(source)
    heads = micro.dim // micro.head_dim
    config = dict(source) | {
        "hidden_size": micro.dim,
        "intermediate_size": micro.ffn,
        "num_hidden_layers": micro.blocks,
        "num_attention_heads": heads,
        "num_key_value_heads": heads,
        "tie_word_embeddings": micro.tied,
    }
    chosen = spread(source["num_hidden_layers"], micro.blocks)
    blocks = {f"model.layers.{new}.": f"model.layers.{old}." for new, old in enumerate(chosen)}
    cuts = _cuts(llama_shapes(config), whole, blocks)
    return MicroPlan(cuts, None, with_dtype(config, DTYPE), _kept(micro, blocks))


def mtp_config(params: ModelSettings, *, tied: bool) -> dict[str, Any]:
    """config.json of a multi-token model, for training code that reads it instead of params.json.

    The length is that of the longest record of the datasets, and Meta's own default.
    """
    return with_dtype(
        {
            "model_type": "meta-mtp",
            "hidden_size": params["dim"],
            "intermediate_size": ffn_width(params),
            "num_hidden_layers": params["n_layers"],
            "num_attention_heads": params["n_heads"],
            "num_key_value_heads": params.get("n_kv_heads", params["n_heads"]),
            "vocab_size": params["vocab_size"],
            "n_future_tokens": params["n_future_tokens"],
            "rope_theta": params["rope_theta"],
            "rms_norm_eps": params["norm_eps"],
            "max_position_embeddings": params.get("max_seq_len", MAX_TOKENS),
            "tie_word_embeddings": tied,
        },
        DTYPE,
    )


def spread(blocks: int, kept: int) -> list[int]:
    """Numbers of `kept` of the blocks, evenly from the first to the last.

    Raises:
        BadInput: There are not that many.
    """
    if kept > blocks or kept < 0:
        raise BadInput("the source has too few blocks", [f"{blocks}, {kept} wanted"], ROW_FIX)
    if kept < 2:
        return list(range(kept))
    return [number * (blocks - 1) // (kept - 1) for number in range(kept)]


def _cuts(shapes: Shapes, whole: Shapes, blocks: Mapping[str, str]) -> tuple[Cut, ...]:
    cuts, wrong = [], []
    for name, shape in shapes.items():
        block = next((new for new in blocks if name.startswith(new)), "")
        source = blocks.get(block, "") + name.removeprefix(block)
        there = whole.get(source, ())
        if len(there) != len(shape) or any(a < b for a, b in zip(there, shape, strict=True)):
            wrong.append(f"{name} {list(shape)} from {source} {list(there)}")
        cuts.append(Cut(source, name, shape))
    if wrong:
        raise BadInput("the source is too small for the micro model", wrong, ROW_FIX)
    return tuple(cuts)


def _kept(micro: Micro, blocks: Mapping[str, str]) -> dict[str, Any]:
    return {
        "residual_channels": f"the first {micro.dim} in every tensor",
        "attention_heads": f"the first {micro.dim // micro.head_dim}, {micro.head_dim} wide, whole",
        "ffn_channels": f"the first {micro.ffn}",
        "blocks": {new.rstrip("."): old.rstrip(".") for new, old in blocks.items()},
        "output": "tied to the input embedding" if micro.tied else "stored",
    }
