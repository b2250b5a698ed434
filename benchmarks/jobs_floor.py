"""The least that a job has to do with its bytes, measured: reading, hashing, writing them once."""

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.measure import drop_cache
from wmtp_assets.files import file_io
from wmtp_assets.files.writer import forget_pages, to_disk

CHUNK_BYTES = 8 * 1024 * 1024
# Seldom: the copy below waits for the disk each time.
SETTLE_BYTES = 128 * 1024 * 1024


def floor_seconds(sources: list[Path], made_bytes: int, target: Path) -> float:
    """Read, hash and write the sources, then hash and write as many bytes as were made of them.

    Two threads, as the project has them: what is read or made is hashed by one, written by the
    other. All is brought to the disk, and cached pages are given back on the way.

    Returns:
        The seconds of the faster of two runs on cold files: a floor that was disturbed is none.
    """
    return min(_floor(sources, made_bytes, target) for _ in range(2))


def _floor(sources: list[Path], made_bytes: int, target: Path) -> float:
    for source in sources:
        drop_cache(source)
    started = time.monotonic()
    buffer = memoryview(bytearray(CHUNK_BYTES))
    with ThreadPoolExecutor(1) as hashing:
        for source in sources:
            with open(source, "rb", buffering=0) as handle, open(target, "wb", buffering=0) as out:
                copy = _Copy(out, hashing)
                while count := handle.readinto(buffer):
                    position = copy.size_bytes
                    copy.put(buffer[:count])
                    forget_pages(handle.fileno(), position, count)
                copy.close()
        with open(target, "wb", buffering=0) as out:
            copy = _Copy(out, hashing)
            while left := made_bytes - copy.size_bytes:
                copy.put(buffer[: min(CHUNK_BYTES, left)])
            copy.close()
    seconds = time.monotonic() - started
    target.unlink()
    return seconds


class _Copy:
    def __init__(self, out, hashing: ThreadPoolExecutor):
        self._out, self._hashing, self._digest = out, hashing, hashlib.sha256()
        self.size_bytes = self._settled = 0

    def put(self, data: memoryview) -> None:
        hashed = self._hashing.submit(self._digest.update, data)
        self._out.write(data)
        hashed.result()
        self.size_bytes += len(data)
        if self.size_bytes - self._settled >= SETTLE_BYTES:
            self.close()

    def close(self) -> None:
        to_disk(self._out.fileno(), self._settled, self.size_bytes - self._settled)
        self._settled = self.size_bytes


def sha256_seconds(files: list[Path]) -> float:
    """Hash files from a cold cache, two at a time, the largest first.

    The largest file is hashed on one thread: no way to hash it is faster.
    """
    for path in files:
        drop_cache(path)
    started = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(file_io.sha256_of, files))
    return time.monotonic() - started
