"""The cast of tensor values, and what it did to them.

Equality means torch's `.to(float16)`; overflow means that the result is infinite. Values that are
infinite or no numbers, before or after the cast, are refused with tensor, index and value.
"""

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wmtp_assets.models.checkpoint.dtypes import (
    DTYPES,
    bits_dtype,
    magnitude_bits,
    row_of,
    stored_dtype,
)
from wmtp_assets.models.checkpoint.tensors import TensorAt

if TYPE_CHECKING:
    import torch

SMALLEST_NORMAL_BITS = 0x0400  # float16 6.1e-05
# The counts run at four times the speed when a block stays in the second-level cache.
_BLOCK = 64 * 1024


@dataclass
class CastLoss:
    """What the cast did to one tensor; absolute error, values that were not so before."""

    name: str
    elements: int
    became_subnormal: int = 0
    became_zero: int = 0
    largest_error: float = 0.0


class Caster:
    """Casts tensors chunk by chunk into buffers of the caller, and keeps the account.

    Attributes:
        bad: Tensor -> its first value that is or becomes infinite or no number, as a sentence.
        losses: Tensor -> what the cast did, for each tensor whose dtype it changed.
    """

    def __init__(self, wanted: str) -> None:
        import torch

        self.bad: dict[str, str] = {}
        self.losses: dict[str, CastLoss] = {}
        self._wanted = wanted
        self._done: Counter[str] = Counter()
        self._scratch = torch.empty(2 * _BLOCK * 8, dtype=torch.uint8)

    def cast(self, tensor: TensorAt, source: "torch.Tensor", target: "torch.Tensor") -> None:
        """Cast the next chunk of a tensor; both are flat and of equal length."""
        if target.dtype != source.dtype and tensor.name not in self.losses:
            self.losses[tensor.name] = CastLoss(tensor.name, tensor.elements)
        for start in range(0, len(source), _BLOCK):
            block = source[start : start + _BLOCK]
            out = target[start : start + _BLOCK]
            out.copy_(block)
            if out.is_floating_point() and tensor.name not in self.bad:
                self._account(tensor, block, out)
            self._done[tensor.name] += len(block)

    def _account(self, tensor: TensorAt, source: "torch.Tensor", cast: "torch.Tensor") -> None:
        # numpy finds bounds three times, and counts ten times, as fast as torch.
        import numpy as np
        import torch

        bits, error = self._scratch_for(cast, source)
        magnitude_bits(cast, out=bits)
        smallest, largest = (int(bound) for bound in torch.aminmax(bits))
        if largest >= row_of(cast).infinity:
            self.bad[tensor.name] = self._name_first_bad(tensor, source, cast)
            return
        if cast.dtype == source.dtype:
            return
        loss = self.losses[tensor.name]
        errors = error.copy_(cast).sub_(source).numpy()
        loss.largest_error = max(loss.largest_error, -float(errors.min()), float(errors.max()))
        if smallest < SMALLEST_NORMAL_BITS:
            small = int(np.count_nonzero(bits.numpy() < SMALLEST_NORMAL_BITS))
            zeros = len(bits) - int(np.count_nonzero(bits.numpy())) if smallest == 0 else 0
            zeros_before = int(np.count_nonzero((source == 0).numpy())) if zeros else 0
            loss.became_subnormal += small - zeros
            loss.became_zero += zeros - zeros_before

    def _scratch_for(
        self, cast: "torch.Tensor", source: "torch.Tensor"
    ) -> tuple["torch.Tensor", "torch.Tensor"]:
        """Room for the bits of the result and for the error; fresh memory costs twice the time."""
        import torch

        exact = torch.float64 if source.dtype == torch.float64 else torch.float32
        bits = self._scratch[: len(cast) * cast.element_size()]
        error = self._scratch[_BLOCK * 8 :][: len(source) * exact.itemsize]
        return bits.view(bits_dtype(cast)), error.view(exact)

    def _name_first_bad(
        self, tensor: TensorAt, source: "torch.Tensor", cast: "torch.Tensor"
    ) -> str:
        first = int((~cast.isfinite()).nonzero()[0])
        index, flat = [], self._done[tensor.name] + first
        for size in reversed(tensor.shape):
            index.append(flat % size)
            flat //= size
        value = float(source[first])
        what = "" if not source[first].isfinite() else " overflows float16"
        return f"{tensor.name}{index[::-1]} = {value!r}{what}"


def cast_target(tensor: TensorAt, wanted: str) -> "torch.dtype":
    """The torch dtype in which a tensor is stored."""
    return DTYPES[stored_dtype(tensor.dtype, wanted).name].torch


@contextlib.contextmanager
def one_torch_thread() -> Iterator[None]:
    """Keep the cast on one core: the other one hashes, and small blocks do not repay threads."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
