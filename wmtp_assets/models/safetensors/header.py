"""The header of a safetensors file: written, read, and held against the file.

Format: eight bytes of header length (little-endian), the header as JSON, the tensors without gap
or overlap to the end of the file.
"""

import json
import math
import os
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wmtp_assets.errors import BadInput
from wmtp_assets.files.regular import SMALL_BYTES, open_regular
from wmtp_assets.files.strict import brief
from wmtp_assets.models.checkpoint.dtypes import BY_CODE, DTYPES
from wmtp_assets.models.checkpoint.tensors import TensorAt, row_major
from wmtp_assets.models.strict_json import parse_object

# What transformers asks for; a dtype claimed here could contradict the bytes.
HEADER_METADATA = {"format": "pt"}
# A model of 10,000 tensors has 1.3 MB of header; the safetensors library reads up to 100 MB.
MAX_HEADER_BYTES = SMALL_BYTES
MAX_AXES, MAX_SIZE = 64, 2**63
_METADATA = "__metadata__"
_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True)
class TensorSpec:
    """A tensor that will be written."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def size_bytes(self) -> int:
        return math.prod(self.shape) * DTYPES[self.dtype].size_bytes


@dataclass(frozen=True)
class Header:
    """A header as read; `tensors` in the order of the file."""

    path: Path
    tensors: Mapping[str, TensorAt]
    metadata: Mapping[str, Any]
    data_start: int
    file_bytes: int

    @property
    def parameters(self) -> int:
        return sum(tensor.elements for tensor in self.tensors.values())

    @property
    def dtypes(self) -> dict[str, int]:
        """Dtype -> number of tensors."""
        names = [tensor.dtype for tensor in self.tensors.values()]
        return {name: names.count(name) for name in sorted(set(names))}


def header_bytes(planned: Iterable[TensorSpec]) -> bytes:
    """The first bytes of a file that holds these tensors, one after the other."""
    entries: dict[str, Any] = {_METADATA: HEADER_METADATA}
    end = 0
    for tensor in planned:
        begin, end = end, end + tensor.size_bytes
        entries[tensor.name] = {
            "dtype": DTYPES[tensor.dtype].code,
            "shape": list(tensor.shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return _LENGTH.pack(len(text)) + text


def read_header(path: Path) -> Header:
    """Read and parse the header; `coverage_faults` holds it against the file.

    Raises:
        BadInput: Missing, cut short, not a header, or entries that are malformed (all of them).
    """
    try:
        with open_regular(path) as handle:
            file_bytes = os.fstat(handle.fileno()).st_size
            prefix = handle.read(_LENGTH.size)
            length = _LENGTH.unpack(prefix)[0] if len(prefix) == _LENGTH.size else None
            if length is None or length > min(MAX_HEADER_BYTES, file_bytes - _LENGTH.size):
                raise BadInput(f"header length {length} of {file_bytes:,} bytes", [path], _ANEW)
            text = handle.read(length)
    except FileNotFoundError as error:
        raise BadInput("file is missing", [path], "materialize its asset") from error
    entries = parse_object(text, path)
    metadata = entries.pop(_METADATA, {})
    data_start = _LENGTH.size + length
    tensors, wrong = [], []
    if not isinstance(metadata, dict):
        wrong.append(f"{_METADATA}: {brief(metadata)}")
    for name, entry in entries.items():
        found = _entry(name, entry, path, data_start)
        (wrong if isinstance(found, str) else tensors).append(found)
    if wrong:
        raise BadInput(f"{path.name} has malformed header entries", wrong, _ANEW)
    tensors.sort(key=lambda t: (t.position, t.size_bytes))
    return Header(path, {t.name: t for t in tensors}, metadata, data_start, file_bytes)


_ANEW = "materialize its asset anew"


def coverage_faults(header: Header) -> list[str]:
    """Where the tensors leave a gap, overlap, or do not end with the file."""
    faults = []
    end = header.data_start
    for tensor in header.tensors.values():
        if tensor.position != end:
            kind = "gap" if tensor.position > end else "overlap"
            faults.append(f"{kind} of {abs(tensor.position - end):,} bytes before {tensor.name}")
        end = tensor.position + tensor.size_bytes
    if end != header.file_bytes:
        faults.append(f"tensors end at byte {end:,}, the file at {header.file_bytes:,}")
    return faults


def _entry(name: str, entry: Any, path: Path, data_start: int) -> TensorAt | str:
    """The tensor of a header entry, or what is wrong with it."""
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        return f"{name}: not dtype, shape and data_offsets"
    code, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(code, str) or code not in BY_CODE:
        return f"{name}: dtype {brief(code)}"
    if not _whole_numbers(shape):
        return f"{name}: shape {brief(shape)}"
    if not _whole_numbers(offsets) or len(offsets) != 2:
        return f"{name}: data_offsets {brief(offsets)}"
    dims = tuple(shape)
    begin, end = offsets
    found = TensorAt(name, path, BY_CODE[code].name, dims, row_major(dims), data_start + begin)
    if end - begin != found.size_bytes:
        return f"{name}: {end - begin:,} bytes for {code} {shape}, not {found.size_bytes:,}"
    return found


def _whole_numbers(value: Any) -> bool:
    """At most as many and as large as torch has them: their product can be computed and shown."""
    short = isinstance(value, list) and len(value) <= MAX_AXES
    return short and all(type(v) is int and 0 <= v < MAX_SIZE for v in value)
