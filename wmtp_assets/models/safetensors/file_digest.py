"""The sha256 of a safetensors file from the chunks of its tensors, while another looks at them.

A digest is told only of a file whose header and tensors are all of it, each byte once and in order.
"""

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from wmtp_assets.models.checkpoint.tensors import TensorAt, as_bytes
from wmtp_assets.models.safetensors.header import Header, coverage_faults

if TYPE_CHECKING:
    import torch


def header_as_tensor(header: Header) -> TensorAt:
    """The bytes before the first tensor, to be read like one. Its name is that of no tensor."""
    name = "header"
    while name in header.tensors:
        name += "_"
    return TensorAt(name, header.path, "uint8", (header.data_start,), (1,), 0)


class FileDigest:
    """Hashes on a thread what it is given: the header, then the tensors in their order."""

    def __init__(self, header: Header) -> None:
        self._expected_bytes = header.file_bytes if not coverage_faults(header) else None
        self._hash = hashlib.sha256()
        self._hashed_bytes = 0
        self._hasher = ThreadPoolExecutor(1)
        self._last: Future[None] | None = None

    def add(self, chunk: "torch.Tensor") -> None:
        """Hash the next chunk, which has to stay as it is until the second call after this one."""
        self._wait()
        data = as_bytes(chunk)
        self._hashed_bytes += len(data)
        if self._expected_bytes is not None:
            self._last = self._hasher.submit(self._hash.update, data)

    @property
    def sha256(self) -> str | None:
        """Of the file; None where bytes of it were passed over, read twice, or not yet."""
        self._wait()
        return self._hash.hexdigest() if self._hashed_bytes == self._expected_bytes else None

    def close(self) -> None:
        """Let the thread end."""
        self._hasher.shutdown()

    def _wait(self) -> None:
        if self._last is not None:
            self._last.result()
