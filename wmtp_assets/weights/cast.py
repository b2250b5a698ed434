"""The cast of tensor values, and what it did to them.

Equality means torch's `.to(float16)`; overflow means that the result is infinite. Values that are
infinite or no numbers, before or after the cast, are refused with tensor, index and value.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wmtp_assets.weights.dtypes import DTYPES, magnitude_bits, stored_dtype
from wmtp_assets.weights.tensors import CHUNK_ELEMENTS, TensorAt

if TYPE_CHECKING:
    import torch

SMALLEST_NORMAL_BITS = 0x0400  # float16 6.1e-05
# The counts run at four times the speed when a block stays in the second-level cache.
_BLOCK = 256 * 1024


@dataclass(frozen=True)
class Loss:
    """What the cast did to one tensor; absolute error, values that were not so before."""

    name: str
    elements: int
    became_subnormal: int
    became_zero: int
    largest_error: float


@dataclass
class Caster:
    """Casts one tensor chunk by chunk into a buffer of the caller, and keeps the account.

    Attributes:
        bad: The first value that is or becomes infinite or no number, as a sentence.
    """

    tensor: TensorAt
    wanted: str
    bad: str | None = None
    became_subnormal: int = 0
    became_zero: int = 0
    largest_error: float = 0.0
    _done: int = field(default=0, repr=False)

    @property
    def loss(self) -> Loss:
        return Loss(
            self.tensor.name,
            self.tensor.elements,
            self.became_subnormal,
            self.became_zero,
            self.largest_error,
        )

    def cast(self, source: "torch.Tensor", target: "torch.Tensor") -> None:
        """Cast the next chunk; both are flat and of equal length."""
        for start in range(0, len(source), _BLOCK):
            block = source[start : start + _BLOCK]
            out = target[start : start + _BLOCK]
            out.copy_(block)
            if out.is_floating_point():
                self._account(block, out, start)
        self._done += len(source)

    def _account(self, source: "torch.Tensor", cast: "torch.Tensor", start: int) -> None:
        import numpy as np
        import torch

        bits = magnitude_bits(cast)
        smallest, largest = (int(bound) for bound in torch.aminmax(bits))
        if largest >= DTYPES[str(cast.dtype).removeprefix("torch.")].infinity:
            self.bad = self.bad or self._name_first_bad(source, cast, start)
        if cast.dtype == source.dtype or self.bad is not None:
            return
        low, high = torch.aminmax(cast.to(source.dtype).sub_(source))
        self.largest_error = max(self.largest_error, -float(low), float(high))
        if smallest < SMALLEST_NORMAL_BITS:
            # numpy compares and counts ten times as fast as torch.
            small = int(np.count_nonzero(bits.numpy() < SMALLEST_NORMAL_BITS))
            zeros = len(bits) - int(np.count_nonzero(bits.numpy())) if smallest == 0 else 0
            zeros_before = int(torch.count_nonzero(source == 0)) if zeros else 0
            self.became_subnormal += small - zeros
            self.became_zero += zeros - zeros_before

    def _name_first_bad(self, source: "torch.Tensor", cast: "torch.Tensor", start: int) -> str:
        first = int((~cast.isfinite()).nonzero()[0])
        index, flat = [], self._done + start + first
        for size in reversed(self.tensor.shape):
            index.append(flat % size)
            flat //= size
        value = float(source[first])
        what = "" if not source[first].isfinite() else " overflows float16"
        return f"{self.tensor.name}{index[::-1]} = {value!r}{what}"


class OutputBuffers:
    """Two buffers in turn: one is written out while the next is filled."""

    def __init__(self) -> None:
        self._buffers: list[torch.Tensor] = []
        self._turn = 0

    def next(self, dtype: "torch.dtype", count: int) -> "torch.Tensor":
        import torch

        if not self._buffers:
            self._buffers = [torch.empty(CHUNK_ELEMENTS * 8, dtype=torch.uint8) for _ in range(2)]
        self._turn = 1 - self._turn
        return self._buffers[self._turn][: count * dtype.itemsize].view(dtype)


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
