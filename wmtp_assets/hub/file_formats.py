"""What the bytes of a published file must look like, by its name, whatever a source states.

A digest says that the bytes are those that the source names; it does not say that they are the
file: a repository without its LFS objects states the digest of a pointer text, a portal sends a
page of its own with status 200. Read are the first and the last bytes, and JSON files whole.
"""

import fnmatch
from dataclasses import dataclass
from pathlib import Path

from wmtp_assets.files.regular import SMALL_BYTES, open_regular, read_small
from wmtp_assets.files.strict import parse_json

HEAD_BYTES = 512
TAIL_BYTES = 1024
LFS_POINTER = b"version https://git-lfs.github.com/spec/"
PAGE = (b"<!doctype", b"<html", b"<head", b"<body", b"<script", b"<?xml")
# The largest wanted is a tokenizer.json of 1.8 MB.
MOST_JSON_BYTES = SMALL_BYTES


@dataclass(frozen=True)
class FileFormat:
    """A form: how it begins, what its last bytes hold, or the keys of the JSON object that it is.

    `least_bytes` is the size below which nothing has it.
    """

    name: str
    head: bytes = b""
    end: bytes = b""
    keys: tuple[str, ...] | None = None
    least_bytes: int = 1

    @property
    def shows_end(self) -> bool:
        """Whether a body that was cut off cannot have it."""
        return bool(self.end) or self.keys is not None


@dataclass(frozen=True)
class OtherCheckpoint:
    """Another form of checkpoint under a name that torch uses, and what to do with one."""

    name: str
    fix: str


# What torch.save wrote first, a pickled number, in the protocols that there were.
TORCH_MAGIC = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
TAR = slice(257, 262)
SAVE_ANEW = (
    "save it anew with a recent torch, torch.save(torch.load(OLD, weights_only=True), NEW), and "
    "offer NEW under the same name in a mirror (WMTP_SOURCE=mirror)"
)
ASK = "ask its publisher for the state dict as torch.save writes it since 1.6"
# torch.save writes a zip since 1.6; what it wrote before is read nowhere here.
TORCH = FileFormat("a torch checkpoint (zip)", b"PK\x03\x04", b"PK\x05\x06", least_bytes=22)
ANY = FileFormat("a file")
# pattern of the path -> form; the first that matches counts
FORMATS = {
    "*.parquet": FileFormat("a parquet file", b"PAR1", b"PAR1", least_bytes=12),
    "*.pth": TORCH,
    "*.bin": TORCH,
    "*.index.json": FileFormat("the index of a checkpoint", keys=("weight_map",), least_bytes=2),
    "*.json": FileFormat("a JSON object", keys=(), least_bytes=2),
}


def format_of(path: str) -> FileFormat:
    """The form that a file of this path has."""
    return next((form for name, form in FORMATS.items() if fnmatch.fnmatchcase(path, name)), ANY)


def head_fault(path: str, head: bytes) -> str | None:
    """What is wrong with a file by its first HEAD_BYTES (all of it, where it is shorter)."""
    if other := other_thing(head):
        return other
    form = format_of(path)
    if form is TORCH and (old := other_checkpoint(head)):
        return f"not {form.name}, but {old.name}"
    if not head.startswith(form.head):
        return f"not {form.name}: it begins with {head[: len(form.head)]!r}, not {form.head!r}"
    return None


def other_thing(head: bytes) -> str | None:
    """What was sent in place of a file, by its first bytes; None if it may be the file."""
    if head.startswith(LFS_POINTER):
        return "a Git LFS pointer text instead of the file"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:16].lower().startswith(PAGE):
        return "an HTML page instead of the file"
    return None


def other_checkpoint(head: bytes) -> OtherCheckpoint | None:
    """The kind of checkpoint that begins with these HEAD_BYTES, other than a zip of torch."""
    if TORCH_MAGIC in head[:32]:
        return OtherCheckpoint("one in the format of torch before 1.6", SAVE_ANEW)
    if head[TAR] == b"ustar":
        what = "a tar archive, the format of torch before 0.2 if it is a checkpoint"
        return OtherCheckpoint(what, f"{ASK}: no torch reads this one without running its code")
    if head[8:9] == b"{" and head[4:8] == bytes(4):
        return OtherCheckpoint("a safetensors file", "offer it under a name that says so")
    if head.startswith(b"\x1f\x8b"):
        return OtherCheckpoint("a gzip file", "offer the file that is packed in it in a mirror")
    if head[:1] == b"\x80" and head[1:2] in (b"\2", b"\3", b"\4", b"\5"):
        return OtherCheckpoint("a pickle that torch did not write", ASK)
    return None


def remedy(path: str, head: bytes) -> str:
    """What to do with a file that is published in another form; empty if it is none of those."""
    other = other_checkpoint(head) if format_of(path) is TORCH else None
    return other.fix if other else ""


def fault(file: Path, path: str) -> str | None:
    """What is wrong with a file on disk that is published under `path`; None if nothing is."""
    size = file.stat().st_size
    if not size:
        return "an empty file"
    with open_regular(file) as handle:
        head = handle.read(HEAD_BYTES)
        if wrong := head_fault(path, head):
            return wrong
        form = format_of(path)
        if form.end:
            handle.seek(max(0, size - TAIL_BYTES))
            if size < form.least_bytes or not _ends(handle.read(), form):
                return f"not {form.name}, or cut off: its end lacks {form.end!r}"
    return _json_fault(file, form, size) if form.keys is not None else None


def is_impossible(path: str, size_bytes: int) -> bool:
    """Whether no file of this path can have so few bytes."""
    return size_bytes < format_of(path).least_bytes


def _ends(tail: bytes, form: FileFormat) -> bool:
    # A zip may have a comment behind its end record; parquet has nothing behind its magic.
    return form.end in tail if form is TORCH else tail.endswith(form.end)


def _json_fault(file: Path, form: FileFormat, size: int) -> str | None:
    if size > MOST_JSON_BYTES:
        return f"not {form.name}: {size:,} bytes, at most {MOST_JSON_BYTES:,} are read as JSON"
    try:
        found = parse_json(read_small(file, limit=MOST_JSON_BYTES))
    except ValueError as error:
        return f"not {form.name}, or cut off: no JSON ({error})"
    if not isinstance(found, dict):
        return f"not {form.name}: a JSON {type(found).__name__}"
    missing = [key for key in form.keys or () if not isinstance(found.get(key), dict)]
    return f"not {form.name}: it has no {', '.join(missing)}" if missing else None
