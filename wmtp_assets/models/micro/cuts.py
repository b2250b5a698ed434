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
source's settings and the catalog's row. A source that is tied itself stores no output projection:
an untied model made of it has the embedding a second time. Nothing here reads a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wmtp_assets.catalog import MAX_TOKENS, Micro, MicroGeometry
from wmtp_assets.errors import BadInput
from wmtp_assets.models.configs import PARAMS_KEYS, with_dtype
from wmtp_assets.models.micro.ffn_settings import ffn_settings
from wmtp_assets.models.tensor_shapes import (
    ModelSettings,
    Shapes,
    ffn_width,
    head_dim,
    llama_shapes,
    meta_mtp_shapes,
)

DTYPE = "float16"
# The plan makes the micro models for a laptop of Apple's.
TARGET_DEVICE = "mps"
ROW_FIX = "mend the row of the micro model in wmtp_assets/models/micro/rows.py"
# output projection -> the embedding that it is where a model is tied
TIED_TO = {"output.weight": "tok_embeddings.weight", "lm_head.weight": "model.embed_tokens.weight"}


@dataclass(frozen=True)
class TensorCut:
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

    cuts: tuple[TensorCut, ...]
    params: Mapping[str, Any] | None
    config: Mapping[str, Any]
    kept: Mapping[str, Any]

    @property
    def shapes(self) -> Shapes:
        return {cut.target: cut.shape for cut in self.cuts}

    @property
    def settings(self) -> ModelSettings:
        """What another micro model is planned from."""
        return self.config if self.params is None else self.params


def plan_mtp(micro: Micro, source: ModelSettings, *, from_tied: bool = False) -> MicroPlan:
    """Plan a multi-token micro model from the params.json of its source.

    Args:
        from_tied: The source is tied itself, which params.json does not say.

    Raises:
        BadInput: The source is too small, or the row makes no model.
    """
    whole = meta_mtp_shapes(source, tied=from_tied)
    future, size = source["n_future_tokens"], micro.geometry
    heads = _heads(size, head_dim("dim", source["dim"], source["n_heads"]))
    params = {key: value for key, value in source.items() if key in PARAMS_KEYS} | {
        "dim": size.dim,
        "n_layers": size.blocks,
        "n_heads": heads,
        "n_kv_heads": heads,
        **ffn_settings(size.dim, size.ffn, ROW_FIX),
    }
    trunk = evenly_spaced(source["n_layers"] - future, size.blocks - future)
    blocks = {f"layers.{new}.": f"layers.{old}." for new, old in enumerate(trunk)}
    blocks[f"layers.{len(trunk)}."] = f"layers.{source['n_layers'] - future}."
    cuts = _cuts(meta_mtp_shapes(params, tied=micro.tied), whole, blocks)
    config = mtp_config(params, tied=micro.tied)
    return MicroPlan(cuts, params, config, _kept(micro, cuts, blocks))


def plan_llama(micro: Micro, source: ModelSettings) -> MicroPlan:
    """Plan a LLaMA micro model from the config.json of its source.

    Raises:
        BadInput: The source is too small, or the row makes no model.
    """
    whole, size = llama_shapes(source), micro.geometry
    width = head_dim("hidden_size", source["hidden_size"], source["num_attention_heads"])
    heads = _heads(size, width)
    config = dict(source) | {
        "hidden_size": size.dim,
        "intermediate_size": size.ffn,
        "num_hidden_layers": size.blocks,
        "num_attention_heads": heads,
        "num_key_value_heads": heads,
        "tie_word_embeddings": micro.tied,
        "target_device": TARGET_DEVICE,
    }
    chosen = evenly_spaced(source["num_hidden_layers"], size.blocks)
    blocks = {f"model.layers.{new}.": f"model.layers.{old}." for new, old in enumerate(chosen)}
    cuts = _cuts(llama_shapes(config), whole, blocks)
    return MicroPlan(cuts, None, with_dtype(config, DTYPE), _kept(micro, cuts, blocks))


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
            "target_device": TARGET_DEVICE,
        },
        DTYPE,
    )


def evenly_spaced(blocks: int, kept: int) -> list[int]:
    """Numbers of `kept` of the blocks, evenly from the first to the last.

    Raises:
        BadInput: There are not that many.
    """
    if kept > blocks or kept < 0:
        raise BadInput("the source has too few blocks", [f"{blocks}, {kept} wanted"], ROW_FIX)
    if kept < 2:
        return list(range(kept))
    return [number * (blocks - 1) // (kept - 1) for number in range(kept)]


def _heads(size: MicroGeometry, width: int) -> int:
    """How many heads of the source are kept; `width` is that of one of them."""
    if size.dim < 1 or size.head_dim != width or size.dim % width:
        culprit = f"dim {size.dim}, head_dim {size.head_dim}, {width} in the source"
        raise BadInput("the width is not a whole number of the source's heads", [culprit], ROW_FIX)
    return size.dim // width


def _cuts(shapes: Shapes, whole: Shapes, blocks: Mapping[str, str]) -> tuple[TensorCut, ...]:
    cuts, wrong = [], []
    for name, shape in shapes.items():
        block = next((new for new in blocks if name.startswith(new)), "")
        source = blocks.get(block, "") + name.removeprefix(block)
        if source in TIED_TO and source not in whole:
            source = TIED_TO[source]
        there = whole.get(source, ())
        if len(there) != len(shape) or any(a < b for a, b in zip(there, shape, strict=True)):
            wrong.append(f"{name} {list(shape)} from {source} {list(there)}")
        cuts.append(TensorCut(source, name, shape))
    if wrong:
        raise BadInput("the source is too small for the micro model", wrong, ROW_FIX)
    return tuple(cuts)


def _kept(micro: Micro, cuts: tuple[TensorCut, ...], blocks: Mapping[str, str]) -> dict[str, Any]:
    twice = [cut for cut in cuts if TIED_TO.get(cut.target) == cut.source]
    if twice:
        return {cut.target: f"the bytes of {cut.source}, stored a second time" for cut in twice}
    size = micro.geometry
    return {
        "residual_channels": f"the first {size.dim} in every tensor",
        "attention_heads": f"the first {size.dim // size.head_dim}, {size.head_dim} wide, whole",
        "ffn_channels": f"the first {size.ffn}",
        "blocks": {new.rstrip("."): old.rstrip(".") for new, old in blocks.items()},
        "output": "tied to the input embedding" if micro.tied else "stored",
    }
