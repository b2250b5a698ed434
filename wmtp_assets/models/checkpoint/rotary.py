"""Buffers of rotary positions that some checkpoints hold beside the weights.

Trainers save what they computed from rope_theta: the frequencies of one head, or the turns of each
position. They are not stored; they may be dropped only when they are what the model's settings
give, for a loader computes them anew from these.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wmtp_assets.catalog import Implementation
from wmtp_assets.models.checkpoint.dtypes import DTYPES
from wmtp_assets.models.checkpoint.tensors import TensorAt, TensorReader
from wmtp_assets.models.tensor_shapes import ModelSettings, head_dim, ratio, whole

if TYPE_CHECKING:
    import torch

# transformers computes with this where config.json of a LLaMA names no rope_theta.
DEFAULT_THETA = 10000.0
# How the names of such buffers end. Frequencies: [head_dim / 2]. Turns: complex numbers
# [positions, head_dim / 2], or their real and imaginary parts [positions, head_dim / 2, 2].
FREQUENCIES = ("rope.freqs", "rotary_emb.inv_freq")
TURNS = ("freqs_cis",)
# Eight times the longest context that a LLaMA is trained for; a view can claim any number.
MAX_POSITIONS = 2**20
# Trainers compute in float32: its frequencies lie up to 2**-21 off for heads of 80 or 100.
COMPUTED_IN_FLOAT32 = 2.0**-20


@dataclass(frozen=True)
class Rotary:
    """What the rotary positions of a model follow from."""

    theta: float
    head_dim: int

    @property
    def pairs(self) -> int:
        return self.head_dim // 2


def rotary_of(implementation: Implementation, settings: ModelSettings) -> Rotary:
    """The rotary positions that a model's config file states.

    Raises:
        BadInput: A setting is missing or is no number.
    """
    width, heads = implementation.width, implementation.heads
    theta = ratio(settings, "rope_theta", DEFAULT_THETA)
    return Rotary(theta, head_dim(width, whole(settings, width), whole(settings, heads)))


def holds_cos_sin(name: str) -> bool:
    """Whether a buffer of this name holds turns, else frequencies."""
    return name.endswith(TURNS)


def form_fault(tensor: TensorAt, rotary: Rotary) -> str | None:
    """What is wrong with shape or dtype of a buffer, from the index alone."""
    if not DTYPES[tensor.dtype].floating:
        return f"{tensor.name} is {tensor.dtype}, not floating point"
    if holds_cos_sin(tensor.name):
        shape = tensor.shape
        good = shape[1:] == (rotary.pairs, 2) and 0 < shape[0] <= MAX_POSITIONS
        expected = f"[positions, {rotary.pairs}] complex, or [positions, {rotary.pairs}, 2]"
    else:
        good = tensor.shape == (rotary.pairs,)
        expected = f"[{rotary.pairs}]"
    return None if good else f"{tensor.name}: expected {expected}, found {tensor.form}"


def value_fault(reader: TensorReader, tensor: TensorAt, rotary: Rotary) -> str | None:
    """The first value of a buffer that the settings do not give, as a sentence.

    Equal means: what float32 arithmetic may give, rounded to the dtype of the buffer.
    """
    import torch

    start = 0
    for chunk in reader.chunks(tensor):
        rounding = torch.finfo(chunk.dtype)
        at = torch.arange(start, start + len(chunk))
        wanted, off = (_turns if holds_cos_sin(tensor.name) else _frequencies)(at, rotary)
        eps = max(rounding.eps, torch.finfo(torch.float32).eps)
        near = off + eps / 2 * (wanted.abs() + rounding.smallest_normal)
        # A value that is no number is near to nothing.
        wrong = ~((chunk.double() - wanted).abs() <= near)
        if wrong.any():
            first = int(wrong.nonzero()[0])
            return (
                f"{tensor.name} value {start + first:,} is {chunk[first].item():.6g}, rope_theta "
                f"{rotary.theta:g} and heads of {rotary.head_dim} give {wanted[first].item():.6g}"
            )
        start += len(chunk)
    return None


def _frequencies(at: "torch.Tensor", rotary: Rotary) -> "tuple[torch.Tensor, torch.Tensor]":
    """1 / theta^(2i / head_dim) at each i, and how far off float32 may be."""
    wanted = rotary.theta ** (-2.0 * at.double() / rotary.head_dim)
    return wanted, wanted * COMPUTED_IN_FLOAT32


def _turns(at: "torch.Tensor", rotary: Rotary) -> "tuple[torch.Tensor, torch.Tensor]":
    """cos and sin of position x frequency, in row-major order, and how far off float32 may be."""
    import torch

    pair = at // 2
    frequency, off = _frequencies(pair % rotary.pairs, rotary)
    position = pair // rotary.pairs
    angle = position * frequency
    return torch.where(at % 2 == 0, angle.cos(), angle.sin()), position * off
