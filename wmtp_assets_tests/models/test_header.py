"""safetensors headers, written and read; the library of the format agrees."""

import json
import struct

import pytest
import safetensors.torch
import torch

from wmtp_assets.errors import BadInput
from wmtp_assets.models.checkpoint.dtypes import BY_CODE, DTYPES
from wmtp_assets.models.safetensors.header import (
    TensorSpec,
    coverage_faults,
    header_bytes,
    read_header,
)


def file_of(tmp_path, entries, data: bytes = b"", length: int | None = None):
    path = tmp_path / "model.safetensors"
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)
    return path


def entry(begin: int, end: int, shape=(2,), dtype: str = "F16") -> dict:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


def test_a_file_of_the_library_is_read_and_covers_itself(tmp_path):
    state = {"a": torch.ones(2, 3), "b": torch.ones(5, dtype=torch.bfloat16)}
    safetensors.torch.save_file(state, tmp_path / "m.safetensors", metadata={"format": "pt"})
    header = read_header(tmp_path / "m.safetensors")
    assert {n: (t.dtype, t.shape) for n, t in header.tensors.items()} == {
        "a": ("float32", (2, 3)),
        "b": ("bfloat16", (5,)),
    }
    assert coverage_faults(header) == []
    assert header.parameters == 11 and header.dtypes == {"bfloat16": 1, "float32": 1}


def test_a_header_of_ours_is_read_by_the_library(tmp_path):
    head = header_bytes([TensorSpec("é", "float16", (2, 2)), TensorSpec("n", "int64", ())])
    assert len(head) % 8 == 0
    path = tmp_path / "m.safetensors"
    path.write_bytes(head + bytes(16))
    loaded = safetensors.torch.load_file(path)
    assert loaded["é"].shape == (2, 2) and loaded["n"].dtype == torch.int64


@pytest.mark.parametrize(
    ("entries", "data", "fault"),
    [
        ({"a": entry(0, 4), "b": entry(6, 10)}, bytes(10), "gap of 2 bytes before b"),
        ({"a": entry(0, 4), "b": entry(2, 6)}, bytes(6), "overlap of 2 bytes before b"),
        ({"a": entry(0, 4)}, bytes(6), "the file at"),
        ({"a": entry(0, 4)}, bytes(3), "the file at"),
        ({"a": entry(2, 6)}, bytes(6), "gap of 2 bytes before a"),
    ],
)
def test_gaps_overlaps_and_another_end_are_named(tmp_path, entries, data, fault):
    faults = coverage_faults(read_header(file_of(tmp_path, entries, data)))
    assert any(fault in text for text in faults), faults


@pytest.mark.parametrize(
    ("entries", "named"),
    [
        ({"a": entry(0, 4, dtype="F7")}, "a: dtype 'F7'"),
        ({"a": entry(0, 6)}, "a: 6 bytes for F16 [2], not 4"),
        ({"a": entry(4, 0)}, "a: -4 bytes"),
        ({"a": entry(-4, 0)}, "a: data_offsets"),
        ({"a": entry(0, 4, shape=(-2,))}, "a: shape"),
        ({"a": entry(0, 4, shape=(True, 2))}, "a: shape"),
        ({"a": entry(0, 4, shape=(2**63,))}, "a: shape"),
        ({"a": entry(0, 4, shape=(10**39,) * 200)}, "a: shape"),
        ({"a": entry(0, 4, shape=(2**62,) * 64)}, "a: 4 bytes for F16"),
        ({"a": entry(0, 2**63)}, "a: data_offsets"),
        ({"a": {"dtype": "F16"}}, "a: not dtype, shape and data_offsets"),
        ({"a": 3}, "a: not dtype"),
        ({"__metadata__": []}, "__metadata__: []"),
    ],
)
def test_malformed_entries_are_named(tmp_path, entries, named):
    with pytest.raises(BadInput) as refused:
        read_header(file_of(tmp_path, entries, bytes(4)))
    assert named in str(refused.value)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff", b'{"a": 1, "a": 2}'])
def test_what_is_no_header_is_refused(tmp_path, text):
    with pytest.raises(BadInput, match=r"model\.safetensors"):
        read_header(file_of(tmp_path, text))


@pytest.mark.parametrize("length", [10**18, 1000, 2**63])
def test_a_header_longer_than_the_file_is_refused(tmp_path, length):
    with pytest.raises(BadInput, match="header length"):
        read_header(file_of(tmp_path, {}, length=length))


def test_an_empty_and_a_missing_file_are_named(tmp_path):
    path = tmp_path / "m.safetensors"
    with pytest.raises(BadInput, match="file is missing"):
        read_header(path)
    path.write_bytes(b"123")
    with pytest.raises(BadInput, match="header length None of 3 bytes"):
        read_header(path)


def test_the_table_of_dtypes_agrees_with_torch():
    for name, row in DTYPES.items():
        assert row.torch.itemsize == row.size_bytes, name
        assert row.torch.is_floating_point == row.floating, name
        if row.floating:
            bits = torch.tensor(float("inf"), dtype=row.torch).view(getattr(torch, row.bits))
            assert bits.item() == row.infinity, name
    assert len(BY_CODE) == len(DTYPES)


def test_a_header_larger_than_any_is_not_read(tmp_path):
    path = file_of(tmp_path, b"", length=90_000_000)
    with open(path, "r+b") as sparse:
        sparse.truncate(6 * 10**9)
    with pytest.raises(BadInput, match="header length 90000000"):
        read_header(path)
