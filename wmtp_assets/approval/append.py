"""A new entry of the chain: built beside its place, it appears by one rename, or not at all."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from wmtp_assets.approval.chain import (
    DECISION,
    MANIFEST,
    SUMS,
    Decision,
    entry_folder,
)
from wmtp_assets.approval.json_schema import DECISION_FORMAT
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.temporaries import new_folder, sweep


@contextlib.contextmanager
def pending_entry(signoff: Path, number: int) -> Iterator[Path]:
    """Yield a folder beside the place of an entry; it is removed unless `publish_entry` moved it.

    Raises:
        BadInput: signoff/ cannot be written.
    """
    place = entry_folder(signoff, number)
    try:
        signoff.mkdir(parents=True, exist_ok=True)
        sweep(signoff)
        pending = new_folder(place)
    except OSError as error:
        fix = "make the folder writable for the reviewer"
        raise BadInput(f"cannot write into {signoff} ({error.strerror})", [], fix) from error
    try:
        yield pending.path
    finally:
        pending.remove()


def write_decision(pending: Path, manifest: Mapping[str, Any], decision: Decision) -> None:
    """Write manifest.json, then decision.json with its digest."""
    written = file_io.write_json(pending / MANIFEST, manifest)
    decision = replace(decision, manifest_sha256=written.sha256)
    file_io.write_json(pending / DECISION, {"format": DECISION_FORMAT, **asdict(decision)})


def publish_entry(pending: Path, signoff: Path, number: int) -> Path:
    """Let a whole entry appear under its number, so that it survives a power cut.

    Raises:
        BadInput: Another decision has taken the number meanwhile.
    """
    place = entry_folder(signoff, number)
    files = [file_io.stored(path) for path in sorted(pending.iterdir())]
    file_io.write_sums(pending / SUMS, files)
    for path in pending.iterdir():
        file_io.fsync_file(path)
    file_io.fsync_folder(pending)
    try:
        # POSIX replaces an empty folder only: an entry is never replaced.
        os.rename(pending, place)
    except OSError as error:
        raise BadInput(
            f"decision {place.name} is there already ({error.strerror})",
            [place],
            "read what was decided meanwhile, then decide again",
        ) from error
    file_io.fsync_folder(signoff)
    return place
