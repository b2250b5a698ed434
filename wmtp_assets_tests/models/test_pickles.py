"""Pickles that no checkpoint has: each is named or read, in a moment, and nothing of it is run."""

import time
import zipfile
from pathlib import Path

import pytest
import torch

from wmtp_assets.errors import BadInput
from wmtp_assets.models.checkpoint.pickle_bounds import pickle_fault
from wmtp_assets.models.checkpoint.torch_zip import index_checkpoint
from wmtp_assets_tests.models.test_torch_zip import read, saved

ONE = torch.ones(2)
PROTO, STOP = b"\x80\x02", b"."
# t = (t, t), forty times over: 2^40 values.
DOUBLED = b")q\x00" + b"h\x00h\x00\x86q\x00" * 40
LEVELS = 100_000


def with_pickle(folder: Path, data: bytes) -> Path:
    path = folder / "a.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", data)
        archive.writestr("a/version", b"3\n")
    return path


def itself_under(name: str) -> dict:
    state: dict = {"a": ONE}
    state[name] = state
    return state


def itself() -> list:
    value: list = []
    value.append(value)
    return value


@pytest.mark.parametrize("name", ["model", "state_dict", "other"])
def test_a_state_dict_that_holds_itself_is_named(tmp_path, name):
    with pytest.raises(BadInput, match=f"no sound tensor: {name} is a dict"):
        index_checkpoint(saved(tmp_path / "a.pth", itself_under(name)))


def test_a_dict_of_nothing_but_itself_is_named(tmp_path):
    value: dict = {}
    value["model"] = value
    with pytest.raises(BadInput, match="model is a dict"):
        index_checkpoint(saved(tmp_path / "a.pth", value))


def test_cycles_beside_the_tensors_do_no_harm(tmp_path):
    around: dict = {"model": {"a": ONE}, "list": itself()}
    around |= {"around": around, "ring": [{"state": around}]}
    index = index_checkpoint(saved(tmp_path / "a.pth", around))
    assert (list(index.tensors), index.besides) == (["a"], ("list", "around", "ring"))


def test_a_list_of_itself_in_the_place_of_a_tensor_is_named(tmp_path):
    with pytest.raises(BadInput, match="b is a list"):
        index_checkpoint(saved(tmp_path / "a.pth", {"a": ONE, "b": itself()}))


def test_tensors_that_share_a_storage_and_a_large_tuple_are_read(tmp_path):
    state = {"model": {"a": ONE, "b": ONE[1:]}, "steps": tuple(range(100_000))}
    found = read(saved(tmp_path / "a.pth", state))
    assert [found[name].tolist() for name in found] == [[1.0, 1.0], [1.0]]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b")" + b"\x85" * LEVELS, "tuples in tuples, 100 levels"),
        (b"}(" + b")" + b"\x85" * LEVELS + b"Nu", "tuples in tuples"),
        (b"]" * LEVELS + b"a" * (LEVELS - 1), "list instead of named tensors"),
        (b"}X\x01\0\0\0a" * LEVELS + b"}" + b"s" * LEVELS, "a is a dict"),
        (b"}(" + DOUBLED + b"Nu", "its tuples repeat each other"),
        (b"cbuiltins\nset\n](" + DOUBLED + b"e\x85R", "its tuples repeat each other"),
        (DOUBLED + b")R", "its tuples repeat each other"),
        (b"](h\x01eR", "malformed"),
        (b"])R", "it calls what is no name"),
        (b"]Q", "a storage of it has no plain name"),
        (b"]X\x07\0\0\0storage]\x86Q", "a storage of it has no plain name"),
        (b"cbuiltins\nbytearray\n\x8a\x07" + b"\0" * 6 + b"\x40\x85R", "MemoryError"),
        (b"ctorch\ndevice\n](]]]e\x85R", "torch finds no plain tensors in it (TypeError)"),
        (b"\x8b\xff\xff\xff\x7f", "malformed"),
        (b"X\xff\xff\xff\x7f", "malformed"),
        (b"a" * 10, "malformed"),
        (b"0", "malformed"),
    ],
)
def test_what_no_checkpoint_holds_is_named_in_a_moment(tmp_path, data, told):
    started = time.monotonic()
    with pytest.raises(BadInput) as refused:
        index_checkpoint(with_pickle(tmp_path, PROTO + data + STOP))
    assert told in str(refused.value)
    assert time.monotonic() - started < 5


def test_a_pickle_beyond_its_bound_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("wmtp_assets.models.checkpoint.zip_directory.MOST_BYTES", 100)
    with pytest.raises(BadInput, match="a pickle of 118 bytes, at most 100 are read"):
        index_checkpoint(with_pickle(tmp_path, b"]" * 118))


@pytest.mark.parametrize("protocol", [2, 3])
def test_pickles_in_the_protocols_that_torch_reads_are_read(tmp_path, protocol):
    torch.save({"a": ONE}, tmp_path / "a.pth", pickle_protocol=protocol)
    assert list(read(tmp_path / "a.pth")) == ["a"]


@pytest.mark.parametrize("protocol", [4, 5])
def test_a_newer_protocol_is_named_with_those_that_torch_reads(tmp_path, protocol):
    torch.save({"a": ONE}, tmp_path / "a.pth", pickle_protocol=protocol)
    with pytest.raises(BadInput, match=f"saved with pickle_protocol={protocol}; torch reads 2"):
        index_checkpoint(tmp_path / "a.pth")


class Own:
    """A class of a trainer, which torch knows nothing of."""


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"a": ONE, "b": Own()}, f"it asks for {__name__}.Own"),
        ({"model": {"a": ONE}, "args": Path("x")}, "it asks for pathlib."),
        ({"a": ONE, "b": {1, 2}.union}, "it asks for getattr"),
        ({"a": ONE, "b": slice(1, 2)}, "it asks for slice"),
        ({"a": ONE, "b": print}, "it asks for print"),
    ],
)
def test_a_refusal_is_in_our_words_and_never_advises_to_load_it_all_the_same(tmp_path, value, told):
    with pytest.raises(BadInput) as refused:
        index_checkpoint(saved(tmp_path / "a.pth", value))
    said = f"{refused.value}"
    assert told in said and "nothing of it was run" in said
    assert refused.value.__suppress_context__ and refused.value.__cause__ is None
    for advice in ("weights_only", "safe_globals", "allowlist", "file an issue", "trust"):
        assert advice not in said


@pytest.mark.parametrize("data", [b"", b"\x80", b"N", b"(", b"(((t", b"h\x05.", b"\x85."])
def test_malformed_opcodes_are_a_reason_not_an_error(data):
    assert "malformed" in pickle_fault(data)
