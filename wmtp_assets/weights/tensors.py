"""Tensors by position: where the bytes of a tensor lie in a file, and reading them in chunks.

The same description serves a torch checkpoint and a safetensors file. Nothing is mapped or loaded
whole; only a tensor that is not stored in row-major order is read as one piece.
"""

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

from wmtp_assets.errors import BadInput
from wmtp_assets.weights.dtypes import DTYPES

if TYPE_CHECKING:
    import torch

# 8 MB of float32: reads are sequential, and a chunk and its copies stay small.
CHUNK_ELEMENTS = 2 * 1024 * 1024


@dataclass(frozen=True)
class TensorAt:
    """A tensor inside a file.

    Attributes:
        position: Byte in the file of the tensor's first value.
        stride: Distance of neighbours along each axis, in values.
    """

    name: str
    file: Path
    dtype: str
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    position: int

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

    @property
    def is_row_major(self) -> bool:
        real = [(size, step) for size, step in zip(self.shape, row_major(self.shape), strict=True)]
        return all(
            size == 1 or mine == step for (size, step), mine in zip(real, self.stride, strict=True)
        )


def row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides, in values, of a tensor stored in order."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


class TensorReader:
    """Reads tensors in chunks of CHUNK_ELEMENTS values, always in row-major order.

    A chunk is valid until the next one is asked for: all share one buffer. To read two tensors in
    step, use two readers.
    """

    def __init__(self) -> None:
        self._files: dict[Path, FileIO] = {}
        self._open_files = contextlib.ExitStack()
        self._buffer = bytearray()

    def __enter__(self) -> "TensorReader":
        return self

    def __exit__(self, *error: object) -> None:
        self._open_files.close()

    def chunks(self, tensor: TensorAt) -> Iterator["torch.Tensor"]:
        """Yield the values as flat tensors of the stored dtype.

        Raises:
            BadInput: The file ends inside the tensor; both are named.
        """
        if not tensor.elements:
            return
        yield from self._in_order(tensor) if tensor.is_row_major else self._gathered(tensor)

    def whole(self, tensor: TensorAt) -> "torch.Tensor":
        """The tensor in its shape, in memory of its own."""
        import torch

        flat = torch.empty(tensor.elements, dtype=DTYPES[tensor.dtype].torch)
        done = 0
        for chunk in self.chunks(tensor):
            flat[done : done + len(chunk)] = chunk
            done += len(chunk)
        return flat.reshape(tensor.shape)

    def _in_order(self, tensor: TensorAt) -> Iterator["torch.Tensor"]:
        import torch

        row = DTYPES[tensor.dtype]
        if len(self._buffer) < CHUNK_ELEMENTS * row.size_bytes:
            self._buffer = bytearray(CHUNK_ELEMENTS * row.size_bytes)
        for start in range(0, tensor.elements, CHUNK_ELEMENTS):
            count = min(CHUNK_ELEMENTS, tensor.elements - start)
            view = memoryview(self._buffer)[: count * row.size_bytes]
            self._read(tensor, tensor.position + start * row.size_bytes, view)
            yield torch.frombuffer(self._buffer, dtype=row.torch, count=count)

    def _gathered(self, tensor: TensorAt) -> Iterator["torch.Tensor"]:
        import torch

        span = bytearray(tensor.span_bytes)
        self._read(tensor, tensor.position, memoryview(span))
        values = torch.frombuffer(span, dtype=DTYPES[tensor.dtype].torch)
        for start in range(0, tensor.elements, CHUNK_ELEMENTS):
            rest = torch.arange(start, min(start + CHUNK_ELEMENTS, tensor.elements))
            places = torch.zeros_like(rest)
            for size, step in reversed(list(zip(tensor.shape, tensor.stride, strict=True))):
                places += (rest % size) * step
                rest //= size
            yield values[places]

    def _read(self, tensor: TensorAt, position: int, view: memoryview) -> None:
        handle = self._open(tensor.file)
        handle.seek(position)
        done = 0
        while done < len(view):
            count = handle.readinto(view[done:])
            if not count:
                raise BadInput(
                    f"{tensor.file.name} ends inside a tensor",
                    [tensor.name],
                    "the file is cut short; materialize its asset anew",
                )
            done += count

    def _open(self, path: Path) -> FileIO:
        if path not in self._files:
            try:
                handle = self._open_files.enter_context(FileIO(path))
            except OSError as error:
                raise BadInput(f"cannot be read ({error.strerror})", [path]) from error
            self._files[path] = handle
        return self._files[path]
