"""The proof of a stored file: its values are finite, and they are the source's after the cast.

Both files are read again from the disk, front to back, in one pass for both propositions. The same
pass hashes the stored file, so that no other check has to read it.
"""

import contextlib
from collections import Counter
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wmtp_assets.checking.findings import Finding, verdict
from wmtp_assets.models.checkpoint.dtypes import has_infinite_or_nan, stored_dtype
from wmtp_assets.models.checkpoint.tensors import TensorAt, TensorReader, as_values, chunk_buffers
from wmtp_assets.models.safetensors.cast import cast_target, one_torch_thread
from wmtp_assets.models.safetensors.file_digest import FileDigest, header_as_tensor
from wmtp_assets.models.safetensors.header import Header
from wmtp_assets.progress import Seen, unseen

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
        sha256: Of the stored file; None where its tensors do not cover it, see `FileDigest`.
    """

    tensors: int
    values: int
    compared: int
    not_finite: tuple[str, ...]
    different: tuple[str, ...]
    sha256: str | None

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


def prove(
    header: Header, source: Iterable[TensorAt] | None, dtype: str, seen: Seen = unseen
) -> Proof:
    """Read a stored file, and its source where there is one, each front to back.

    Args:
        source: The published tensors that the file must hold, no more and no fewer; None to look
            only at the values.
        dtype: What the conversion was asked for, see `stored_dtype`.
        seen: Called with each piece of the stored file.

    Raises:
        BadInput: A file that ends inside a tensor or cannot be read.
    """
    published = None if source is None else {tensor.name: tensor for tensor in source}
    stored = tuple(header.tensors.values())
    origins = [
        published[tensor.name]
        for tensor in stored
        if published and tensor.name in published
        if _same_kind(tensor, published[tensor.name], dtype)
    ]
    paired = {tensor.name for tensor in origins}
    look = _Look()
    with (
        TensorReader() as stored_reader,
        TensorReader() as reader,
        contextlib.closing(FileDigest(header)) as digest,
        contextlib.closing(stored_reader.chunks_of((header_as_tensor(header), *stored))) as chunks,
        contextlib.closing(_cast_chunks(reader, origins, dtype)) as expected,
        one_torch_thread(),
    ):
        for tensor, chunk in chunks:
            digest.add(chunk)
            seen(chunk.nbytes)
            if tensor.name in header.tensors:
                look.at(tensor, chunk, next(expected) if tensor.name in paired else None)
    different = list(look.different.values())
    if published is not None:
        different += _unpaired(header.tensors, published, dtype)
    return Proof(
        tensors=len(stored),
        values=sum(tensor.elements for tensor in stored),
        compared=sum(tensor.elements for tensor in origins),
        not_finite=tuple(look.not_finite.values()),
        different=tuple(different),
        sha256=digest.sha256,
    )


def _cast_chunks(
    reader: TensorReader, tensors: Iterable[TensorAt], dtype: str
) -> "Generator[torch.Tensor]":
    """The chunks of published tensors as they must be stored, each valid until the next."""
    buffer = chunk_buffers().next()
    with contextlib.closing(reader.chunks_of(tensors)) as chunks:
        for tensor, chunk in chunks:
            out = as_values(buffer, cast_target(tensor, dtype), len(chunk))
            yield out.copy_(chunk)


class _Look:
    """What was seen of the tensors so far.

    Attributes:
        not_finite: Tensor -> its first value that is not finite, as a sentence.
        different: Tensor -> its first value that is not as expected, as a sentence.
    """

    def __init__(self) -> None:
        self.not_finite: dict[str, str] = {}
        self.different: dict[str, str] = {}
        self._seen: Counter[str] = Counter()

    def at(self, tensor: TensorAt, chunk: "torch.Tensor", wanted: "torch.Tensor | None") -> None:
        """Look at the next chunk of a tensor, and at what it must be."""
        name, start = tensor.name, self._seen[tensor.name]
        floating = chunk.is_floating_point()
        if name not in self.not_finite and floating and has_infinite_or_nan(chunk):
            at = int((~chunk.isfinite()).nonzero()[0])
            self.not_finite[name] = f"{name} value {start + at:,} is {chunk[at].item()}"
        if name not in self.different and wanted is not None and not _same_bits(chunk, wanted):
            width = chunk.element_size()
            ours, theirs = _as_bytes(chunk), _as_bytes(wanted)
            at = int((ours != theirs).nonzero()[0]) // width
            self.different[name] = (
                f"{name} value {start + at:,} is {chunk[at].item()}, "
                f"the source gives {wanted[at].item()}"
            )
        self._seen[name] += len(chunk)


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
