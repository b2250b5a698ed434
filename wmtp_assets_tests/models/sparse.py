"""Checkpoints of any size as torch writes them, zip64 and local headers included, without data.

The file system holds no blocks for what is not written: a checkpoint of 27 GB takes about 1 MB.
CRCs of tensor entries are zero, as nobody reads the data to compute them; see `torch_zip.py`.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from wmtp_assets.models.checkpoint.torch_zip import index_checkpoint
from wmtp_assets.models.checkpoint.uncached import UncachedFile
from wmtp_assets.models.tensor_shapes import Shapes

# What the index, the directory and the local headers of 300 tensors may take.
WITHOUT_WEIGHTS = 300_000
COUNTED_BY_LINUX = Path("/proc/self/io")


def write_sparse(
    path: Path,
    shapes: Shapes,
    values: Mapping[str, torch.Tensor] | None = None,
    dtype: torch.dtype = torch.float32,
    wrap: Callable[[dict], dict] = lambda state: state,
) -> None:
    """Write a checkpoint of zeros, nearly nothing on disk.

    Args:
        values: Tensors that are really written, beside or instead of the zeros.
        wrap: What is saved, made of the state dict.
    """
    values = values or {}
    with FakeTensorMode():
        state = {name: torch.empty(shape, dtype=dtype) for name, shape in shapes.items()}
        state |= {name: torch.empty(t.shape, dtype=t.dtype) for name, t in values.items()}
    with torch.serialization.skip_data(materialize_fake_tensors=True):
        torch.save(wrap(state), path)
    index = index_checkpoint(path).tensors if values else {}
    with open(path, "r+b") as handle:
        for name, tensor in values.items():
            handle.seek(index[name].position)
            handle.write(tensor.contiguous().view(torch.uint8).numpy().tobytes())


class Counted:
    """Bytes of tensors that were read, and on Linux all bytes that the process read."""

    def __init__(self) -> None:
        self.of_tensors = 0
        self._before = self._all_bytes()

    @property
    def at_all(self) -> int:
        return self._all_bytes() - self._before

    @staticmethod
    def _all_bytes() -> int:
        if not COUNTED_BY_LINUX.exists():
            return 0
        return int(COUNTED_BY_LINUX.read_text().split()[1])


@contextlib.contextmanager
def counted_reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counted]:
    """Count what is read meanwhile."""
    read, counted = UncachedFile.read, Counted()

    def counting(self, buffer, position, count):
        counted.of_tensors += count
        return read(self, buffer, position, count)

    with monkeypatch.context() as patched:
        patched.setattr(UncachedFile, "read", counting)
        yield counted
