"""Checkpoint conversion at the true 7B shapes, against the floor of the disk and the reference way.

    python -m benchmarks.checkpoints [--scale full|0.1] [--rounds 3] [--folder DIR] [--json]

The floor is a sequential read of the source and a write of as many bytes as the output with
fdatasync: what any converter pays. Floor and conversion alternate, each from a cold cache in a
process of its own, and the medians are compared. The clock runs for the work alone: torch is loaded
before, which takes one to two seconds whatever the size. A scale below full leaves out blocks and
keeps the shapes of the others. Everything written is removed at the end.
"""

import argparse
import json
import math
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import drop_cache, memory_bytes, run_module
from wmtp_assets.files.writer import SETTLE_BYTES, forget_pages, to_disk
from wmtp_assets.models.checkpoint.torch_zip import index_checkpoint
from wmtp_assets.models.meta_mtp import META_MTP
from wmtp_assets.models.tensor_shapes import Shapes, meta_mtp_shapes

CHUNK_BYTES = 8 * 1024 * 1024
NOISE_VALUES = 16 * 1024 * 1024
# torch.load holds the source, the cast holds the output beside it.
REFERENCE_MEMORY = 1.6


@dataclass(frozen=True)
class Run:
    """One way, run: seconds of its work, peak memory of its process, digest of its output."""

    seconds: float
    peak_rss_bytes: int
    sha256: str | None


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


def floor(source: Path, target: Path, output_bytes: int) -> None:
    """Read the source in order, then write as many bytes as the output, with fdatasync.

    Cached pages are given back on the way, as the project does: without that the floor of a
    virtual machine is up to three times as high.
    """
    buffer = memoryview(bytearray(CHUNK_BYTES))
    with open(source, "rb", buffering=0) as handle:
        position = 0
        while count := handle.readinto(buffer):
            forget_pages(handle.fileno(), position, count)
            position += count
    with open(target, "wb", buffering=0) as out:
        settled = 0
        for start in range(0, output_bytes, CHUNK_BYTES):
            end = start + out.write(buffer[: min(CHUNK_BYTES, output_bytes - start)])
            if end - settled >= SETTLE_BYTES or end == output_bytes:
                to_disk(out.fileno(), settled, end - settled)
                settled = end


def convert(source: Path, target: Path, scale: float) -> str:
    """The project's own conversion; returns the digest of the output."""
    from wmtp_assets.models.safetensors.convert import convert

    return convert(source, target, scaled_shapes(scale)).file.sha256


def compare(folder: Path, scale: float, rounds: int) -> dict:
    """Build the checkpoint, measure all ways, and return the numbers of the contract."""
    source, target = folder / "consolidated.pth", folder / "model.safetensors"

    def child(way: str) -> Run:
        if source.exists():
            drop_cache(source)
        measured = run_module(
            ["benchmarks.checkpoints", "--child", way, str(folder), "--scale", str(scale)]
        )
        target.unlink(missing_ok=True)
        return Run(peak_rss_bytes=measured.peak_rss_bytes, **json.loads(measured.output))

    # In a child too: a process inherits the peak memory of the one that starts it.
    child("build")
    source_bytes = source.stat().st_size
    output_bytes = sum(2 * math.prod(shape) for shape in scaled_shapes(scale).values())

    floors, ours = [], []
    for _ in range(rounds):
        floors.append(child("floor"))
        ours.append(child("convert"))
    fits = source_bytes * REFERENCE_MEMORY < memory_bytes()
    reference = child("reference") if fits else None
    digests = {run.sha256 for run in ours}
    if len(digests) != 1:
        raise RuntimeError(f"the same source gave different outputs: {digests}")
    seconds = statistics.median(m.seconds for m in ours)
    floor_seconds = statistics.median(m.seconds for m in floors)
    return {
        "source_bytes": source_bytes,
        "output_bytes": output_bytes,
        "seconds": round(seconds, 2),
        "floor_seconds": round(floor_seconds, 2),
        "ratio_to_floor": round(seconds / floor_seconds, 3),
        "peak_rss_bytes": max(m.peak_rss_bytes for m in ours),
        "baseline_seconds": round(reference.seconds, 2) if reference else None,
        "baseline_peak_rss_bytes": reference.peak_rss_bytes if reference else None,
        "sha256": digests.pop(),
    }


def _child(way: str, folder: Path, scale: float) -> None:
    source, target = folder / "consolidated.pth", folder / "model.safetensors"
    if way in ("convert", "reference"):
        _load_torch()
    sha256 = None
    started = time.monotonic()
    if way == "build":
        write_checkpoint(source, scaled_shapes(scale))
    elif way == "floor":
        floor(source, target, sum(2 * math.prod(s) for s in scaled_shapes(scale).values()))
    elif way == "convert":
        sha256 = convert(source, target, scale)
    else:
        from benchmarks.reference import convert_checkpoint

        convert_checkpoint(source, target)
    print(json.dumps({"seconds": time.monotonic() - started, "sha256": sha256}))


def _load_torch() -> None:
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        torch.empty(1)


def main() -> None:
    """Parse the command line, compare, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.checkpoints")
    parser.add_argument("--scale", default="0.1", help="full, or a fraction of the blocks")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=None, help="where there is disk for it")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    scale = 1.0 if options.scale == "full" else float(options.scale)
    if options.child:
        _child(options.child[0], Path(options.child[1]), scale)
        return
    with tempfile.TemporaryDirectory(prefix="checkpoints-", dir=options.folder) as folder:
        numbers = compare(Path(folder), scale, options.rounds)
    for name, value in numbers.items():
        print(
            f"{name:>24}  {value:,}" if isinstance(value, int | float) else f"{name:>24}  {value}"
        )
    if options.json:
        print(json.dumps(numbers))


if __name__ == "__main__":
    main()
