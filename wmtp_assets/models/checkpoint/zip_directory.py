"""The directory of a torch checkpoint's zip: its pickle, and where its storages lie.

Only archives as torch writes them are read; whatever else a zip can be is named and refused.
"""

import struct
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from wmtp_assets.errors import BadInput
from wmtp_assets.files.regular import open_regular, open_unbuffered
from wmtp_assets.hub import file_formats
from wmtp_assets.models.checkpoint.pickle_bounds import MOST_BYTES

FETCH_ANEW = "fetch the raw file anew, or compare the repository with the catalog"

_LOCAL_HEADER = struct.Struct("<4s22xHH")
_ENCRYPTED = 0x1
# What zipfile raises on a damaged or foreign archive.
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
)


@dataclass(frozen=True)
class Extent:
    """Where the bytes of a storage lie in the file."""

    first_byte: int
    size_bytes: int


@dataclass(frozen=True)
class Archive:
    """The pickle of a checkpoint, and its storages by the names that the pickle uses.

    `without_crc`: no entry has one, as `torch.serialization.set_crc32_options(False)` writes it;
    torch reads such a file, and the SHA-256 of the raw file covers every byte.
    """

    pickle: bytes
    storages: Mapping[str, Extent]
    without_crc: bool = False


def read_directory(path: Path) -> Archive:
    """Read a zip that is as torch writes it.

    Raises:
        BadInput: No zip (named where it is another form of checkpoint), cut short, or entries that
            torch does not write: duplicate or compressed ones, names that leave the folder,
            big-endian bytes, another number of pickles.
    """
    _require_zip(path)
    try:
        # Unbuffered: a buffer would read weights after each header, 1.2 MB of a whole model.
        with (
            open_regular(path) as whole,
            zipfile.ZipFile(whole) as archive,
            open_unbuffered(path) as handle,
        ):
            entries = archive.infolist()
            wrong = _odd_entries(entries)
            without_crc = not any(entry.CRC for entry in entries)

            def read(entry: zipfile.ZipInfo) -> bytes:
                if not without_crc:
                    return archive.read(entry)  # compares the CRC
                handle.seek(_first_byte(handle, entry))
                return handle.read(entry.file_size)

            pickles = [e for e in entries if PurePosixPath(e.filename).name == "data.pkl"]
            if len(pickles) != 1:
                wrong.append(f"{len(pickles)} data.pkl, not one")
            wrong += [
                f"a pickle of {e.file_size:,} bytes, at most {MOST_BYTES:,} are read"
                for e in pickles
                if e.file_size > MOST_BYTES
            ]
            wrong += [
                "stored in big-endian byte order"
                for e in entries
                if PurePosixPath(e.filename).name == "byteorder"
                and (e.file_size > len(b"little") or read(e) != b"little")
            ]
            if not wrong:
                prefix = pickles[0].filename.removesuffix("data.pkl") + "data/"
                storages = {
                    entry.filename.removeprefix(prefix): Extent(
                        _first_byte(handle, entry), entry.file_size
                    )
                    for entry in entries
                    if entry.filename.startswith(prefix)
                }
                return Archive(read(pickles[0]), storages, without_crc)
    except _ZIP_ERRORS as error:
        raise BadInput(
            f"not a torch zip checkpoint, or cut short ({error})", [path], FETCH_ANEW
        ) from error
    raise BadInput(f"{path.name} is not a zip as torch writes it", wrong, FETCH_ANEW)


def _require_zip(path: Path) -> None:
    try:
        with open_regular(path) as handle:
            head = handle.read(file_formats.HEAD_BYTES)
    except FileNotFoundError as error:
        raise BadInput("file is missing", [path], "materialize its raw asset") from error
    except OSError as error:
        fix = "make it readable, or materialize its asset anew"
        raise BadInput(f"cannot be read ({error.strerror})", [path], fix) from error
    if other := file_formats.other_checkpoint(head):
        raise BadInput(f"not a torch zip checkpoint, but {other.name}", [path], other.fix)


def _odd_entries(entries: list[zipfile.ZipInfo]) -> list[str]:
    if any(PurePosixPath(entry.filename).name == "constants.pkl" for entry in entries):
        return ["a TorchScript program (torch.jit.save), not a state dict"]
    counts = Counter(entry.filename for entry in entries)
    wrong = [f"duplicate entry {name}" for name, count in counts.items() if count > 1]
    for entry in entries:
        pure = PurePosixPath(entry.orig_filename)
        if pure.is_absolute() or ".." in pure.parts or set("\\\0") & set(entry.orig_filename):
            wrong.append(f"entry name {entry.orig_filename!r} leaves its folder")
        if entry.compress_type != zipfile.ZIP_STORED:
            wrong.append(f"compressed entry {entry.filename}")
        if entry.flag_bits & _ENCRYPTED:
            wrong.append(f"encrypted entry {entry.filename}")
    return wrong


def _first_byte(handle: BinaryIO, entry: zipfile.ZipInfo) -> int:
    handle.seek(entry.header_offset)
    magic, name, extra = _LOCAL_HEADER.unpack(handle.read(_LOCAL_HEADER.size))
    if magic != b"PK\3\4":
        raise zipfile.BadZipFile(f"no entry where the directory puts {entry.filename}")
    return entry.header_offset + _LOCAL_HEADER.size + name + extra
