"""Files of `benchmarks.checkpoints`: a checkpoint of any size, the digest of what came of it."""

import hashlib
import json
import math
import os
from pathlib import Path

from wmtp_assets.models.checkpoint.torch_zip import index_checkpoint
from wmtp_assets.models.meta_mtp import META_MTP
from wmtp_assets.models.tensor_shapes import Shapes, meta_mtp_shapes

CHUNK_BYTES = 8 * 1024 * 1024
NOISE_VALUES = 16 * 1024 * 1024


def scaled_shapes(scale: float) -> Shapes:
    """The tensors of Meta's 7B checkpoint; below scale 1 the blocks that fit its share of bytes."""
    shapes = meta_mtp_shapes(META_MTP.published.geometry)
    sizes: dict[str, int] = {}
    for name, shape in shapes.items():
        sizes[_block(name)] = sizes.get(_block(name), 0) + math.prod(shape)
    wanted = scale * sum(sizes.values()) - sizes.pop("")
    blocks = list(sizes)
    kept = {"", *blocks[: max(1, round(wanted / sizes[blocks[0]]))]}
    return {name: shape for name, shape in shapes.items() if _block(name) in kept}


def _block(name: str) -> str:
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] in ("layers", "extra_heads") else ""


def write_checkpoint(path: Path, shapes: Shapes) -> None:
    """Write a float32 checkpoint of any size: torch lays out the zip, noise is filled in."""
    import numpy as np
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        state = {name: torch.empty(shape) for name, shape in shapes.items()}
    with torch.serialization.skip_data(materialize_fake_tensors=True):
        torch.save(state, path)
    noise = np.random.default_rng(7).standard_normal(NOISE_VALUES, dtype=np.float32) * 0.02
    data = memoryview(noise).cast("B")
    with open(path, "r+b") as handle:
        for tensor in index_checkpoint(path).tensors.values():
            handle.seek(tensor.position)
            left = tensor.size_bytes
            while left:
                left -= handle.write(data[: min(left, len(data))])
        os.fsync(handle.fileno())


def tensors_sha256(path: Path) -> str:
    """The digest of the tensors of a safetensors file by their names, whatever their order."""
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(CHUNK_BYTES))
    with open(path, "rb", buffering=0) as handle:
        size = int.from_bytes(handle.read(8), "little")
        header = json.loads(handle.read(size))
        header.pop("__metadata__", None)
        for name, tensor in sorted(header.items()):
            start, end = tensor["data_offsets"]
            digest.update(f"{name} {tensor['dtype']} {tensor['shape']} {end - start}\n".encode())
            handle.seek(8 + size + start)
            left = end - start
            while left:
                count = handle.readinto(buffer[: min(left, CHUNK_BYTES)])
                if not count:
                    raise RuntimeError(f"{path}: cut off in {name}")
                digest.update(buffer[:count])
                left -= count
    return digest.hexdigest()
