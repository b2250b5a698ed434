"""Tensors by position: where the bytes of a tensor lie in a file, and reading them in chunks.

The same description serves a torch checkpoint and a safetensors file. Nothing is mapped or loaded
whole; only a tensor that is not stored in row-major order is read as one piece.
"""

import contextlib
import math
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from mmap import mmap
from pathlib import Path
from typing import TYPE_CHECKING

from wmtp_assets.errors import BadInput
from wmtp_assets.models.checkpoint.dtypes import DTYPES
from wmtp_assets.models.checkpoint.uncached import Buffers, UncachedFile

if TYPE_CHECKING:
    import torch

# 8 MB of float32: reads are sequential, and a chunk and its copies stay small.
CHUNK_ELEMENTS = 2 * 1024 * 1024
# Chunks that may wait between two threads, so that neither stands still when the other hesitates.
AHEAD = 8
# Direct reads wait for the disk: one alone leaves it idle between two requests.
READERS = 2


@dataclass(frozen=True)
class TensorAt:
    """A tensor inside a file.

    Attributes:
        position: Byte in the file of the tensor's first value.
        stride: Distance of neighbours along each axis, in values.
        of_complex: Complex numbers were published; the last axis holds their two parts.
    """

    name: str
    file: Path
    dtype: str
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    position: int
    of_complex: bool = False

    @property
    def form(self) -> str:
        """The shape as published, for a person."""
        return f"{list(self.shape[:-1])} complex" if self.of_complex else f"{list(self.shape)}"

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def size_bytes(self) -> int:
        """Bytes of the values themselves."""
        return self.elements * DTYPES[self.dtype].size_bytes

    @property
    def span_bytes(self) -> int:
        """Bytes from the first value to the end of the last one in the file."""
        if not self.elements:
            return 0
        last = sum((size - 1) * step for size, step in zip(self.shape, self.stride, strict=True))
        return (last + 1) * DTYPES[self.dtype].size_bytes

    def values(self, start: int, count: int) -> "TensorAt":
        """So many values of a tensor in row-major order, from `start` on, as a flat tensor."""
        position = self.position + start * DTYPES[self.dtype].size_bytes
        return replace(self, shape=(count,), stride=(1,), position=position)

    @property
    def is_row_major(self) -> bool:
        real = [(size, step) for size, step in zip(self.shape, row_major(self.shape), strict=True)]
        return all(
            size == 1 or mine == step for (size, step), mine in zip(real, self.stride, strict=True)
        )


def main_dtype(tensors: Iterable[TensorAt]) -> str:
    """The dtype that most values have: what a config file states of them."""
    values: Counter[str] = Counter()
    for tensor in tensors:
        values[tensor.dtype] += tensor.elements
    return max(sorted(values), key=values.__getitem__)


def row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides, in values, of a tensor stored in order."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def chunk_buffers() -> Buffers:
    """Room for chunks of any dtype, AHEAD of them in use at a time."""
    return Buffers(CHUNK_ELEMENTS * max(row.size_bytes for row in DTYPES.values()), AHEAD)


def as_values(data: "mmap | memoryview", dtype: "torch.dtype", count: int) -> "torch.Tensor":
    """The first values in a piece of memory as a flat tensor, without a copy."""
    import torch

    return torch.frombuffer(data, dtype=dtype, count=count)


def as_bytes(values: "torch.Tensor") -> memoryview:
    """The bytes of a flat contiguous tensor, without a copy."""
    import torch

    return values.view(torch.uint8).numpy().data


class TensorReader:
    """Reads tensors in chunks of CHUNK_ELEMENTS values, always in row-major order.

    Chunks share buffers: one of `chunks` is valid until AHEAD more were asked for, one of
    `chunks_of` until two more were. To read two tensors in step, use two readers.
    """

    def __init__(self) -> None:
        self._files: dict[Path, UncachedFile] = {}
        self._open_files = contextlib.ExitStack()
        self._buffers = chunk_buffers()

    def __enter__(self) -> "TensorReader":
        return self

    def __exit__(self, *error: object) -> None:
        self._open_files.close()

    def chunks(self, tensor: TensorAt) -> Iterator["torch.Tensor"]:
        """Yield the values as flat tensors of the stored dtype.

        Raises:
            BadInput: The file ends inside the tensor; both are named.
        """
        for read in self._reads(tensor):
            yield read()

    def chunks_of(self, tensors: Iterable[TensorAt]) -> Generator[tuple[TensorAt, "torch.Tensor"]]:
        """Yield (tensor, chunk) of one tensor after the other; threads read the next chunks.

        Close it before the reader: its threads read from the reader's files.

        Raises:
            BadInput: As `chunks`.
        """
        with ThreadPoolExecutor(READERS) as readers:
            coming: deque[tuple[TensorAt, Future[torch.Tensor]]] = deque()
            for tensor in tensors:
                for read in self._reads(tensor):
                    coming.append((tensor, readers.submit(read)))
                    if len(coming) >= AHEAD:
                        first, chunk = coming.popleft()
                        yield first, chunk.result()
            for first, chunk in coming:
                yield first, chunk.result()

    def whole(self, tensor: TensorAt, dtype: "torch.dtype | None" = None) -> "torch.Tensor":
        """The tensor in its shape, in memory of its own.

        Args:
            dtype: Into which it is cast; as stored by default.
        """
        import torch

        flat = torch.empty(tensor.elements, dtype=dtype or DTYPES[tensor.dtype].torch)
        done = 0
        for chunk in self.chunks(tensor):
            flat[done : done + len(chunk)] = chunk
            done += len(chunk)
        return flat.reshape(tensor.shape)

    def _reads(self, tensor: TensorAt) -> "Iterator[Callable[[], torch.Tensor]]":
        """One call for each chunk; they may run in any thread."""
        if not tensor.elements:
            return iter(())
        return self._in_order(tensor) if tensor.is_row_major else self._gathered(tensor)

    def _in_order(self, tensor: TensorAt) -> "Iterator[Callable[[], torch.Tensor]]":
        file, row = self._open(tensor.file), DTYPES[tensor.dtype]
        for start in range(0, tensor.elements, CHUNK_ELEMENTS):
            count = min(CHUNK_ELEMENTS, tensor.elements - start)
            position = tensor.position + start * row.size_bytes
            yield partial(_read, file, self._buffers.next(), tensor, position, count)

    def _gathered(self, tensor: TensorAt) -> "Iterator[Callable[[], torch.Tensor]]":
        file, buffer = self._open(tensor.file), Buffers(tensor.span_bytes, 0).next()
        count = tensor.span_bytes // DTYPES[tensor.dtype].size_bytes
        values = _read(file, buffer, tensor, tensor.position, count)
        for start in range(0, tensor.elements, CHUNK_ELEMENTS):
            yield partial(_gather, values, tensor, start)

    def _open(self, path: Path) -> UncachedFile:
        if path not in self._files:
            try:
                file = UncachedFile(path)
            except OSError as error:
                fix = "make it readable, or materialize its asset anew"
                raise BadInput(f"cannot be read ({error.strerror})", [path], fix) from error
            self._files[path] = self._open_files.enter_context(contextlib.closing(file))
        return self._files[path]


def _read(
    file: UncachedFile, buffer: mmap, tensor: TensorAt, position: int, count: int
) -> "torch.Tensor":
    row = DTYPES[tensor.dtype]
    found = file.read(buffer, position, count * row.size_bytes)
    if found is None:
        raise BadInput(
            f"{tensor.file.name} ends inside a tensor",
            [tensor.name],
            "the file is cut short; materialize its asset anew",
        )
    return as_values(found, row.torch, count)


def _gather(values: "torch.Tensor", tensor: TensorAt, start: int) -> "torch.Tensor":
    """Values in row-major order from `start` on, out of the span of a tensor in another order."""
    import torch

    rest = torch.arange(start, min(start + CHUNK_ELEMENTS, tensor.elements))
    places = torch.zeros_like(rest)
    for size, step in reversed(list(zip(tensor.shape, tensor.stride, strict=True))):
        places += (rest % size) * step
        rest //= size
    return values[places]
