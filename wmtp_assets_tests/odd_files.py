"""Every reader of a stored file, given what is none of its kind: a program with KIND and DIR.

A reader that waits for a FIFO, or reads /dev/zero to its end, would take the tests along: here it
has little memory and a time limit. Prints `<reader>\t<what it said>`.
"""

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

from wmtp_assets.approval import json_schema
from wmtp_assets.approval.signature import read_bundle, read_public_key
from wmtp_assets.backup.location import BackupLocation
from wmtp_assets.backup.tag import TAG, read_tag
from wmtp_assets.catalog import Repo
from wmtp_assets.datasets.convert.line_metadata import open_line_metadata
from wmtp_assets.datasets.convert.parquet import open_parquet
from wmtp_assets.datasets.convert.records import raw_lines
from wmtp_assets.datasets.convert.tokens import load_counter
from wmtp_assets.documents.markdown import document_digest
from wmtp_assets.errors import BadInput
from wmtp_assets.files.file_io import copy_file, read_json, read_sums, sha256_of, stored
from wmtp_assets.files.regular import read_text
from wmtp_assets.hub.lock import read_lock
from wmtp_assets.hub.proof import git_blob_of
from wmtp_assets.hub.sources import LISTING_NAME, MirrorSource
from wmtp_assets.models.checkpoint.uncached import UncachedFile
from wmtp_assets.models.checkpoint.zip_directory import read_directory
from wmtp_assets.models.configs import read_adapter
from wmtp_assets.models.micro.rho1 import read_texts
from wmtp_assets.models.safetensors.header import read_header
from wmtp_assets.models.safetensors.no_code import require_no_code
from wmtp_assets.models.strict_json import read_object
from wmtp_assets.models.tokenizer.files import load_sentencepiece
from wmtp_assets.models.tokenizer.findings import load_fast
from wmtp_assets.training_view.view_json import VIEW, read_view

REPO = Repo("org/name", "model", "main", "any")
MEMORY_BYTES = 4 * 1024**3
SPARSE_BYTES = 6 * 10**9
KINDS: dict[str, Callable[[Path], None]] = {
    "a FIFO": os.mkfifo,
    "a link to /dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a folder": Path.mkdir,
    "6 GB of nothing": lambda path: _sparse(path),
}


def _sparse(path: Path) -> None:
    with open(path, "wb") as out:
        out.truncate(SPARSE_BYTES)


def _from_mirror(path: Path) -> None:
    with MirrorSource(path.parents[2]).open(REPO, "a", path.name, 0) as body:
        for _ in body.chunks:
            raise AssertionError("bytes came")


def _listed(path: Path) -> None:
    MirrorSource(path.parent).list_files(REPO, "main")


def _line_metadata(path: Path) -> None:
    with open_line_metadata(path):
        pass


# file name -> its reader
READERS: dict[str, Callable[[Path], object]] = {
    "SHA256SUMS": read_sums,
    "metadata.json": read_json,
    "config.json": read_object,
    "meta_adapter.yaml": read_adapter,
    "decision.json": lambda path: json_schema.read_checked(path, json_schema.DECISION),
    "manifest.json": lambda path: json_schema.read_checked(path, json_schema.MANIFEST),
    "storage.sig": read_bundle,
    "reviewer.pub": read_public_key,
    "sources.lock.json": read_lock,
    "train.jsonl": lambda path: list(raw_lines(path)),
    "small.jsonl": read_texts,
    "train_metadata.json": _line_metadata,
    "README.md": read_text,
    "phase1_checklist.md": document_digest,
    "tokenizer.model": load_sentencepiece,
    "counter.model": lambda path: load_counter(path, "0" * 64),
    "tokenizer.json": load_fast,
    "model.safetensors": read_header,
    "consolidated.pth": read_directory,
    TAG: lambda path: read_tag(BackupLocation(str(path.parent))),
    LISTING_NAME: _listed,
    VIEW: lambda path: read_view(path.parent),
}
# Of any size, hence not asked with a large one.
LARGE: dict[str, Callable[[Path], object]] = {
    "digest": sha256_of,
    "size and digest": stored,
    "copy": lambda path: copy_file(path, path.with_name("copied")),
    "blob": git_blob_of,
    "rows.parquet": lambda path: open_parquet(path, {}),
    "uncached": UncachedFile,
    "org/name/file": _from_mirror,
}


# What else transformers reads of a folder; folders in it are nothing to it.
BESIDE = {"chat_template.jinja": lambda path: require_no_code(path.parent)}


def readers_of(kind: str) -> dict[str, Callable[[Path], object]]:
    if kind == "a folder":
        return READERS | LARGE
    return READERS | BESIDE | ({} if kind == "6 GB of nothing" else LARGE)


def main(kind: str, top: Path) -> None:
    with contextlib.suppress(ImportError, ValueError):  # macOS does not enforce it
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    for number, (name, read) in enumerate(readers_of(kind).items()):
        path = top / str(number) / name
        path.parent.mkdir(parents=True)
        (path.parent / REPO.id).mkdir(parents=True, exist_ok=True)
        KINDS[kind](path)
        print(name, end="\t", flush=True)
        try:
            read(path)
            print("nothing", flush=True)
        except BadInput as error:
            print(" ".join(str(error).split()), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
