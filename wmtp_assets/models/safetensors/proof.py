"""The proof of a stored file: its values are finite, and they are the source's after the cast.

Both files are read again from the disk, tensor by tensor, in one pass for both propositions.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wmtp_assets.checking.findings import Finding, verdict
from wmtp_assets.models.checkpoint.dtypes import has_infinite_or_nan, stored_dtype
from wmtp_assets.models.checkpoint.tensors import TensorAt, TensorReader, as_values, chunk_buffers
from wmtp_assets.models.checkpoint.uncached import Buffers
from wmtp_assets.models.safetensors.cast import cast_target, one_torch_thread
from wmtp_assets.models.safetensors.header import Header

if TYPE_CHECKING:
    import torch

FINITE = "all_values_are_finite"
EQUAL = "tensors_equal_source"


@dataclass(frozen=True)
class Proof:
    """What the pass found.

    Attributes:
        compared: Number of values compared with the source, 0 when there was none.
        not_finite: One sentence for each tensor with a value that is infinite or no number.
        different: One sentence for each tensor that is not the source's.
    """

    tensors: int
    values: int
    compared: int
    not_finite: tuple[str, ...]
    different: tuple[str, ...]

    def finite(self) -> Finding:
        return verdict(
            self.not_finite,
            f"{self.values:,} values of {self.tensors} tensors are all finite",
            f"{len(self.not_finite)} of {self.tensors} tensors hold values that are not finite",
            tensors=self.tensors,
            values=self.values,
            not_finite=len(self.not_finite),
        )

    def equal(self) -> Finding:
        return verdict(
            self.different,
            f"{self.compared:,} values of {self.tensors} tensors equal the source bit for bit",
            f"{len(self.different)} of {self.tensors} tensors differ from the source",
            tensors=self.tensors,
            compared_values=self.compared,
            different=len(self.different),
        )


def prove(header: Header, source: Iterable[TensorAt] | None, dtype: str) -> Proof:
    """Read a stored file, and its source where there is one.

    Args:
        source: The published tensors that the file must hold, no more and no fewer; None to look
            only at the values.
        dtype: What the conversion was asked for, see `stored_dtype`.

    Raises:
        BadInput: A file that ends inside a tensor or cannot be read.
    """
    published = None if source is None else {tensor.name: tensor for tensor in source}
    not_finite, different, compared = [], [], 0
    buffers = chunk_buffers()
    with TensorReader() as stored_reader, TensorReader() as reader, one_torch_thread():
        for tensor in header.tensors.values():
            origin = published.get(tensor.name) if published else None
            if origin is not None and _same_kind(tensor, origin, dtype):
                expected = _cast_chunks(reader, origin, dtype, buffers)
                compared += tensor.elements
            else:
                expected = None
            odd, other = _look(tensor, stored_reader.chunks(tensor), expected)
            not_finite += [odd] if odd else []
            different += [other] if other else []
    if published is not None:
        different += _unpaired(header.tensors, published, dtype)
    values = sum(tensor.elements for tensor in header.tensors.values())
    return Proof(len(header.tensors), values, compared, tuple(not_finite), tuple(different))


def _cast_chunks(
    reader: TensorReader, tensor: TensorAt, dtype: str, buffers: Buffers
) -> "Iterator[torch.Tensor]":
    """The chunks of a published tensor as they must be stored."""
    target = cast_target(tensor, dtype)
    for chunk in reader.chunks(tensor):
        out = as_values(buffers.next(), target, len(chunk))
        out.copy_(chunk)
        yield out


def _look(
    tensor: TensorAt, chunks: "Iterator[torch.Tensor]", expected: "Iterator[torch.Tensor] | None"
) -> tuple[str | None, str | None]:
    """The first value that is not finite, and the first that is not as expected, as sentences."""
    not_finite = different = None
    start = 0
    for chunk in chunks:
        if not_finite is None and chunk.is_floating_point() and has_infinite_or_nan(chunk):
            at = int((~chunk.isfinite()).nonzero()[0])
            not_finite = f"{tensor.name} value {start + at:,} is {chunk[at].item()}"
        wanted = next(expected) if expected is not None else None
        if different is None and wanted is not None and not _same_bits(chunk, wanted):
            width = chunk.element_size()
            ours, theirs = _as_bytes(chunk), _as_bytes(wanted)
            at = int((ours != theirs).nonzero()[0]) // width
            different = (
                f"{tensor.name} value {start + at:,} is {chunk[at].item()}, "
                f"the source gives {wanted[at].item()}"
            )
        start += len(chunk)
    return not_finite, different


def _same_bits(a: "torch.Tensor", b: "torch.Tensor") -> bool:
    import numpy as np

    # Bits, not values: -0.0 differs from 0.0. Eight bytes at a time where they divide.
    left, right = _as_bytes(a).numpy(), _as_bytes(b).numpy()
    wide = len(left) // 8 * 8
    return np.array_equal(left[:wide].view(np.int64), right[:wide].view(np.int64)) and (
        np.array_equal(left[wide:], right[wide:])
    )


def _as_bytes(values: "torch.Tensor") -> "torch.Tensor":
    import torch

    return values.view(torch.uint8)


def _same_kind(stored: TensorAt, source: TensorAt, dtype: str) -> bool:
    return (stored.shape, stored.dtype) == (source.shape, stored_dtype(source.dtype, dtype).name)


def _unpaired(
    stored: Mapping[str, TensorAt], published: Mapping[str, TensorAt], dtype: str
) -> list[str]:
    """Tensors that are on one side only, or of another shape or dtype."""
    sentences = [f"missing {name}" for name in published if name not in stored]
    sentences += [f"unexpected {name}" for name in stored if name not in published]
    for name in stored.keys() & published.keys():
        if not _same_kind(stored[name], published[name], dtype):
            ours, theirs = stored[name], published[name]
            sentences.append(
                f"{name} is {ours.dtype} {list(ours.shape)}, the source gives "
                f"{stored_dtype(theirs.dtype, dtype).name} {list(theirs.shape)}"
            )
    return sorted(sentences)
