"""The Meta multi-token model in plain PyTorch: a page to read, test with and load from.

Only code that runs a model imports this module; it needs torch. Meta's key names are the attribute
names, so that `load_state_dict` is strict. Float16 weights are computed in the dtype asked for.

    model = load_model(folder / "configs/params.json", folder / "safetensors/model.safetensors")
    logits = model(ids)  # [batch, seq] -> [batch, seq, n_future_tokens, vocab_size]
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from wmtp_assets.errors import BadInput
from wmtp_assets.models.checkpoint.tensors import TensorReader
from wmtp_assets.models.configs import read_params
from wmtp_assets.models.safetensors.findings import shapes_finding
from wmtp_assets.models.safetensors.header import read_header
from wmtp_assets.models.tensor_shapes import ffn_width, meta_mtp_shapes


class RMSNorm(nn.Module):
    def __init__(self, dim: int, eps: float):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float()
        normal = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.eps)
        return normal.type_as(x) * self.weight


def rotate(x: Tensor, angles: Tensor) -> Tensor:
    """Rotary positions, interleaved: neighbours (2i, 2i+1) are one complex number."""
    pairs = torch.view_as_complex(x.float().reshape(*x.shape[:-1], -1, 2))
    turned = pairs * torch.polar(torch.ones_like(angles), angles)[None, :, None, :]
    return torch.view_as_real(turned).flatten(-2).type_as(x)


class Attention(nn.Module):
    def __init__(self, dim: int, heads: int, kv_heads: int):
        super().__init__()
        self.heads, self.kv_heads, self.head_dim = heads, kv_heads, dim // heads
        self.wq = nn.Linear(dim, heads * self.head_dim, bias=False)
        self.wk = nn.Linear(dim, kv_heads * self.head_dim, bias=False)
        self.wv = nn.Linear(dim, kv_heads * self.head_dim, bias=False)
        self.wo = nn.Linear(heads * self.head_dim, dim, bias=False)

    def forward(self, x: Tensor, angles: Tensor) -> Tensor:
        batch, seq, _ = x.shape
        q = rotate(self.wq(x).view(batch, seq, self.heads, self.head_dim), angles)
        k = rotate(self.wk(x).view(batch, seq, self.kv_heads, self.head_dim), angles)
        v = self.wv(x).view(batch, seq, self.kv_heads, self.head_dim)
        q, k, v = (part.transpose(1, 2) for part in (q, k, v))
        grouped = self.heads != self.kv_heads
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=grouped)
        return self.wo(mixed.transpose(1, 2).reshape(batch, seq, -1))


class FeedForward(nn.Module):
    def __init__(self, dim: int, hidden: int):
        super().__init__()
        self.w1 = nn.Linear(dim, hidden, bias=False)
        self.w2 = nn.Linear(hidden, dim, bias=False)
        self.w3 = nn.Linear(dim, hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.w2(functional.silu(self.w1(x)) * self.w3(x))


class Block(nn.Module):
    def __init__(self, params: Mapping[str, Any]):
        super().__init__()
        dim, heads = params["dim"], params["n_heads"]
        self.attention = Attention(dim, heads, params.get("n_kv_heads") or heads)
        self.feed_forward = FeedForward(dim, ffn_width(params))
        self.attention_norm = RMSNorm(dim, params["norm_eps"])
        self.ffn_norm = RMSNorm(dim, params["norm_eps"])

    def forward(self, x: Tensor, angles: Tensor) -> Tensor:
        x = x + self.attention(self.attention_norm(x), angles)
        return x + self.feed_forward(self.ffn_norm(x))


class MultiTokenModel(nn.Module):
    """One trunk; the last of `layers` and each of `extra_heads` predict one token further each."""

    def __init__(self, params: Mapping[str, Any], *, tied: bool):
        super().__init__()
        future, dim, vocab = params["n_future_tokens"], params["dim"], params["vocab_size"]
        self.head_dim, self.theta = dim // params["n_heads"], params["rope_theta"]
        self.tok_embeddings = nn.Embedding(vocab, dim)
        blocks = params["n_layers"] - future + 1
        self.layers = nn.ModuleList(Block(params) for _ in range(blocks))
        self.extra_heads = nn.ModuleList(Block(params) for _ in range(future - 1))
        self.norm = RMSNorm(dim, params["norm_eps"])
        self.output = None if tied else nn.Linear(dim, vocab, bias=False)

    def forward(self, ids: Tensor, future: int | None = None) -> Tensor:
        """Logits [batch, seq, future, vocab_size] of token ids [batch, seq].

        Args:
            future: How many tokens ahead, the nearest first; n_future_tokens by default. The heads
                of the others are not run.
        """
        powers = torch.arange(0, self.head_dim, 2, device=ids.device).float() / self.head_dim
        places = torch.arange(ids.shape[1], device=ids.device).float()
        angles = torch.outer(places, self.theta**-powers)
        trunk = self.tok_embeddings(ids)
        for block in self.layers[:-1]:
            trunk = block(trunk, angles)
        heads = [self.layers[-1], *self.extra_heads][:future]
        hidden = torch.stack([self.norm(head(trunk, angles)) for head in heads], dim=2)
        weight = self.tok_embeddings.weight if self.output is None else self.output.weight
        return functional.linear(hidden, weight)


def load_model(
    params: Path, weights: Path, *, dtype: torch.dtype = torch.float32
) -> MultiTokenModel:
    """Load a stored model; the output is tied to the embedding when the file holds no output.

    Raises:
        BadInput: A file is missing or unsound, or the tensors are not exactly the model's.
    """
    header, settings = read_header(weights), read_params(params)
    tied = "output.weight" not in header.tensors
    finding = shapes_finding(header, meta_mtp_shapes(settings, tied=tied))
    if not finding.passed:
        raise BadInput(
            f"{weights.name} is not the model of {params.name}: {finding.summary}",
            [weights],
            "take both from one folder, or materialize its assets anew",
        )
    with torch.device("meta"):
        model = MultiTokenModel(settings, tied=tied)
    with TensorReader() as reader:
        state = {name: reader.whole(tensor, dtype) for name, tensor in header.tensors.items()}
    model.load_state_dict(state, strict=True, assign=True)
    return model
