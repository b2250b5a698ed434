"""Which tensors a model has: names and shapes, from the settings that its config file states.

Nothing here reads a file. Sources of the layouts: llama/model.py of the repository
facebook/multi-token-prediction, and modeling_llama.py of transformers.
"""

import math
from collections.abc import Mapping
from typing import Any

from wmtp_assets.errors import BadInput
from wmtp_assets.files.strict import brief

Shapes = dict[str, tuple[int, ...]]
ModelSettings = Mapping[str, Any]

# No published model comes near: the widest FFN has 53,248 channels, the largest vocabulary 262,144
# pieces, the deepest LLaMA 126 blocks. What is larger is no setting, and nothing is built from it.
MOST, MOST_BLOCKS = 2**24, 10_000
COUNTS_BLOCKS = frozenset({"n_layers", "n_future_tokens", "num_hidden_layers"})
LARGEST_RATIO = 1e12

FIX = "compare the model's config file with geometry in wmtp_assets/models"


def ffn_width(params: ModelSettings) -> int:
    """Width of the feed-forward layers of a Meta model (llama/model.py, FeedForward).

    Raises:
        BadInput: A setting is missing or is no number.
    """
    dim, multiple = whole(params, "dim"), whole(params, "multiple_of")
    width = int(8 * dim / 3)
    if params.get("ffn_dim_multiplier") is not None:
        width = int(ratio(params, "ffn_dim_multiplier") * width)
    return multiple * math.ceil(width / multiple)


def meta_mtp_shapes(params: ModelSettings, *, tied: bool = False) -> Shapes:
    """Tensors of the Meta multi-token model: one trunk, one block for each future token.

    `layers` holds the trunk and, as its last block, the first head; `extra_heads` the others.

    Args:
        params: The content of params.json.
        tied: The output projection is the input embedding, and not stored.

    Raises:
        BadInput: A setting is missing, or the settings contradict each other.
    """
    dim, vocab = whole(params, "dim"), whole(params, "vocab_size")
    heads = whole(params, "n_heads")
    kv_heads = whole(params, "n_kv_heads") if params.get("n_kv_heads") is not None else heads
    future, blocks = whole(params, "n_future_tokens"), whole(params, "n_layers")
    width = head_dim("dim", dim, heads)
    trunk_and_first_head = blocks - future + 1
    if trunk_and_first_head < 1:
        culprit = f"n_layers {blocks}, {future} tokens"
        raise BadInput("fewer blocks than future tokens", [culprit], FIX)
    hidden = ffn_width(params)
    block = {
        "attention.wq.weight": (heads * width, dim),
        "attention.wk.weight": (kv_heads * width, dim),
        "attention.wv.weight": (kv_heads * width, dim),
        "attention.wo.weight": (dim, heads * width),
        "feed_forward.w1.weight": (hidden, dim),
        "feed_forward.w2.weight": (dim, hidden),
        "feed_forward.w3.weight": (hidden, dim),
        "attention_norm.weight": (dim,),
        "ffn_norm.weight": (dim,),
    }
    shapes: Shapes = {"tok_embeddings.weight": (vocab, dim)}
    for number in range(trunk_and_first_head):
        shapes |= {f"layers.{number}.{name}": shape for name, shape in block.items()}
    for number in range(future - 1):
        shapes |= {f"extra_heads.{number}.{name}": shape for name, shape in block.items()}
    shapes["norm.weight"] = (dim,)
    return shapes if tied else shapes | {"output.weight": (vocab, dim)}


def llama_shapes(config: ModelSettings) -> Shapes:
    """Tensors of a LLaMA causal language model of transformers; lm_head only when untied.

    Args:
        config: The content of config.json.

    Raises:
        BadInput: A setting is missing, or the settings contradict each other.
    """
    dim, hidden = whole(config, "hidden_size"), whole(config, "intermediate_size")
    heads, vocab = whole(config, "num_attention_heads"), whole(config, "vocab_size")
    kv_heads = whole(config, "num_key_value_heads")
    width = head_dim("hidden_size", dim, heads)
    block = {
        "self_attn.q_proj.weight": (heads * width, dim),
        "self_attn.k_proj.weight": (kv_heads * width, dim),
        "self_attn.v_proj.weight": (kv_heads * width, dim),
        "self_attn.o_proj.weight": (dim, heads * width),
        "mlp.gate_proj.weight": (hidden, dim),
        "mlp.up_proj.weight": (hidden, dim),
        "mlp.down_proj.weight": (dim, hidden),
        "input_layernorm.weight": (dim,),
        "post_attention_layernorm.weight": (dim,),
    }
    shapes: Shapes = {"model.embed_tokens.weight": (vocab, dim)}
    for number in range(whole(config, "num_hidden_layers")):
        shapes |= {f"model.layers.{number}.{name}": shape for name, shape in block.items()}
    shapes["model.norm.weight"] = (dim,)
    if not config.get("tie_word_embeddings", False):
        shapes["lm_head.weight"] = (vocab, dim)
    return shapes


def parameters(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """The number of values that tensors of these shapes hold."""
    return sum(math.prod(shape) for shape in shapes.values())


def head_dim(name: str, dim: int, heads: int) -> int:
    """Width of one head; `name` is the setting that states the width of all of them.

    Raises:
        BadInput: The width is not a whole number of heads.
    """
    if dim % heads:
        culprit = f"{name} {dim}, {heads} heads"
        raise BadInput("the width is not a whole number of heads", [culprit], FIX)
    return dim // heads


def whole(settings: ModelSettings, name: str) -> int:
    """A setting that is a positive whole number, and not one that no model has.

    Raises:
        BadInput: It is missing or something else.
    """
    value = settings.get(name)
    most = MOST_BLOCKS if name in COUNTS_BLOCKS else MOST
    if type(value) is not int or not 1 <= value <= most:
        raise wrong_setting(name, value)
    return value


def ratio(settings: ModelSettings, name: str, default: float | None = None) -> float:
    """A setting that is a positive number.

    Raises:
        BadInput: It is missing or something else.
    """
    value = settings.get(name, default)
    if type(value) not in (int, float) or not 0 < value <= LARGEST_RATIO:
        raise wrong_setting(name, value)
    return float(value)


def wrong_setting(name: str, value: Any) -> BadInput:
    """The error that names a setting and what it holds."""
    return BadInput(
        "a setting of the model is missing or none that a model has",
        [f"{name}: {brief(value)}"],
        FIX,
    )
