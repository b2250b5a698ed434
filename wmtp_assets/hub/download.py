"""One upstream file under its name, proven; several of them side by side.

Whoever comes second to a file waits for the first and then finds it there. A wrong body is fetched
once more from the start; the second wrong one is set aside as `<name>.rejected`, if it came whole.
A body that is what the source states and still no such file is not fetched twice.
"""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from queue import SimpleQueue

from wmtp_assets.catalog import Repo
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.file_io import StoredFile
from wmtp_assets.hub import ranges
from wmtp_assets.hub.field_values import spoken_size
from wmtp_assets.hub.partial import LOOK_SECONDS, DownloadPaths, Partial
from wmtp_assets.hub.progress import DownloadProgress
from wmtp_assets.hub.proof import WrongBody, kept, require_proof
from wmtp_assets.hub.retry import Stopped
from wmtp_assets.hub.transfer import transfer
from wmtp_assets.source import RangeSource, RemoteFile, Source

SIDE_BY_SIDE = 4
REPORT_SECONDS = 10.0


@dataclass(frozen=True)
class Download:
    """What is to be fetched, from where, to where."""

    source: Source
    repo: Repo
    commit: str
    file: RemoteFile
    place: DownloadPaths


def download_all(
    downloads: Iterable[Download], progress: DownloadProgress, report: Callable[[str], None]
) -> dict[str, StoredFile]:
    """Fetch files side by side; returns path in the repository -> the proven file.

    The first failure, or an interruption, ends the others; what arrived of them stays.

    Raises:
        BadInput: As `download`.
    """
    stop, lines = threading.Event(), SimpleQueue()
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="download") as pool:
        futures = {
            pool.submit(download, one, stop, progress, lines.put): one.file.path
            for one in downloads
        }
        running: set[Future] = set(futures)
        reported_at = time.monotonic()
        try:
            while running:
                done, running = wait(running, LOOK_SECONDS, FIRST_EXCEPTION)
                _tell(lines, report)
                for future in done:
                    future.result()
                if time.monotonic() - reported_at >= REPORT_SECONDS:
                    reported_at = time.monotonic()
                    report(progress.line())
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
            _tell(lines, report)
    if futures:
        report(progress.line())
    return {path: future.result() for future, path in futures.items()}


def _tell(lines: SimpleQueue, report: Callable[[str], None]) -> None:
    """Report the lines of the threads from the thread that the log belongs to."""
    while not lines.empty():
        report(lines.get())


def download(
    one: Download, stop: threading.Event, progress: DownloadProgress, report: Callable[[str], None]
) -> StoredFile:
    """Bring one file under its name, proven before it appears there.

    Raises:
        BadInput: It cannot be had, is wrong twice, or the disk does not take it.
        Stopped: `stop` was set.
    """

    waits = iter([f"{one.repo.id}: another run fetches {one.file.path}; waiting for it"])

    def wait_for_other() -> None:
        if stop.is_set():
            raise Stopped
        for line in waits:
            report(line)

    if stop.is_set():
        raise Stopped
    with one.place.guarded(wait_for_other):
        found = kept(one.place.target, one.file)
        left_over = None if found else one.place.adopt()
        while not left_over and not found and one.place.found():
            # Of another machine, or where locks do nothing: it grows, or is silent and adopted.
            wait_for_other()
            time.sleep(LOOK_SECONDS)
            left_over = one.place.adopt()
            found = None if one.place.found() else kept(one.place.target, one.file)
        if found:
            progress.kept(one.file.path, found.size_bytes)
            return found
        report(f"{one.repo.id}: {one.file.path}, {spoken_size(one.file.size_bytes)}")
        try:
            return _try(one, left_over, stop, progress, report)
        except WrongBody as error:
            if error.as_stated or error.remedy:
                raise _refused(one, error) from error
            report(f"{one.repo.id}: {one.file.path}: {error.thing}; fetching it once more")
        try:
            return _try(one, None, stop, progress, report, last_try=True)
        except WrongBody as error:
            raise _refused(one, error) from error


def _refused(one: Download, error: WrongBody) -> BadInput:
    """The error for a file that is not accepted; names the file set aside where there is one."""
    fix = "see what answers there (HF_ENDPOINT, WMTP_MIRROR_DIR)"
    if error.as_stated:
        fix = "the source holds just this under that name, such as a repository without its LFS "
        fix += "objects: fetch them there, or use another HF_ENDPOINT"
    fix = error.remedy or fix
    if error.set_aside:
        fix += f"; what was sent is {one.place.rejected.name} beside it"
    return BadInput(
        f"{one.repo.id} at {one.commit} sent a wrong file",
        [f"{one.file.path}: {error.thing}"],
        f"{fix}; then run again",
    )


def comes_in_ranges(one: Download) -> bool:
    """Whether several ranges of the file are fetched at a time.

    Only where a digest is stated: it alone tells whether they belong together.
    """
    large = (one.file.size_bytes or 0) >= ranges.RANGED_FROM_BYTES
    return large and bool(one.file.sha256) and isinstance(one.source, RangeSource)


def _try(
    one: Download,
    left_over: Partial | None,
    stop: threading.Event,
    progress: DownloadProgress,
    report: Callable[[str], None],
    last_try: bool = False,
) -> StoredFile:
    """Transfer, prove, publish; the last try is in one stream.

    Raises:
        WrongBody: What arrived is removed, or set aside.
    """
    file, place = one.file, one.place

    def opened(start: int):
        return one.source.open(one.repo, one.commit, file.path, start)

    def opened_range(start: int, end: int):
        assert isinstance(one.source, RangeSource), one.source.name
        return one.source.open_range(one.repo, one.commit, file.path, start, end)

    file_io.require_free_space(place.folder, (file.size_bytes or 0) - place.bytes_on_disk)
    arrived = transfer(
        opened,
        place,
        file.size_bytes,
        left_over,
        opened_range=opened_range if not last_try and comes_in_ranges(one) else None,
        stop=stop,
        progress=progress,
        report=report,
    )
    try:
        require_proof(arrived.partial.path, arrived.sha256, file)
        place.publish(arrived.partial)
    except WrongBody as error:
        last = last_try or error.as_stated or bool(error.remedy)
        place.put_aside(arrived.partial, keep=last)
        error.set_aside = last
        raise
    finally:
        arrived.partial.held.release()
    return StoredFile(place.target, arrived.size_bytes, arrived.sha256)
