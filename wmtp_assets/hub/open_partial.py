"""The unfinished file of one process, open: what is in it, hashed in order, whoever writes it.

It grows at its end (`transfer.py`) or at several positions at a time (`ranges.py`); the hash goes
from its first byte on in both.
"""

import contextlib
import os
import threading

from wmtp_assets.files import file_io
from wmtp_assets.files.writer import HashingWriter
from wmtp_assets.hub import file_formats, segments
from wmtp_assets.hub.partial import DownloadPaths, Partial
from wmtp_assets.hub.proof import WrongBody
from wmtp_assets.hub.retry import Stopped
from wmtp_assets.source import Body


class OpenPartial:
    """The unfinished file of one process, open, and the hash of what is in it."""

    def __init__(self, place: DownloadPaths, left_over: Partial | None):
        self._place = place
        self._open(left_over or place.new(""))

    def _open(self, partial: Partial) -> None:
        self.partial = partial
        self._handle = open(partial.path, "r+b", buffering=file_io.BUFFER_BYTES)  # noqa: SIM115
        self._out = HashingWriter(self._handle)
        self._head = b""

    @property
    def file(self) -> str:
        return self._place.file

    @property
    def position(self) -> int:
        return self._out.size_bytes

    @property
    def sha256(self) -> str:
        return self._out.sha256

    @property
    def descriptor(self) -> int:
        """For bytes at a position, past the buffer of `write`."""
        return self._handle.fileno()

    def clone(self, body: Body, stop: threading.Event) -> bool:
        """Take the whole content over without copying it, and hash what is there; if that works."""
        if cloned := body.clone(self.descriptor):
            self.hash_what_is_there(stop)
        return cloned

    def close_holes(self) -> None:
        """Drop what lies behind the first hole, where ranges of it arrived."""
        if found := segments.read_segments(self.descriptor):
            os.ftruncate(self.descriptor, found.bytes_before_hole)

    def hash_what_is_there(self, stop: threading.Event) -> None:
        """Read what is there and not hashed yet, to the end; the next byte goes behind it."""
        self._handle.seek(self.position)
        while chunk := self._handle.read(file_io.CHUNK_BYTES):
            if stop.is_set():
                raise Stopped
            self.hash(chunk)

    def hash(self, chunk: bytes | memoryview) -> None:
        """Hash the next bytes, which are in the file already.

        Raises:
            WrongBody: As `write`.
        """
        self._out.hash(chunk)
        self._look_at_head(chunk)

    def write(self, chunk: bytes) -> None:
        """Append bytes.

        Raises:
            WrongBody: The file does not begin as one of its name: told before the rest arrives.
        """
        self._out.write(chunk)
        self._look_at_head(chunk)

    def _look_at_head(self, chunk: bytes | memoryview) -> None:
        if (lacking := file_formats.HEAD_BYTES - len(self._head)) > 0:
            self._head += chunk[:lacking]
            if len(chunk) >= lacking and (
                wrong := file_formats.head_fault(self._place.file, self._head)
            ):
                raise WrongBody(wrong, file_formats.remedy(self._place.file, self._head))

    def start_over(self, etag: str) -> None:
        """Drop what is there; what comes is of this content."""
        self.drop()
        self._open(self._place.new(etag))

    def settle(self) -> None:
        """Wait until everything is in the file; an error of the disk is raised here."""
        self._handle.flush()
        self._out.settle()

    def drop(self) -> None:
        self.close()
        self.partial.held.remove()

    def close(self) -> None:
        self._out.close()
        with contextlib.suppress(OSError):  # what could not be written was told by `write`
            self._handle.close()
