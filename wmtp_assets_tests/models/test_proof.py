"""The proof of a stored file against its source."""

import threading

import pytest
import torch

from wmtp_assets.errors import BadInput
from wmtp_assets.models.checkpoint import tensors
from wmtp_assets.models.checkpoint.torch_zip import index_checkpoint
from wmtp_assets.models.safetensors.convert import convert
from wmtp_assets.models.safetensors.header import read_header
from wmtp_assets.models.safetensors.proof import prove


@pytest.fixture
def pair(tmp_path):
    state = {"a": torch.randn(40, 3), "b": torch.randn(4, 5).t(), "n": torch.arange(7)}
    source, target = tmp_path / "a.pth", tmp_path / "model.safetensors"
    torch.save(state, source)
    convert(source, target, {name: tuple(t.shape) for name, t in state.items()})
    return source, target


def proof(pair, keep=lambda name: True, dtype="float16"):
    source, target = pair
    tensors = [t for name, t in index_checkpoint(source).tensors.items() if keep(name)]
    return prove(read_header(target), tensors, dtype)


def test_the_proof_tells_of_every_byte_of_the_stored_file(pair):
    seen: list[int] = []
    prove(read_header(pair[1]), None, "float16", seen.append)
    assert sum(seen) == pair[1].stat().st_size


def test_a_conversion_equals_its_source(pair):
    found = proof(pair)
    assert found.equal().passed and found.finite().passed
    assert found.compared == found.values == 147


@pytest.mark.parametrize("chunk", [1, 8, 50])
def test_one_flipped_bit_is_found_and_its_value_named(pair, chunk, monkeypatch):
    monkeypatch.setattr("wmtp_assets.models.checkpoint.tensors.CHUNK_ELEMENTS", chunk)
    at = read_header(pair[1]).tensors["a"]
    data = bytearray(pair[1].read_bytes())
    data[at.position + 2 * 77] ^= 1
    pair[1].write_bytes(data)
    finding = proof(pair).equal()
    assert not finding.passed
    assert finding.evidence["culprits"][0].startswith("a value 77 is ")
    assert finding.evidence["different"] == 1


def test_the_sign_of_zero_counts(tmp_path):
    torch.save({"a": torch.zeros(3)}, tmp_path / "a.pth")
    torch.save({"a": -torch.zeros(3)}, tmp_path / "b.pth")
    convert(tmp_path / "a.pth", tmp_path / "m.safetensors", {"a": (3,)})
    assert not proof((tmp_path / "b.pth", tmp_path / "m.safetensors")).equal().passed


def test_a_tensor_on_one_side_only_is_named(pair):
    finding = proof(pair, lambda name: name != "b").equal()
    assert finding.evidence["culprits"] == ["unexpected b"]
    source, target = pair
    torch.save({**torch.load(source), "c": torch.ones(2)}, source)
    assert proof((source, target)).equal().evidence["culprits"] == ["missing c"]


def test_another_dtype_is_named(pair):
    culprits = proof(pair, dtype="bfloat16").equal().evidence["culprits"]
    assert culprits == [
        "a is float16 [40, 3], the source gives float32 [40, 3]",
        "b is float16 [5, 4], the source gives float32 [5, 4]",
    ]


@pytest.mark.parametrize(("bits", "said"), [(0x7C00, "inf"), (0xFC00, "-inf"), (0x7E01, "nan")])
def test_a_value_that_is_not_finite_is_named(pair, bits, said):
    at = read_header(pair[1]).tensors["b"]
    data = bytearray(pair[1].read_bytes())
    data[at.position + 8 : at.position + 10] = bits.to_bytes(2, "little")
    pair[1].write_bytes(data)
    finding = prove(read_header(pair[1]), None, "float16").finite()
    assert finding.evidence["culprits"] == [f"b value 4 is {said}"]


@pytest.fixture
def closed_early(monkeypatch):
    """Whether each file was closed while a thread still read from it."""
    reading, early = [], []
    read, close = tensors.UncachedFile.read, tensors.UncachedFile.close

    def noted(file, *given):
        reading.append(file)
        try:
            threading.Event().wait(0.001)
            return read(file, *given)
        finally:
            reading.remove(file)

    def closed(file):
        early.append(file in reading)
        close(file)

    monkeypatch.setattr(tensors.UncachedFile, "read", noted)
    monkeypatch.setattr(tensors.UncachedFile, "close", closed)
    monkeypatch.setattr(tensors, "CHUNK_ELEMENTS", 1)
    return early


def test_no_thread_reads_on_when_the_proof_ends_early(pair, closed_early):
    header = read_header(pair[1])
    with open(pair[1], "r+b") as handle:
        handle.truncate(header.tensors["n"].position + 20)
    with pytest.raises(BadInput, match="ends inside a tensor"):
        prove(header, index_checkpoint(pair[0]).tensors.values(), "float16")
    assert closed_early and not any(closed_early)
