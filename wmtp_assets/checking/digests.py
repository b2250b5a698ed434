"""What the files of an asset are now: path as recorded -> sha256, each file read at most once.

A quick look takes the recorded digest of a file whose size and modification time are the recorded
ones; a deep look reads every byte, so that a preserved time hides nothing. A file is hashed when
its digest is first asked for: a check that has read it whole hands the digest in before that.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.regular import SMALL_BYTES, require_regular
from wmtp_assets.printable import reporter, say
from wmtp_assets.progress import Seen, reading, unseen
from wmtp_assets.store import Store

UNREADABLE = "unreadable"
# Hashing lets other threads run; a disk serves two readers as fast as one.
THREADS = 2


class Digests(Mapping[str, str]):
    """Path as recorded -> sha256 of the file there now, without the files that are missing.

    In place of the digest of a file that cannot be read stands `UNREADABLE` and why: the check then
    names the file and the error.

    Args:
        recorded: Path -> size_bytes, sha256, mtime_ns at materialization.
        deep: Whether every byte is read.
        begin_reading: Called before the first file is read deep, with all bytes that may be read;
            what it returns is told of them.
    """

    def __init__(
        self,
        store: Store,
        recorded: Mapping[str, Mapping[str, Any]],
        *,
        deep: bool,
        begin_reading: Callable[[int], Seen] = lambda total: unseen,
    ):
        self._store = store
        self._recorded = recorded
        self._deep = deep
        self._begin_reading = begin_reading
        self._found: dict[str, str | None] = {}
        self._began = {path: self._state(path) for path in recorded}

    def note(self, relative: str, sha256: str) -> None:
        """Take the digest of a file from a check that has read every byte of it, in order.

        It is not taken of a file that is another than it was at the beginning, or no regular one:
        that is read here, and told as it is found.
        """
        began = self._began.get(relative)
        if self._deep and began is not None and self._state(relative) == began:
            self._found.setdefault(relative, sha256)

    def __getitem__(self, relative: str) -> str:
        if relative not in self._recorded:
            raise KeyError(relative)
        if relative not in self._found:
            self._found[relative] = self._look(relative)
        found = self._found[relative]
        if found is None:
            raise KeyError(relative)
        return found

    def __iter__(self) -> Iterator[str]:
        unknown = [path for path in self._recorded if path not in self._found]
        if self._deep and len(unknown) > 1:
            assert self._seen  # begun here, not by two threads
            with ThreadPoolExecutor(THREADS) as pool:
                self._found |= zip(unknown, pool.map(self._look, unknown), strict=True)
        return (path for path in self._recorded if path in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @cached_property
    def _seen(self) -> Seen:
        unknown = self._recorded.keys() - self._found.keys()
        return self._begin_reading(sum(self._recorded[path]["size_bytes"] for path in unknown))

    def _stat(self, relative: str) -> os.stat_result:
        # A sparse file of any size is made in no time, and would take hours to read.
        limit = max(self._recorded[relative]["size_bytes"], SMALL_BYTES)
        path = self._store.locate(relative)
        return require_regular(path, root=self._store.home_of(relative), limit=limit)

    def _state(self, relative: str) -> tuple[int, ...] | None:
        try:
            stat = self._stat(relative)
        except (BadInput, OSError):
            return None
        return (*_identity(stat), stat.st_ctime_ns)  # a time of change cannot be set back

    def _look(self, relative: str) -> str | None:
        facts, path = self._recorded[relative], self._store.locate(relative)
        try:
            stat = self._stat(relative)
            if self._deep:
                return file_io.sha256_of(path, self._seen)
            same = (stat.st_size, stat.st_mtime_ns) == (facts["size_bytes"], facts["mtime_ns"])
            return facts["sha256"] if same else _read_once(path, *_identity(stat))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except BadInput as error:
            return f"{UNREADABLE} ({error.thing})"
        except OSError as error:
            return f"{UNREADABLE} ({error.strerror})"


def _identity(stat: os.stat_result) -> tuple[int, int, int]:
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


@lru_cache(maxsize=4096)
def _read_once(path: Path, size: int, mtime_ns: int, inode: int) -> str:
    """The digest of a touched file. Job report asks a dozen times; after a restore, for 83 GB.

    How far it is stands on stderr: whoever asks first, a run or `signoff status`, waits for it.
    """
    tell = reporter(lambda line: say(line, file=sys.stderr))
    return file_io.sha256_of(path, reading(str(path), size, tell))
