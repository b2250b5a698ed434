"""Indexing torch checkpoints: where tensors lie, and everything that is refused."""

import gzip
import os
import pickle
import random
import tarfile
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from wmtp_assets.errors import BadInput
from wmtp_assets.models.checkpoint.tensors import TensorReader
from wmtp_assets.models.checkpoint.torch_zip import index_checkpoint


def saved(path: Path, value) -> Path:
    torch.save(value, path)
    return path


def rewritten(path: Path, change, compression: int = zipfile.ZIP_STORED) -> Path:
    """The same archive with other entries: change(name, bytes) -> list of (name, bytes)."""
    target = path.with_name("rewritten.pth")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", compression) as new:
        for entry in old.infolist():
            for name, data in change(entry.filename, old.read(entry)):
                new.writestr(name, data)
    return target


def as_tar(path: Path) -> None:
    """The form in which torch wrote its first checkpoints."""
    with tarfile.open(path, "w") as archive:
        for name in ("sys_info", "pickle", "tensors", "storages"):
            archive.addfile(tarfile.TarInfo(name))


def read(path: Path) -> dict[str, torch.Tensor]:
    with TensorReader() as reader:
        return {name: reader.whole(at) for name, at in index_checkpoint(path).tensors.items()}


def test_every_dtype_and_layout_is_read_by_position(tmp_path):
    whole = torch.arange(24.0).reshape(4, 6)
    state = {
        "plain": whole,
        "transposed": whole.t(),
        "strided": whole[1:, ::2],
        "shared": whole[2],
        "expanded": torch.arange(3.0).expand(4, 3),
        "scalar": torch.tensor(3.5),
        "empty": torch.zeros(0, 3),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "cube": torch.arange(24).reshape(2, 3, 4).permute(2, 0, 1),
        **{
            str(dtype).removeprefix("torch."): torch.tensor([0, 1, 2, 3]).to(dtype)
            for dtype in (
                *(torch.float16, torch.bfloat16, torch.float32, torch.float64),
                *(torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.bool),
            )
        },
    }
    found = read(saved(tmp_path / "a.pth", state))
    assert found.keys() == state.keys()
    for name, tensor in state.items():
        assert found[name].dtype == tensor.dtype, name
        assert torch.equal(found[name], tensor.detach()), name


def test_complex_numbers_are_read_as_pairs(tmp_path):
    numbers = torch.randn(3, 4, 2)
    turns = torch.view_as_complex(numbers)
    state = {"plain": turns, "turned": turns.t(), "late": turns[1:, 2], "wide": turns.cdouble()}
    found = read(saved(tmp_path / "a.pth", state))
    for name, tensor in state.items():
        assert torch.equal(found[name], torch.view_as_real(tensor)), name


def test_tensors_longer_than_a_chunk_come_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("wmtp_assets.models.checkpoint.tensors.CHUNK_ELEMENTS", 1000)
    state = {"long": torch.randn(70, 90), "across": torch.randn(90, 70).t()}
    found = read(saved(tmp_path / "a.pth", state))
    assert all(torch.equal(found[name], state[name]) for name in state)


@pytest.mark.parametrize(
    ("wrap", "under"),
    [
        (lambda s: {"model": s, "step": 3}, "model"),
        (lambda s: {"state_dict": s}, "state_dict"),
        (lambda s: {"state_dict": {"model": s}, "args": {"lr": 0.1}}, "state_dict.model"),
    ],
)
def test_a_nested_state_dict_is_unwrapped_and_reported(tmp_path, wrap, under):
    index = index_checkpoint(saved(tmp_path / "a.pth", wrap({"a": torch.ones(2)})))
    assert list(index.tensors) == ["a"]
    assert index.wrapped_in == under


def test_plain_values_beside_the_state_dict_are_listed_and_tensors_make_a_doubt(tmp_path):
    state = {"a": torch.ones(2)}
    index = index_checkpoint(saved(tmp_path / "a.pth", {"model": state, "step": 3}))
    assert (index.besides, index.doubts) == (("step",), ())
    other = saved(tmp_path / "b.pth", {"model": state, "optimizer": [{"m": torch.ones(1)}]})
    assert "beside it optimizer holds tensors too" in index_checkpoint(other).doubts


class Payload:
    """What an attacker saves instead of a tensor."""

    def __init__(self, command: str):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def test_a_pickle_with_a_payload_is_refused_and_never_run(tmp_path):
    trace = tmp_path / "ran"
    path = saved(tmp_path / "a.pth", {"a": torch.ones(2), "b": Payload(f"touch {trace}")})
    with pytest.raises(BadInput, match="nothing of it was run") as refused:
        index_checkpoint(path)
    assert "system" in str(refused.value)
    assert not trace.exists()


@pytest.mark.parametrize(
    "value", [[torch.ones(2)], 3, {}, {"a": 1, "b": "text"}, {1: torch.ones(2)}]
)
def test_what_is_no_mapping_of_names_to_tensors_is_refused(tmp_path, value):
    with pytest.raises(BadInput):
        index_checkpoint(saved(tmp_path / "a.pth", value))


@pytest.mark.parametrize(
    "tensor",
    [
        torch.ones(2).to(torch.float8_e4m3fn),
        torch.ones(2, dtype=torch.complex64).conj(),
        torch.sparse_coo_tensor([[0]], [1.0], (3,), check_invariants=True),
    ],
)
def test_tensors_of_other_kinds_are_named(tmp_path, tensor):
    with pytest.raises(BadInput, match="odd is"):
        index_checkpoint(saved(tmp_path / "a.pth", {"odd": tensor}))


def test_a_storage_shorter_than_its_shape_is_named(tmp_path):
    path = saved(tmp_path / "a.pth", {"short": torch.ones(2, 3), "good": torch.ones(1)})

    def cut(name: str, data: bytes):
        return [(name, data[:8] if name.endswith("data/0") else data)]

    with pytest.raises(BadInput, match="short: storage of 8 bytes is shorter than shape") as named:
        index_checkpoint(rewritten(path, cut))
    assert len(named.value.culprits) == 1


def test_a_view_beyond_its_storage_is_named(tmp_path):
    path = saved(tmp_path / "a.pth", {"wide": torch.ones(2, 3)})

    def widen(name: str, data: bytes):
        return [(name, data.replace(b"K\x02K\x03\x86", b"K\x09K\x03\x86"))]

    with pytest.raises(BadInput, match="wide: storage"):
        index_checkpoint(rewritten(path, widen))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_odd_entries_of_the_zip_are_all_named_at_once(tmp_path):
    path = saved(tmp_path / "a.pth", {"a": torch.ones(2)})

    def spoil(name: str, data: bytes):
        extra = [("a/data/0", data), ("../evil", b"x")] if name.endswith("data/0") else []
        return [(name, data), *extra]

    with pytest.raises(BadInput) as named:
        index_checkpoint(rewritten(path, spoil))
    assert "duplicate entry a/data/0" in str(named.value)
    assert "'../evil' leaves its folder" in str(named.value)


def test_compressed_entries_are_named(tmp_path):
    path = saved(tmp_path / "a.pth", {"a": torch.ones(2)})
    packed = rewritten(path, lambda name, data: [(name, data)], zipfile.ZIP_DEFLATED)
    with pytest.raises(BadInput, match="compressed entry a/data/0"):
        index_checkpoint(packed)


def test_big_endian_bytes_are_named(tmp_path):
    path = saved(tmp_path / "a.pth", {"a": torch.ones(2)})

    def turn(name: str, data: bytes):
        return [(name, b"big" if name.endswith("byteorder") else data)]

    with pytest.raises(BadInput, match="big-endian"):
        index_checkpoint(rewritten(path, turn))


@pytest.mark.parametrize("keep", [0, 10, 500, -1, -30])
def test_a_truncated_file_is_named(tmp_path, keep):
    path = saved(tmp_path / "a.pth", {"a": torch.ones(200)})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(BadInput, match=r"a\.pth"):
        index_checkpoint(path)


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (
            lambda path, state: torch.save(state, path, _use_new_zipfile_serialization=False),
            ("one in the format of torch before 1.6", "save it anew", "WMTP_SOURCE=mirror"),
        ),
        (
            lambda path, state: torch.save(
                state, path, _use_new_zipfile_serialization=False, pickle_protocol=4
            ),
            ("one in the format of torch before 1.6",),
        ),
        (lambda path, state: as_tar(path), ("a tar archive", "without running its code")),
        (lambda path, state: path.write_bytes(pickle.dumps([1])), ("a pickle that torch did not",)),
        (lambda path, state: save_file(state, path), ("a safetensors file",)),
        (lambda path, state: path.write_bytes(gzip.compress(b"x")), ("a gzip file",)),
        (
            lambda path, state: torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), path),
            ("a TorchScript program",),
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:`torch.jit")
def test_another_form_of_checkpoint_is_named_for_what_it_is(tmp_path, write, told):
    path = tmp_path / "a.pth"
    write(path, {"a": torch.ones(2)})
    with pytest.raises(BadInput) as refused:
        index_checkpoint(path)
    assert all(part in str(refused.value) for part in told)
    assert "cut short" not in str(refused.value)


def test_an_old_checkpoint_saved_anew_as_the_refusal_says_is_read(tmp_path):
    old, new = tmp_path / "old.pth", tmp_path / "new.pth"
    torch.save({"a": torch.arange(3.0)}, old, _use_new_zipfile_serialization=False)
    torch.save(torch.load(old, weights_only=True), new)
    assert read(new)["a"].tolist() == [0.0, 1.0, 2.0]


def test_a_checkpoint_written_without_crcs_is_read_and_said_to_be_one(tmp_path):
    state = {"a": torch.arange(3.0), "b": torch.ones(2)}
    torch.serialization.set_crc32_options(False)
    try:
        path = saved(tmp_path / "a.pth", state)
    finally:
        torch.serialization.set_crc32_options(True)
    assert index_checkpoint(path).without_crc == ("a.pth",)
    assert read(path)["a"].tolist() == [0.0, 1.0, 2.0]
    assert index_checkpoint(saved(tmp_path / "b.pth", state)).without_crc == ()


def test_a_fifo_in_its_place_is_named(tmp_path):
    os.mkfifo(tmp_path / "a.pth")
    with pytest.raises(BadInput, match="a FIFO where a regular file should be"):
        index_checkpoint(tmp_path / "a.pth")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadInput, match="file is missing"):
        index_checkpoint(tmp_path / "a.pth")


def test_no_flipped_byte_crashes_the_index(tmp_path):
    path = saved(tmp_path / "a.pth", {"a": torch.ones(3), "b": torch.zeros(2, 2).t()})
    data, chance = path.read_bytes(), random.Random(1)
    for _ in range(200):
        at, bit = chance.randrange(len(data)), 1 << chance.randrange(8)
        path.write_bytes(data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :])
        try:
            read(path)
        except BadInput as error:
            assert "a.pth" in str(error)


def test_storages_are_found_by_name_not_by_their_order_in_the_file(tmp_path):
    # torch itself computes the offsets of new archives from their order.
    state = {name: torch.full((5,), float(n)) for n, name in enumerate("abcd")}
    path = saved(tmp_path / "a.pth", state)
    held = []

    def reorder(name: str, data: bytes):
        held.append((name, data))
        return held[::-1] if name.endswith("serialization_id") else []

    found = read(rewritten(path, reorder))
    assert {name: tensor[0].item() for name, tensor in found.items()} == {
        "a": 0.0,
        "b": 1.0,
        "c": 2.0,
        "d": 3.0,
    }


def test_a_tensor_whose_storage_is_not_in_the_zip_is_refused(tmp_path):
    path = saved(tmp_path / "a.pth", {"a": torch.ones(2), "b": torch.ones(3)})
    lost = rewritten(path, lambda name, data: [] if name.endswith("data/1") else [(name, data)])
    with pytest.raises(BadInput, match="data/1"):
        index_checkpoint(lost)


def test_fake_storages_carry_their_offset_in_the_file(tmp_path):
    # Rests on it: reading by position without loading. `_checkpoint_offset` is private to torch.
    from torch._subclasses.fake_tensor import FakeTensorMode

    path = saved(tmp_path / "a.pth", {"a": torch.tensor([1.5, 2.5])})
    with FakeTensorMode():
        state = torch.load(path, weights_only=True, map_location="cpu")
    offset = state["a"].untyped_storage()._checkpoint_offset
    assert path.read_bytes()[offset : offset + 8] == b"\0\0\xc0\x3f\0\0\x20\x40"
