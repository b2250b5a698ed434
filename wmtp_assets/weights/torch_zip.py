"""A torch checkpoint -> where each tensor lies in it, without reading the tensors.

torch.load unpickles names and shapes with weights only (no code of the file is ever run, and there
is no other way in), under FakeTensorMode and from a stand-in archive whose storages are empty, so
that each tensor tells the name of its storage. What the pickle claims is then held against the
zip. CRCs of the tensor entries are not recomputed: the SHA-256 of the raw file covers them.
"""

import io
import pickle
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wmtp_assets.errors import BadInput
from wmtp_assets.weights.dtypes import DTYPES
from wmtp_assets.weights.tensors import TensorAt
from wmtp_assets.weights.zip_directory import FETCH_ANEW, Archive, Extent, read_directory

# A state dict may lie one level down under one of these names; it is unwrapped and reported.
WRAPPERS = ("model", "state_dict")

# What unpickling raises on a stream that is no state dict; each becomes one BadInput.
_UNPICKLING_ERRORS = (
    pickle.UnpicklingError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)


@dataclass(frozen=True)
class Checkpoint:
    """The tensors of a checkpoint, in the order of the file or files.

    Attributes:
        wrapped_in: The key that the state dict was found under, "" when at the top.
        besides: Plain values beside the state dict, which are not kept.
    """

    tensors: Mapping[str, TensorAt]
    wrapped_in: str = ""
    besides: tuple[str, ...] = ()


def index_checkpoint(path: Path) -> Checkpoint:
    """Index the tensors of one torch zip checkpoint.

    Raises:
        BadInput: Not a sound zip, a pickle that is not tensors, or tensors that the zip does not
            hold; all culprits of one kind at once.
    """
    archive = read_directory(path)
    loaded, storages = _unpickle(archive, path)
    state, wrapped_in, besides = _unwrap(loaded, path)
    tensors, wrong = {}, []
    for name, value in state.items():
        found = _tensor_at(name, value, path, storages)
        if isinstance(found, TensorAt):
            tensors[found.name] = found
        else:
            wrong.append(found)
    if wrong:
        raise BadInput(f"{path.name} holds what is no sound tensor", wrong, FETCH_ANEW)
    in_file_order = sorted(tensors.values(), key=lambda t: (t.position, t.name))
    return Checkpoint({t.name: t for t in in_file_order}, wrapped_in, besides)


def _unpickle(archive: Archive, path: Path) -> tuple[Any, dict[int, Extent]]:
    """What the pickle holds, and the storage behind each offset that its tensors carry."""
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    stand_in = io.BytesIO()
    offsets = {}
    with zipfile.ZipFile(stand_in, "w") as out:
        out.writestr("archive/data.pkl", archive.pickle)
        out.writestr("archive/version", b"3\n")
        for key, extent in archive.storages.items():
            out.writestr(f"archive/data/{key}", b"")
            offsets[stand_in.tell()] = extent
    stand_in.seek(0)
    try:
        with FakeTensorMode():
            return torch.load(stand_in, weights_only=True, map_location="cpu"), offsets
    except _UNPICKLING_ERRORS as error:
        first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise BadInput(
            f"{path.name} is not a checkpoint of plain tensors, nothing of it was run",
            [_refused_global(error) or first_line],
            "do not load this file; fetch the raw file anew",
        ) from error


def _refused_global(error: Exception) -> str | None:
    """The line of torch's long message that names what the pickle wanted to call."""
    wanted = [line.strip() for line in str(error).splitlines() if "global" in line.lower()]
    return wanted[0][:200] if wanted else None


def _unwrap(value: Any, path: Path) -> tuple[dict, str, tuple[str, ...]]:
    wrapped_in: list[str] = []
    besides: list[str] = []
    wrong: list[str] = []
    while isinstance(value, dict):
        inside = [key for key in WRAPPERS if isinstance(value.get(key), dict)]
        if not inside:
            break
        others = [key for key in value if key != inside[0]]
        wrong += [f"{key} holds tensors too" for key in others if _holds_tensors(value[key])]
        besides += [str(key) for key in others]
        wrapped_in.append(inside[0])
        value = value[inside[0]]
    if not isinstance(value, dict) or not value:
        wrong.append(f"{type(value).__name__} instead of named tensors")
    if wrong:
        raise BadInput(f"{path.name} is not one state dict", wrong, FETCH_ANEW)
    return value, ".".join(wrapped_in), tuple(besides)


def _holds_tensors(value: Any) -> bool:
    import torch

    if isinstance(value, dict):
        return any(_holds_tensors(inner) for inner in value.values())
    if isinstance(value, list | tuple):
        return any(_holds_tensors(inner) for inner in value)
    return isinstance(value, torch.Tensor)


def _tensor_at(name: Any, value: Any, path: Path, storages: Mapping[int, Extent]) -> TensorAt | str:
    """The tensor's place, or what is wrong with it."""
    import torch

    if not isinstance(name, str) or not isinstance(value, torch.Tensor):
        return f"{name} is a {type(value).__name__}"
    dtype = str(value.dtype).removeprefix("torch.")
    if value.layout != torch.strided or dtype not in DTYPES or value.is_neg() or value.is_conj():
        return f"{name} is {dtype} of layout {value.layout}"
    extent = storages.get(getattr(value.untyped_storage(), "_checkpoint_offset", -1))
    if extent is None:
        return f"{name} has no storage in the zip"
    position = extent.first_byte + value.storage_offset() * DTYPES[dtype].size_bytes
    found = TensorAt(name, path, dtype, tuple(value.shape), tuple(value.stride()), position)
    if position + found.span_bytes > extent.first_byte + extent.size_bytes:
        return (
            f"{name}: storage of {extent.size_bytes:,} bytes is shorter than shape "
            f"{list(value.shape)} x stride {list(value.stride())} of {dtype}"
        )
    return found
