"""Checkpoint conversion at the true 7B shapes, against the floor of the disk and plain scripts.

    python -m benchmarks.checkpoints [--scale full|0.1] [--rounds 3] [--folder DIR] [--json]

| way | reads | looks at each value | hashes | on the disk at the end |
|---|---|---|---|---|
| floor | all, then writes as many bytes as the output | | | yes |
| convert: this project | in bounded chunks | yes | yes | yes |
| mapped: `torch.load(mmap=True)`, cast and write a tensor at a time | a map | | yes | yes |
| baseline: `torch.load`, cast, `save_file` | all into memory | | | no |

The floor does one after the other: what overlaps the two can be faster. The baseline is left out
where the source does not fit into memory. The ways take turns, each from a cold cache in a process
of its own, and the medians are compared. The clock runs for the work alone: torch is loaded before,
which takes one to two seconds whatever the size. Resident memory of a map holds pages of the file,
which the system can take back. The run proves that all ways wrote the same tensors: names, dtypes,
shapes and bytes, whatever their order in the file.

Not compared: the checks of what was written (`jobs`). A scale below full leaves out blocks and
keeps the shapes of the others. Everything written is removed at the end.
"""

import argparse
import json
import math
import os
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.checkpoints_files import (
    CHUNK_BYTES,
    scaled_shapes,
    tensors_sha256,
    write_checkpoint,
)
from benchmarks.machine import Load, require_disk, show
from benchmarks.measure import drop_cache, memory_bytes, run_module
from wmtp_assets.files.writer import SETTLE_BYTES, forget_pages, to_disk

SPARE_BYTES = 500_000_000
# torch.load holds the source, the cast holds the output beside it.
REFERENCE_MEMORY = 1.6


@dataclass(frozen=True)
class Run:
    """One way, run: seconds of its work, peak memory of its process, digests of its output.

    Attributes:
        sha256: Of the file, where the way hashes it.
        tensors_sha256: Of the tensors, where it was asked for.
    """

    seconds: float
    peak_rss_bytes: int
    sha256: str | None
    tensors_sha256: str | None


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

    def child(way: str, *flags: str) -> Run:
        if source.exists():
            drop_cache(source)
        command = ["benchmarks.checkpoints", "--child", way, str(folder), "--scale", str(scale)]
        measured = run_module([*command, *flags])
        target.unlink(missing_ok=True)
        os.sync()  # nobody pays for what another left to be written
        return Run(peak_rss_bytes=measured.peak_rss_bytes, **json.loads(measured.output))

    # In a child too: a process inherits the peak memory of the one that starts it.
    child("build")
    source_bytes = source.stat().st_size
    output_bytes = sum(2 * math.prod(shape) for shape in scaled_shapes(scale).values())

    ways = ["floor", "convert", "mapped"]
    if source_bytes * REFERENCE_MEMORY < memory_bytes():
        ways.append("baseline")
    runs: dict[str, list[Run]] = {way: [] for way in ways}
    for number in range(rounds):
        for way in ways:
            # Once is enough of what hashes its output every time.
            prove = ["--prove"] if number == 0 and way != "floor" else []
            runs[way].append(child(way, *prove))
    sha256 = require_same(runs)
    seconds = {
        way: statistics.median(run.seconds for run in of_way) for way, of_way in runs.items()
    }
    memory = {way: max(run.peak_rss_bytes for run in of_way) for way, of_way in runs.items()}
    numbers = {
        "source_bytes": source_bytes,
        "output_bytes": output_bytes,
        "seconds": round(seconds["convert"], 2),
        "floor_seconds": round(seconds["floor"], 2),
        "ratio_to_floor": round(seconds["convert"] / seconds["floor"], 3),
        "peak_rss_bytes": memory["convert"],
    }
    for way in ("mapped", "baseline"):
        known = way in runs
        numbers |= {
            f"{way}_seconds": round(seconds[way], 2) if known else None,
            f"{way}_times_as_long": round(seconds[way] / seconds["convert"], 2) if known else None,
            f"{way}_peak_rss_bytes": memory[way] if known else None,
        }
    return {**numbers, "sha256": sha256}


def require_same(runs: Mapping[str, Sequence[Run]]) -> str:
    """Prove that all ways wrote the same tensors; returns the digest of the project's file.

    Raises:
        RuntimeError: They did not.
    """
    for way, of_way in runs.items():
        if len({run.sha256 for run in of_way}) != 1:
            raise RuntimeError(f"{way}: the same source gave different outputs")
    tensors = {way: of_way[0].tensors_sha256 for way, of_way in runs.items() if way != "floor"}
    if len(set(tensors.values())) != 1:
        raise RuntimeError(f"the ways wrote different tensors: {tensors}")
    return runs["convert"][0].sha256


def _child(way: str, folder: Path, scale: float, prove: bool) -> None:
    from benchmarks import reference

    source, target = folder / "consolidated.pth", folder / "model.safetensors"
    if way in ("convert", "mapped", "baseline"):
        _load_torch()
    sha256 = None
    started = time.monotonic()
    if way == "build":
        write_checkpoint(source, scaled_shapes(scale))
    elif way == "floor":
        floor(source, target, sum(2 * math.prod(s) for s in scaled_shapes(scale).values()))
    elif way == "convert":
        sha256 = convert(source, target, scale)
    elif way == "mapped":
        sha256 = reference.convert_checkpoint_mapped(source, target)
    else:
        reference.convert_checkpoint(source, target)
    said = {"seconds": time.monotonic() - started, "sha256": sha256}
    print(json.dumps(said | {"tensors_sha256": tensors_sha256(target) if prove else None}))


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
    parser.add_argument("--prove", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    scale = 1.0 if options.scale == "full" else float(options.scale)
    if options.child:
        _child(options.child[0], Path(options.child[1]), scale, options.prove)
        return
    load = Load()
    with tempfile.TemporaryDirectory(prefix="checkpoints-", dir=options.folder) as folder:
        needed = SPARE_BYTES + 6 * sum(map(math.prod, scaled_shapes(scale).values()))
        require_disk(Path(folder), needed, "--folder on another disk, or a smaller --scale")
        numbers = compare(Path(folder), scale, options.rounds) | load.numbers()
    show(numbers, options.json)


if __name__ == "__main__":
    main()
