"""The sample's model repositories, in exactly the published layout.

Random weights, the same bytes on every machine that writes them with the pinned torch; files,
names, dtypes and shards are those of the real repositories, only smaller. One tensor after the
other is made, and a shard is freed before the next.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wmtp_assets.catalog import Model
from wmtp_assets.models.starling_rm import starling_shapes
from wmtp_assets.models.tensor_shapes import Shapes, llama_shapes, meta_mtp_shapes
from wmtp_assets.models.tokenizer.files import read_vocabulary, tokenizer_json
from wmtp_assets.sample.installed import file_of_package

if TYPE_CHECKING:
    import numpy as np
    import torch

SCALE = 0.02  # the initial scale of LLaMA's matrices; norms lie that close to one
SEEDS = {"meta": 1, "ref": 2, "starling": 3}
TOKENIZER = ("mistral_common", "data/tokenizer.model.v1")
SHARDS = ("pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin")


def write_meta_mtp(folder: Path, model: Model) -> None:
    """Write facebook/multi-token-prediction: consolidated.pth and params.json, one tokenizer."""
    checkpoint = folder / model.checkpoint
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    _save(_weights(meta_mtp_shapes(model.geometry), _random("meta")), checkpoint)
    params = json.dumps(dict(sorted(model.geometry.items())), indent=4)
    checkpoint.with_name("params.json").write_text(params + "\n")
    shutil.copyfile(_tokenizer_model(), folder / "tokenizer.model")


def write_ref_sheared(folder: Path, model: Model) -> None:
    """Write a princeton-nlp/Sheared-LLaMA: one file or two and an index, configs, tokenizer."""
    geometry, random = model.geometry, _random("ref")
    shapes = dict(sorted(llama_shapes(geometry).items()))
    last_block = f"model.layers.{geometry['num_hidden_layers'] - 1}."
    late = ("lm_head.", "model.norm.", last_block)
    weight_map: dict[str, str] = {}
    total = 0
    sharded = model.checkpoint.endswith(".index.json")
    for number, shard in enumerate(SHARDS if sharded else (model.checkpoint,)):
        mine = {
            n: s for n, s in shapes.items() if not sharded or n.startswith(late) == bool(number)
        }
        state = _with_inv_freq(_weights(mine, random), geometry)
        _save(state, folder / shard)
        weight_map |= dict.fromkeys(state, shard)
        total += sum(t.numel() * t.element_size() for t in state.values())
        del state
    if sharded:
        index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))}
        _write_json(folder / model.checkpoint, index)
    _write_json(folder / "config.json", _llama_config(model, dtype="float32") | {"pad_token_id": 0})
    _write_json(
        folder / "generation_config.json",
        {
            "_from_model_config": True,
            "bos_token_id": 1,
            "eos_token_id": 2,
            "pad_token_id": 0,
            "transformers_version": "4.28.1",
        },
    )
    _write_published_tokenizer(folder)


def write_starling_rm(folder: Path, model: Model) -> None:
    """Write berkeley-nest/Starling-RM: bfloat16, every tensor of the trunk under two names."""
    import torch

    state = _weights(starling_shapes(model.geometry), _random("starling"))
    state = {name: tensor.to(torch.bfloat16) for name, tensor in state.items()}
    trunk = "model.model."
    twins = {
        name.replace(trunk, "transformer.", 1): tensor.clone()
        for name, tensor in state.items()
        if name.startswith(trunk)
    }
    _save(state | twins, folder / model.checkpoint)
    # The published config names the base model, and a dtype that is not that of the bytes.
    config = _llama_config(model, dtype="float16", name="meta-llama/Llama-2-7b-chat-hf")
    config |= {
        "architectures": ["LLMForSequenceRegression"],
        "transformers_version": "4.32.0.dev0",
    }
    _write_json(folder / "config.json", config)


# Model -> what writes its repository.
WRITERS: Mapping[str, Callable[[Path, Model], None]] = {
    "meta_mtp": write_meta_mtp,
    "ref_sheared": write_ref_sheared,
    "starling_rm": write_starling_rm,
}


def _random(which: str) -> "np.random.Generator":
    import numpy as np

    return np.random.default_rng(SEEDS[which])


def _weights(shapes: Shapes, random: "np.random.Generator") -> "dict[str, torch.Tensor]":
    import numpy as np
    import torch

    state = {}
    for name, shape in shapes.items():
        values = random.standard_normal(shape, dtype=np.float32)
        values *= SCALE
        if len(shape) == 1:
            values += 1
        state[name] = torch.from_numpy(values)
    return state


def _with_inv_freq(
    state: "dict[str, torch.Tensor]", geometry: Mapping[str, Any]
) -> "dict[str, torch.Tensor]":
    """Add the buffers that old transformers saved beside the weights of each block."""
    import torch

    head_dim = geometry["hidden_size"] // geometry["num_attention_heads"]
    inv_freq = 1.0 / 10000.0 ** (torch.arange(0, head_dim, 2).float() / head_dim)
    blocks = {name.rpartition(".q_proj.")[0] for name in state if ".q_proj." in name}
    buffers = {f"{block}.rotary_emb.inv_freq": inv_freq.clone() for block in blocks}
    return dict(sorted({**state, **buffers}.items()))


def _save(state: "dict[str, torch.Tensor]", path: Path) -> None:
    import torch

    torch.save(state, path)


def _llama_config(
    model: Model, dtype: str, name: str = "princeton-nlp/Sheared-LLaMA-2.7B"
) -> dict[str, Any]:
    config = {
        "_name_or_path": name,
        "architectures": ["LlamaForCausalLM"],
        "bos_token_id": 1,
        "eos_token_id": 2,
        "hidden_act": "silu",
        "initializer_range": 0.02,
        "model_type": "llama",
        "pretraining_tp": 1,
        "rope_scaling": None,
        "torch_dtype": dtype,
        "transformers_version": "4.28.1",
        "use_cache": True,
    }
    return dict(sorted((config | dict(model.geometry)).items()))


def _write_published_tokenizer(folder: Path) -> None:
    model = folder / "tokenizer.model"
    shutil.copyfile(_tokenizer_model(), model)
    (folder / "tokenizer.json").write_bytes(tokenizer_json(read_vocabulary(model)))
    plain = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
    special = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    _write_json(
        folder / "special_tokens_map.json",
        {name: {"content": token, **plain} for name, token in special.items()},
    )
    _write_json(
        folder / "tokenizer_config.json",
        {
            "add_bos_token": True,
            "add_eos_token": False,
            "clean_up_tokenization_spaces": False,
            "legacy": False,
            "model_max_length": int(1e30),
            "pad_token": None,
            "padding_side": "right",
            "sp_model_kwargs": {},
            "tokenizer_class": "LlamaTokenizer",
        }
        | {n: {"__type": "AddedToken", "content": t, **plain} for n, t in special.items()},
    )


def _tokenizer_model() -> Path:
    return file_of_package(*TOKENIZER, distribution="mistral-common")


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")
