"""A large file in several ranges at a time, hashed in order while they arrive.

In: a way to open a range of the upstream file, the open unfinished file. Out: the whole content in
it, or as much as came before the source showed that it gives no ranges: the rest is for one stream
(`transfer.py`).

    segments   [whole][whole][hashed here, arrives][arrives][whole][arrives][arrives][ - ][ - ]
                                                   |<--------- window moves ------->|

Each connection asks for one segment, writes it at its position, and takes the next one of the
window. The hash follows through the file behind the first hole, out of the cache of the system: no
byte waits in memory, and none is read from the disk again, but what an earlier process left. What
is there of each segment stands in the file (`segments.py`) once the disk has it: a dead process
loses what came since then, at most about SETTLE_BYTES and what arrives while they are written.
"""

import contextlib
import errno
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager

from wmtp_assets.files import file_io
from wmtp_assets.files.writer import forget_pages
from wmtp_assets.hub.http_errors import Refused
from wmtp_assets.hub.open_partial import OpenPartial
from wmtp_assets.hub.partial import etag_for_file_name
from wmtp_assets.hub.progress import DownloadProgress
from wmtp_assets.hub.retry import PROGRESS_BYTES, Busy, RetryBudget, Stopped, TryAgain
from wmtp_assets.hub.segments import Segments, read_segments, write_at
from wmtp_assets.source import Body

RANGED_FROM_BYTES = 1_000_000_000
# Of one file; with the files side by side (download.py) at most sixteen for a repository.
CONNECTIONS = 4
SEGMENT_BYTES = 64 * 1024 * 1024
# Twice the connections: none waits for one that is a little slower.
WINDOW_SEGMENTS = 2 * CONNECTIONS
SETTLE_BYTES = 32 * 1024 * 1024
LOOK_SECONDS = 0.1
FORBIDDEN, TOO_MANY = 403, 429

OpenRange = Callable[[int, int], AbstractContextManager[Body]]


class NoRanges(Exception):
    """The source does not give the ranges that are asked for; the text says what it does."""


def receive_ranges(
    opened: OpenRange,
    out: OpenPartial,
    size_bytes: int,
    stop: threading.Event,
    progress: DownloadProgress,
    report: Callable[[str], None],
) -> None:
    """Bring a file to the disk in several ranges at a time, as far as the source gives them.

    Args:
        opened: Opens the upstream file from one position to another.
        out: Takes the bytes; what is in it already is kept and hashed.
        size_bytes: What the file must have.
        stop: Ends it; what arrived stays for the next process.

    Raises:
        WrongBody: The file does not begin as one of its name.
        TryAgain: Too many failures of one range in a row, or too many requests; what arrived stays.
        BadInput: The source refuses the file.
        OSError: The disk does not take it.
        Stopped: `stop` was set.
    """
    ranges = _Ranges(opened, out, size_bytes, progress, report)
    try:
        ranges.receive(stop)
    except NoRanges as why:
        report(f"{out.file}: {why}; it comes in one stream")


class _Ranges:
    """One file whose segments arrive; `_changed` guards what its threads share."""

    def __init__(
        self,
        opened: OpenRange,
        out: OpenPartial,
        size_bytes: int,
        progress: DownloadProgress,
        report: Callable[[str], None],
    ):
        self._opened, self._out, self._progress, self._report = opened, out, progress, report
        self._changed = threading.Condition()
        self._halt = threading.Event()
        self._failed: list[BaseException] = []
        self._taken: set[int] = set()
        self._accepted = False
        """Whether the source sent a range in this run; before that one connection asks alone."""
        self._segments = self._what_is_there(size_bytes)
        self._there = self._settled = self._segments.bytes_there
        self._first = 0
        """The segment of the first hole, and how far the bytes before it reach."""
        self._front = 0
        self._move_front()
        self._settling: Future[None] | None = None
        self._forgotten = 0

    def _what_is_there(self, size_bytes: int) -> Segments:
        found = read_segments(self._out.descriptor)
        length = os.fstat(self._out.descriptor).st_size
        if found and found.size_bytes == size_bytes:
            return found
        if found or length > size_bytes:  # of another content
            self._out.start_over("")
            length = 0
        return Segments.without_holes(size_bytes, SEGMENT_BYTES, length)

    def receive(self, stop: threading.Event) -> None:
        """Start the connections, follow with the hash; errors are those of `receive_ranges`."""
        self._progress.kept(self._out.file, self._there)
        with ThreadPoolExecutor(1) as settler:
            try:
                with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="range") as pool:
                    try:
                        for _ in range(CONNECTIONS):
                            pool.submit(self._fetch_segments)
                        self._follow(stop, settler)
                    finally:
                        self._halt.set()
            except BaseException:
                with contextlib.suppress(OSError):
                    self._settle_last()
                raise
        self._wait_for_disk()
        os.ftruncate(self._out.descriptor, self._segments.size_bytes)

    def _follow(self, stop: threading.Event, settler: ThreadPoolExecutor) -> None:
        """Hash in order what has arrived, until it is all."""
        size_bytes = self._segments.size_bytes
        piece = memoryview(bytearray(file_io.BUFFER_BYTES))
        while self._out.position < size_bytes:
            with self._changed:
                ready = self._front - self._out.position
                enough = ready >= len(piece) or self._front == size_bytes
                if not enough and not self._failed:
                    self._changed.wait(LOOK_SECONDS)
                if self._failed:
                    raise self._failed[0]
            if stop.is_set():
                raise Stopped
            if enough:
                count = os.preadv(self._out.descriptor, [piece[:ready]], self._out.position)
                if not count:
                    raise OSError(errno.EIO, "the unfinished file was cut by another process")
                self._out.hash(piece[:count])
            if self._there - self._settled >= SETTLE_BYTES:
                self._wait_for_disk()
                self._settling = settler.submit(self._settle)

    def _wait_for_disk(self) -> None:
        if self._settling is not None:
            self._settling.result()

    def _settle(self) -> None:
        """Bring to the disk what is there, then write down that it is."""
        descriptor, hashed = self._out.descriptor, self._out.position
        with self._changed:
            self._settled = self._there
            counts = list(self._segments.counts)
        getattr(os, "fdatasync", os.fsync)(descriptor)
        Segments(self._segments.size_bytes, self._segments.segment_bytes, counts).write(descriptor)
        if hashed > self._forgotten:  # a count of 0 would mean all that follows
            forget_pages(descriptor, self._forgotten, hashed - self._forgotten)
            self._forgotten = hashed

    def _settle_last(self) -> None:
        """Write down all that arrived, for the next process."""
        self._wait_for_disk()
        if self._accepted:
            self._settle()

    def _fetch_segments(self) -> None:
        """One connection: segment after segment, until none is left."""
        try:
            while (number := self._next()) is not None:
                self._fetch(number)
        except BaseException as error:
            with self._changed:
                self._failed.append(error)
                self._halt.set()
                self._changed.notify_all()

    def _next(self) -> int | None:
        """Take the next segment of the window; None when no segment is left to take."""
        with self._changed:
            while not self._halt.is_set():
                number = len(self._segments.counts)
                left = (
                    n
                    for n in range(self._first, number)
                    if n not in self._taken and not self._segments.is_whole(n)
                )
                if (found := next(left, None)) is None:
                    return None
                alone = not self._accepted and self._taken
                if found < self._first + WINDOW_SEGMENTS and not alone:
                    self._taken.add(found)
                    return found
                self._changed.wait(LOOK_SECONDS)
        raise Stopped

    def _fetch(self, number: int) -> None:
        """Bring one segment, across cut connections."""
        patience = RetryBudget(self._halt, self._report)
        while not self._segments.is_whole(number):
            before = self._segments.counts[number]
            try:
                self._receive(number)
            except Refused as error:
                if error.status == FORBIDDEN:
                    raise NoRanges(error.thing) from error
                raise
            except TryAgain as error:
                if isinstance(error, Busy) and error.status == TOO_MANY:
                    raise  # one stream waits as long as it asks for
                if self._segments.counts[number] - before >= PROGRESS_BYTES:
                    patience.renew()
                patience.wait(error)

    def _receive(self, number: int) -> None:
        """One answer of the source."""
        start, end = self._segments.span(number)
        at = start + self._segments.counts[number]
        with self._opened(at, end) as body:
            self._accept(body, at, end)
            for chunk in body.chunks:
                if len(chunk) > end - at:
                    raise NoRanges(f"more was sent than the bytes from {at:,} to {end:,}")
                write_at(self._out.descriptor, chunk, at)
                at += len(chunk)
                self._arrived(number, len(chunk))
                if self._halt.is_set():
                    raise Stopped
        if at < end:
            raise TryAgain(f"{self._out.file}: a range ended {end - at:,} bytes before its end")

    def _accept(self, body: Body, start: int, end: int) -> None:
        """Refuse what is no such range of the content that the other ranges are of.

        Raises:
            NoRanges: It says what was sent.
        """
        if (body.start, body.end, body.size_bytes) != (start, end, self._segments.size_bytes):
            raise NoRanges(f"asked for the bytes from {start:,} to {end:,}, was sent others")
        etag = etag_for_file_name(body.etag)
        with self._changed:
            if self._halt.is_set():
                raise Stopped
            if not self._there and not self._accepted and etag:
                self._out.start_over(etag)
            if not etag or etag != self._out.partial.etag:
                raise NoRanges("nothing says that all ranges are of one content")
            if not self._accepted:
                self._accepted = True
                self._settle()
            self._changed.notify_all()

    def _arrived(self, number: int, count: int) -> None:
        with self._changed:
            self._segments.counts[number] += count
            self._there += count
            self._progress.at(self._out.file, self._there)
            before = self._front - self._out.position
            self._move_front()
            now = self._front - self._out.position
            if self._segments.is_whole(number) or before < file_io.BUFFER_BYTES <= now:
                self._changed.notify_all()

    def _move_front(self) -> None:
        """Let it reach the first hole."""
        segments, last = self._segments, len(self._segments.counts) - 1
        while self._first < last and segments.is_whole(self._first):
            self._first += 1
        self._front = segments.span(self._first)[0] + segments.counts[self._first]
