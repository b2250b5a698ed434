"""Unfinished downloads: where they lie, who may continue one, how one becomes the file.

They lie in `<raw folder>/.cache/wmtp_download/<path>/`, on the file system of the target, where
reset_storage spares them, under names that say what they are of:
`<etag>.<host>.<pid>.<random>.partial`. One belongs to the process that made it, until that one
ends. Not here: what the bytes are.
"""

import contextlib
import errno
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from wmtp_assets import store
from wmtp_assets.errors import BadInput
from wmtp_assets.temporaries import has_ended, new_owner

UNFINISHED = Path(".cache") / "wmtp_download"
ETAG_CHARACTERS = 40
LOOK_SECONDS = 0.5
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Partial:
    """The first bytes of the content that `etag` names."""

    path: Path
    etag: str


@dataclass(frozen=True)
class Place:
    """Where the unfinished forms of one file lie, and where the whole one goes."""

    folder: Path
    file: str

    @property
    def target(self) -> Path:
        return self.folder / self.file

    @property
    def unfinished(self) -> Path:
        """The folder of what is not whole yet."""
        return self.folder / UNFINISHED / self.file

    def new(self, etag: str) -> Partial:
        """A name for the first bytes of this content, of nobody else."""
        etag = plain_etag(etag)
        return Partial(self.unfinished / f"{etag}.{new_owner()}.partial", etag)

    def found(self) -> list[Partial]:
        """The unfinished forms on disk, longest first."""
        there = (p for p in self.unfinished.glob("*.partial") if p.is_file() and not p.is_symlink())
        paths = sorted(there, key=_size_bytes, reverse=True)
        return [Partial(path, path.name.split(".")[0]) for path in paths]

    def adopt(self, alone: bool) -> Partial | None:
        """Take over the longest one that nobody works on; what else is left behind is removed.

        Args:
            alone: Whether the guard kept everybody else out. Where it could not, only what a dead
                process of this machine left is taken.
        """
        mine = None
        for partial in self.found():
            if not (alone or _maker_is_dead(partial.path)):
                continue
            if mine or not partial.etag:
                partial.path.unlink(missing_ok=True)
                continue
            renamed = self.new(partial.etag)
            with contextlib.suppress(FileNotFoundError):  # another was faster
                os.replace(partial.path, renamed.path)
                mine = renamed
        return mine

    @property
    def rejected(self) -> Path:
        """Where a wrong body is kept for a look."""
        return self.target.with_name(f"{self.target.name}.rejected")

    @property
    def bytes_on_disk(self) -> int:
        """How much of the file is there already, in its longest unfinished form."""
        return max((_size_bytes(p.path) for p in self.found()), default=0)

    def publish(self, partial: Partial) -> None:
        """Let the whole file appear under its name, after fsync.

        Raises:
            BadInput: The folder cannot be written.
        """
        try:
            store.publish(partial.path, self.target)
        except OSError as error:
            raise unwritable(self.target, error) from error
        self.rejected.unlink(missing_ok=True)

    def put_aside(self, partial: Partial, *, keep: bool) -> None:
        """Take a wrong body out of the way."""
        if keep:
            os.replace(partial.path, self.rejected)
        else:
            partial.path.unlink()

    @contextlib.contextmanager
    def guarded(self, waiting: Callable[[], None]) -> Iterator[bool]:
        """Keep others from the same file, in this process and outside; yields whether that works.

        Args:
            waiting: Called twice a second while another one has it; what it raises ends the wait.

        Raises:
            BadInput: The folder cannot be written.
        """
        from filelock import FileLock, Timeout

        guard = self.unfinished / "guard"
        try:
            guard.parent.mkdir(parents=True, exist_ok=True)
            self.target.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(guard)
            while True:
                try:
                    lock.acquire(timeout=LOOK_SECONDS)
                    break
                except Timeout:
                    waiting()
        except OSError as error:
            raise unwritable(self.target, error) from error
        try:
            yield _lock_holds(guard)
        finally:
            lock.release()


def plain_etag(etag: str) -> str:
    """An ETag as part of a file name."""
    return re.sub(r"[^0-9A-Za-z-]", "", etag)[:ETAG_CHARACTERS]


def unwritable(target: Path, error: OSError) -> BadInput:
    """The error for a folder that takes no file."""
    if error.errno in DISK_FULL:
        return BadInput(
            f"the disk became full while {target.name} arrived",
            [target],
            "free space there or choose another WMTP_STORAGE_ROOT, then run again",
        )
    return BadInput(
        f"cannot write into {target.parent} ({error.strerror})",
        [target.name],
        "make the folder writable or choose another WMTP_STORAGE_ROOT",
    )


def _size_bytes(path: Path) -> int:
    """The size of a file that another process may take away meanwhile."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _lock_holds(guard: Path) -> bool:
    """Whether a held lock keeps a second one out: on some network file systems it does not."""
    import fcntl

    with open(guard, "rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


def _maker_is_dead(path: Path) -> bool:
    """Whether the process that made it was one of this machine, and has ended."""
    return has_ended(path.name.partition(".")[2].removesuffix(".partial"))
