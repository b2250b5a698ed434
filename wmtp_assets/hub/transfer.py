"""The bytes of one file, across cut connections and dead processes, hashed while they arrive.

In: a way to open the upstream file at a position. Out: a whole file beside its target with its
SHA-256, where it begins as a file of its name does; `download.py` decides whether it is the right
one. What an earlier process left is hashed again from the disk and continued, if it is of the
content that is sent now; bytes of two contents never come together. Not promised: that the bytes
are right.
"""

import functools
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from wmtp_assets.files.full_disk import DISK_FULL
from wmtp_assets.hub import file_formats
from wmtp_assets.hub.open_partial import OpenPartial
from wmtp_assets.hub.partial import (
    DownloadPaths,
    Partial,
    etag_for_file_name,
    unwritable,
)
from wmtp_assets.hub.progress import DownloadProgress
from wmtp_assets.hub.proof import WrongBody
from wmtp_assets.hub.ranges import OpenRange, receive_ranges
from wmtp_assets.hub.retry import PROGRESS_BYTES, RetryBudget, Stopped, TryAgain
from wmtp_assets.source import Body

Open = Callable[[int], AbstractContextManager[Body]]


@dataclass(frozen=True)
class Arrived:
    """A file that is whole, but not under its name yet."""

    partial: Partial
    size_bytes: int
    sha256: str


def transfer(
    opened: Open,
    place: DownloadPaths,
    size_bytes: int | None,
    left_over: Partial | None,
    *,
    opened_range: OpenRange | None = None,
    stop: threading.Event,
    progress: DownloadProgress,
    report: Callable[[str], None],
) -> Arrived:
    """Bring one file whole to the disk, beside its place.

    Args:
        opened: Opens the upstream file at a position, as `Source.open` does.
        size_bytes: What the file must have; None where nothing states it: then the body has the
            size that its own head states, or ends where the connection says so.
        left_over: What an earlier process left of it.
        opened_range: Opens a range of the upstream file; where it is given, several arrive at a
            time, and in one stream what they do not bring. It takes a known size.
        stop: Ends the transfer; what arrived stays for the next one.
        progress: Takes how much of the file is there, as it grows.
        report: Called with a line for each failure that is waited out.

    Raises:
        WrongBody: Another size than stated, another thing than such a file.
        TryAgain: Too many failures in a row; what arrived stays.
        BadInput: The disk is full (what arrived is removed) or cannot be written.
    """
    patience = RetryBudget(stop, report)
    grown = functools.partial(progress.at, place.file)
    opened_partial, arrived = None, None
    try:
        opened_partial = OpenPartial(place, left_over)
        if opened_range and size_bytes is not None:
            try:
                receive_ranges(opened_range, opened_partial, size_bytes, stop, progress, report)
            except TryAgain as error:
                patience.wait(error)
        opened_partial.close_holes()
        opened_partial.hash_what_is_there(stop)
        progress.kept(place.file, opened_partial.position)
        whole = size_bytes is not None and opened_partial.position >= size_bytes
        while not whole:
            before = opened_partial.position
            try:
                _receive(opened, opened_partial, size_bytes, stop, grown)
                whole = True
            except TryAgain as error:
                if opened_partial.position - before >= PROGRESS_BYTES:
                    patience.renew()
                patience.wait(error)
        opened_partial.settle()
        arrived = Arrived(opened_partial.partial, opened_partial.position, opened_partial.sha256)
        return arrived
    except WrongBody:
        if opened_partial:
            opened_partial.drop()
        raise
    except OSError as error:
        if opened_partial and error.errno in DISK_FULL:
            opened_partial.drop()
        raise unwritable(place.target, error) from error
    finally:
        if opened_partial:
            opened_partial.close()
            if not arrived:
                opened_partial.partial.held.release()


def _receive(
    opened: Open,
    opened_partial: OpenPartial,
    size_bytes: int | None,
    stop: threading.Event,
    grown: Callable[[int], None],
) -> None:
    """One answer of the source; returns once the file is whole."""
    if opened_partial.position and not opened_partial.partial.etag:
        opened_partial.start_over("")  # nothing says that the next bytes are of the same content
    asked = opened_partial.position
    with opened(asked) as body:
        etag = etag_for_file_name(body.etag)
        if asked and body.start == asked and etag != opened_partial.partial.etag:
            opened_partial.start_over("")
            raise TryAgain(
                f"{opened_partial.file}: the content changed upstream after {asked:,} bytes of it"
            )
        if body.start not in (0, asked):
            opened_partial.start_over("")
            raise TryAgain(
                f"{opened_partial.file}: asked for the bytes from {asked:,} on, was sent others",
                "see what answers there (HF_ENDPOINT, a proxy), then run again",
            )
        if body.start == 0:
            opened_partial.start_over(etag)
        if size_bytes is None:
            size_bytes = body.size_bytes
        elif body.size_bytes not in (None, size_bytes):
            raise WrongBody(_wrong_size(body, size_bytes))
        cloned = body.start == 0 and opened_partial.clone(body, stop)
        for chunk in (b"",) if cloned else body.chunks:  # the looks below, at what was cloned
            if stop.is_set():
                raise Stopped
            opened_partial.write(chunk)
            grown(opened_partial.position)
            if size_bytes is not None and opened_partial.position > size_bytes:
                raise WrongBody(f"more than {size_bytes:,} bytes")
    if size_bytes is not None and opened_partial.position < size_bytes:
        raise TryAgain(
            f"{opened_partial.file}: the body ended after {opened_partial.position:,} of "
            f"{size_bytes:,} bytes"
        )


def _wrong_size(body: Body, size_bytes: int) -> str:
    other = file_formats.other_thing(next(body.chunks, b"")) if body.start == 0 else None
    return other or f"{body.size_bytes:,} bytes, expected {size_bytes:,}"
