"""A torch checkpoint -> where each tensor lies in it, without reading the tensors.

The opcodes of the pickle are looked at first (`pickle_bounds`). torch.load then unpickles names and
shapes with weights only (no code of the file is ever run, and there is no other way in), under
FakeTensorMode and from a stand-in archive whose storages are empty, so that each tensor tells the
name of its storage. What the pickle claims is then held against the zip. CRCs of the tensor entries
are not recomputed: the SHA-256 of the raw file covers them. What torch says of a file that it
refuses is not repeated: it advises to load it without this guard.
"""

import io
import pickle
import re
import reprlib
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wmtp_assets.errors import BadInput
from wmtp_assets.models.checkpoint.dtypes import DTYPES, PAIRS
from wmtp_assets.models.checkpoint.naming import PLAIN, Naming
from wmtp_assets.models.checkpoint.pickle_bounds import pickle_fault
from wmtp_assets.models.checkpoint.tensors import TensorAt
from wmtp_assets.models.checkpoint.zip_directory import FETCH_ANEW, Archive, Extent, read_directory

# A state dict may lie below these names; it is unwrapped and reported.
WRAPPERS = ("model", "state_dict")
# Levels that are searched for it.
DEPTH = 4

MOST_SHOWN = 200
# Where torch names what a pickle calls and must not.
_FORBIDDEN = re.compile(
    r"GLOBAL (\S+) was not an allowed|GLOBAL (\S+) whose module"
    r"|unrecognized function (.+)|but got (<.+>)"
)
_ADVICE = ("weights_only", "safe_globals", "torch.load", "allowlist", "file an issue")

# What unpickling raises on a stream that is no state dict; each becomes one BadInput.
_UNPICKLING_ERRORS = (
    pickle.UnpicklingError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,  # bytearray(10**15)
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
        besides: What lies beside the state dict, which is not kept.
        doubts: Why `wrapped_in` is not certain: other tensors lie beside it, or it is a name that
            is not usual. The catalog's row settles them.
        without_crc: Names of the files whose zip has no CRCs: torch.save was asked to write none.
    """

    tensors: Mapping[str, TensorAt]
    wrapped_in: str = ""
    besides: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    without_crc: tuple[str, ...] = ()


def index_checkpoint(path: Path, naming: Naming = PLAIN) -> Checkpoint:
    """Index the tensors of one torch zip checkpoint.

    Args:
        naming: Where the catalog says that the state dict lies; names stay as published.

    Raises:
        BadInput: Not a sound zip, a pickle that is not tensors, tensors that the zip does not
            hold, or no or several state dicts; all culprits of one kind at once.
    """
    archive = read_directory(path)
    loaded, storages = _unpickle(archive, path)
    state, wrapped_in, besides, doubts = _unwrap(loaded, path, naming)
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
    named = {t.name: t for t in in_file_order}
    without_crc = (path.name,) if archive.without_crc else ()
    return Checkpoint(named, wrapped_in, besides, doubts, without_crc)


def _unpickle(archive: Archive, path: Path) -> tuple[Any, dict[int, Extent]]:
    """What the pickle holds, and the storage behind each offset that its tensors carry."""
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    if fault := pickle_fault(archive.pickle):
        raise _refused(path, fault)
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
        # `from None`: torch's advice would be shown as the cause.
        raise _refused(path, _reason(error)) from None


def _refused(path: Path, reason: str) -> BadInput:
    return BadInput(
        f"{path.name} is not a checkpoint of plain tensors, nothing of it was run",
        [reason],
        "do not load this file; fetch the raw file anew, or take another that holds a state dict",
    )


def _reason(error: Exception) -> str:
    """Why torch refuses a file, without its advice; values of the file are never written out."""
    message = str(error) if isinstance(error, pickle.UnpicklingError | RuntimeError) else ""
    if wanted := _FORBIDDEN.search(message):
        return f"it asks for {next(name for name in wanted.groups() if name)[:MOST_SHOWN]}"
    message = (message.rpartition("WeightsUnpickler error:")[2].strip().splitlines() or [""])[0]
    if not message or any(word in message for word in _ADVICE):
        return f"torch finds no plain tensors in it ({type(error).__name__})"
    return message[:MOST_SHOWN]


def _shown(name: Any) -> str:
    """A key for a message: as it is, but bounded in length and depth."""
    return name[:MOST_SHOWN] if isinstance(name, str) else reprlib.repr(name)


def _unwrap(
    value: Any, path: Path, naming: Naming
) -> tuple[dict, str, tuple[str, ...], tuple[str, ...]]:
    """The state dict, the keys above it, what lies beside it, and why that is not certain."""
    if not isinstance(value, dict) or not value:
        found = f"{type(value).__name__} instead of named tensors"
        raise BadInput(f"{path.name} is not one state dict", [found], FETCH_ANEW)
    found = _state_dicts(value)
    stated = [keys for keys in found if ".".join(keys) == naming.wrapped_in]
    usual = [keys for keys in found if set(keys) <= set(WRAPPERS)]
    if naming.wrapped_in and not stated:
        places = ", ".join(repr(".".join(keys)) for keys in found)
        raise BadInput(
            f"{path.name} holds no state dict under {naming.wrapped_in!r} as the catalog says",
            [f"it lies under {places}" if any(found) else "its names are at the top"],
            "correct wrapped_in in the model's row in wmtp_assets/models",
        )
    if not stated and len(usual) != 1 and len(found) > 1:
        raise BadInput(
            f"{path.name} holds several state dicts",
            [".".join(keys) for keys in found],
            naming.fix({"wrapped_in": "one of these"}),
        )
    # A dict without any tensor is looked at as a state dict, which names its values.
    [keys] = (stated or usual or found)[:1] or [()]
    besides: dict[str, Any] = {}
    for key in keys:
        besides |= {_shown(other): inner for other, inner in value.items() if other != key}
        value = value[key]
    doubts = [
        f"beside it {key} holds tensors too" for key in besides if _holds_tensors(besides[key])
    ]
    if keys and (doubts or keys not in usual):
        doubts.insert(0, f"the state dict lies under {'.'.join(keys)!r}")
    return value, ".".join(keys), tuple(besides), tuple(doubts)


def _state_dicts(value: dict) -> list[tuple[str, ...]]:
    """The keys above each dict that holds tensors itself; what lies below such a one is not one."""
    import torch

    found: list[tuple[str, ...]] = []
    level: list[tuple[tuple[str, ...], dict]] = [((), value)]
    seen = {id(value)}
    for _ in range(DEPTH):
        below = []
        for keys, inner in level:
            if any(isinstance(v, torch.Tensor) for v in inner.values()):
                found.append(keys)
                continue
            for key, v in inner.items():
                # An optimizer's state lies under numbers, or under names of tensors with dots.
                if isinstance(v, dict) and id(v) not in seen and isinstance(key, str):
                    seen.add(id(v))
                    below += [((*keys, key), v)] if "." not in key else []
        level = below
    return found


def _holds_tensors(value: Any) -> bool:
    import torch

    waiting, seen = [value], set()
    while waiting:
        value = waiting.pop()
        if isinstance(value, torch.Tensor):
            return True
        if isinstance(value, dict | list | tuple) and id(value) not in seen:
            seen.add(id(value))
            waiting += value.values() if isinstance(value, dict) else value
    return False


def _tensor_at(name: Any, value: Any, path: Path, storages: Mapping[int, Extent]) -> TensorAt | str:
    """The tensor's place, or what is wrong with it."""
    import torch

    if not isinstance(name, str) or not isinstance(value, torch.Tensor):
        return f"{_shown(name)} is a {type(value).__name__}"
    if len(name) > MOST_SHOWN:
        return f"{_shown(name)}...: a name of {len(name):,} characters"
    published = str(value.dtype).removeprefix("torch.")
    dtype = PAIRS.get(published, published)
    if value.layout != torch.strided or dtype not in DTYPES or value.is_neg() or value.is_conj():
        return f"{name} is {published} of layout {value.layout}"
    extent = storages.get(getattr(value.untyped_storage(), "_checkpoint_offset", -1))
    if extent is None:
        return f"{name} has no storage in the zip"
    position = extent.first_byte + int(value.storage_offset()) * value.element_size()
    shape, stride, paired = tuple(value.shape), tuple(value.stride()), published in PAIRS
    if paired:
        shape, stride = (*shape, 2), (*(2 * step for step in stride), 1)
    found = TensorAt(name, path, dtype, shape, stride, position, of_complex=paired)
    if position + found.span_bytes > extent.first_byte + extent.size_bytes:
        return (
            f"{name}: storage of {extent.size_bytes:,} bytes is shorter than shape "
            f"{list(value.shape)} x stride {list(value.stride())} of {dtype}"
        )
    return found
