"""What writing and checking the micro models hold at once."""

import subprocess
import sys
import weakref
from pathlib import Path

import pytest
import torch

from wmtp_assets.errors import BadInput
from wmtp_assets.models import mtp_model
from wmtp_assets.models.checkpoint.tensors import CHUNK_ELEMENTS, TensorReader
from wmtp_assets.models.micro import rho1
from wmtp_assets.models.micro.cuts import TensorCut
from wmtp_assets.models.micro.folder import cut_sources, leading_part
from wmtp_assets.models.safetensors.header import TensorSpec, header_bytes
from wmtp_assets_tests.models.conftest import PROJECT
from wmtp_assets_tests.models.tiny import TinyStorage

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak anew")

# The peak of the process counts from here on, mapped pages with it.
PEAK = """
import sys
from pathlib import Path
import torch
from wmtp_assets.models.micro.cuts import TensorCut
from wmtp_assets.models.micro.findings import run_finding, slices_finding

def resident(name):
    [line] = [l for l in Path("/proc/self/status").read_text().splitlines() if l.startswith(name)]
    return int(line.split()[1]) * 1024

def begin():
    Path("/proc/self/clear_refs").write_text("5")
    return resident("VmRSS")
"""
SLICES = """
folder = Path(sys.argv[1])
cuts = (TensorCut("a", "a", (32000, 64)),)
before = begin()
found = slices_finding(folder / "micro.safetensors", folder / "whole.safetensors", cuts)
print(found.passed, resident("VmHWM") - before)
"""
FORWARD = """
class Tied(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.table = torch.nn.Embedding(32000, 512)

    def forward(self, ids):
        return torch.nn.functional.linear(self.table(ids), self.table.weight)

model = Tied()
before = begin()
found = run_finding(model, model, [2, 12, 32000])
print(found.passed, resident("VmHWM") - before)
"""


def peak_bytes(program: str, folder: Path) -> int:
    """How much more a process took at most while it judged what it finds sound."""
    ran = subprocess.run(
        [sys.executable, "-c", PEAK + program, str(folder)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    passed, peak = ran.stdout.split()
    assert passed == "True", ran.stdout
    return int(peak)


def write_zeros(path: Path, shape: tuple[int, ...]) -> None:
    """Write a safetensors file of zeros, nearly nothing on disk."""
    tensor = TensorSpec("a", "float16", shape)
    header = header_bytes([tensor])
    path.write_bytes(header)
    with open(path, "r+b") as file:
        file.truncate(len(header) + tensor.size_bytes)


@linux
def test_a_source_of_262_mb_is_compared_in_a_part_of_it(tmp_path):
    write_zeros(tmp_path / "whole.safetensors", (32000, 4096))
    write_zeros(tmp_path / "micro.safetensors", (32000, 64))
    assert peak_bytes(SLICES, tmp_path) < 130_000_000


@linux
def test_a_tied_table_of_66_mb_has_one_gradient_of_its_size(tmp_path):
    """And one copy of it, where both are added; with two gradients it would be three of them."""
    assert peak_bytes(FORWARD, tmp_path) < 190_000_000


def test_a_leading_part_comes_in_pieces(tmp_path):
    path, shape = tmp_path / "a.safetensors", (700, 4099)
    wanted = torch.arange(700 * 4099).reshape(shape).to(torch.float16)
    path.write_bytes(header_bytes([TensorSpec("a", "float16", shape)]) + wanted.numpy().tobytes())
    [source] = cut_sources(path, (TensorCut("a", "a", (690, 7)),))
    with TensorReader() as reader:
        parts = list(leading_part(reader, source, (690, 7)))
    rows = CHUNK_ELEMENTS // 4099
    assert [len(part) for part in parts] == [rows * 7, (690 - rows) * 7]
    assert torch.equal(torch.cat(parts).reshape(690, 7), wanted[:690, :7])


@pytest.mark.parametrize("shape", [(4, 9), (5, 8), (4,), (4, 8, 1)])
def test_a_source_that_is_too_small_is_named(tmp_path, shape):
    write_zeros(tmp_path / "a.safetensors", (4, 8))
    with pytest.raises(BadInput, match=r"too small tensors: a is \[4, 8\]"):
        cut_sources(tmp_path / "a.safetensors", (TensorCut("a", "a", shape),))


def test_the_policy_is_gone_before_the_reference_is_opened(tiny: TinyStorage, monkeypatch):
    policies, alive = [], []

    def load(*args):
        model = load_model(*args)
        policies.append(weakref.ref(model))
        return model

    def opened(*args):
        alive.extend(policy() is not None for policy in policies)
        return open_model(*args)

    load_model, open_model = mtp_model.load_model, rho1.open_model
    monkeypatch.setattr(mtp_model, "load_model", load)
    monkeypatch.setattr(rho1, "open_model", opened)
    assert tiny.judged("micro_ref", rho1.RHO1).passed
    assert alive == [False]
