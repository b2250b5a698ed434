"""A checkpoint larger than the memory: it converts where torch.load fails, and past 4 GB."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from wmtp_assets.models.checkpoint.tensors import TensorReader
from wmtp_assets.models.checkpoint.torch_zip import index_checkpoint
from wmtp_assets_tests.models.conftest import PROJECT
from wmtp_assets_tests.models.sparse import write_sparse

# RLIMIT_DATA counts private writable memory; Python with torch needs about 350 MB of it.
LIMIT_BYTES = 700_000_000
SIDE = 4096
LIMITED = """
import resource, sys, pathlib
resource.setrlimit(resource.RLIMIT_DATA, ({limit}, {limit}))
source = pathlib.Path(sys.argv[1])
import torch
{work}
"""
CONVERT = """
from wmtp_assets.models.safetensors.convert import convert
convert(source, source.with_name("model.safetensors"), {shapes})
"""


def write_numbered(path: Path, tensors: int) -> dict[str, tuple[int, int]]:
    """Write a float32 checkpoint of zeros, 67 MB a tensor and nearly nothing on disk.

    The last value of each tensor is its number, from 1.
    """
    shapes = {f"layers.{n}.weight": (SIDE, SIDE) for n in range(tensors)}
    write_sparse(path, shapes)
    index = index_checkpoint(path).tensors
    with open(path, "r+b") as handle:
        for number, name in enumerate(shapes, 1):
            handle.seek(index[name].position + index[name].size_bytes - 4)
            handle.write(torch.tensor([float(number)]).numpy().tobytes())
    return shapes


def limited(source: Path, work: str) -> subprocess.CompletedProcess:
    """Run a program under the limit, whatever the number of cores of this machine."""
    return subprocess.run(
        [sys.executable, "-c", LIMITED.format(limit=LIMIT_BYTES, work=work), str(source)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not enforce RLIMIT_DATA")
def test_a_model_of_twice_the_memory_limit_converts_where_torch_load_fails(tmp_path):
    source, target = tmp_path / "a.pth", tmp_path / "model.safetensors"
    shapes = write_numbered(source, 24)
    assert source.stat().st_size > 2 * LIMIT_BYTES
    for mapped in (False, True):
        load = f"torch.load(source, weights_only=True, mmap={mapped})"
        failed = limited(source, load)
        assert failed.returncode == 1 and "allocate memory" in failed.stderr, failed.stderr
    done = limited(source, CONVERT.format(shapes=shapes))
    assert done.returncode == 0, done.stderr[-2000:]
    with safe_open(target, "pt") as file:
        parts = [file.get_slice(name) for name in shapes]
        assert [part[-1:, -1:].item() for part in parts] == list(range(1, 25))
        assert parts[0].get_dtype() == "F16"
    target.unlink()


def test_tensors_beyond_four_gigabytes_are_found(tmp_path):
    path = tmp_path / "a.pth"
    shapes = write_numbered(path, 68)
    index = index_checkpoint(path).tensors
    assert index["layers.67.weight"].position > 2**32
    with TensorReader() as reader:
        last = reader.whole(index["layers.67.weight"])
    assert (len(index), tuple(last.shape)) == (68, shapes["layers.67.weight"])
    assert last[-1, -1].item() == 68.0 and not last[-1, :-1].any()
