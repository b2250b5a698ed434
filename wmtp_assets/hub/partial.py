"""Unfinished downloads: where they lie, who may continue one, how one becomes the file.

They lie in `<raw folder>/.cache/wmtp_download/<path>/`, on the file system of the target, where
reset_storage spares them, under names that say what they are of:
`<etag>.<maker>.partial`. One belongs to the process that holds it (temporaries.py). Not here: what
the bytes are.
"""

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.full_disk import DISK_FULL
from wmtp_assets.files.temporaries import HeldFile, claim, guarded, make_file, new_maker
from wmtp_assets.files.walking import files_below
from wmtp_assets.folders import UNFINISHED
from wmtp_assets.hub.retry import LONGEST_WAIT_SECONDS
from wmtp_assets.hub.segments import bytes_there

ETAG_CHARACTERS = 40
LOOK_SECONDS = 0.5
# A download writes all the time, but for the longest wait that a server may ask for.
SILENT_SECONDS = LONGEST_WAIT_SECONDS + 60


@dataclass(frozen=True)
class Partial:
    """The first bytes of the content that `etag` names, held by this process."""

    held: HeldFile
    etag: str

    @property
    def path(self) -> Path:
        return self.held.path


@dataclass(frozen=True)
class DownloadPaths:
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
        """An empty file for the first bytes of this content, of nobody else."""
        etag = etag_for_file_name(etag)
        self.unfinished.mkdir(parents=True, exist_ok=True)
        return Partial(make_file(lambda: self._name(etag)), etag)

    def _name(self, etag: str) -> Path:
        return self.unfinished / f"{etag}.{new_maker()}.partial"

    def found(self) -> list[Path]:
        """The unfinished forms on disk, those that hold most first."""
        there = (p for p in self.unfinished.glob("*.partial") if p.is_file() and not p.is_symlink())
        return sorted(there, key=bytes_there, reverse=True)

    def adopt(self) -> Partial | None:
        """Take over the fullest one that nobody works on; what else is left behind is removed."""
        mine = None
        for path in self.found():
            if held := claim(path, SILENT_SECONDS):
                etag = path.name.split(".")[0]
                if mine or not etag:
                    held.remove()
                else:
                    held.rename(self._name(etag))
                    mine = Partial(held, etag)
        return mine

    @property
    def rejected(self) -> Path:
        """Where a wrong body is kept for a look."""
        return self.target.with_name(f"{self.target.name}.rejected")

    @property
    def bytes_on_disk(self) -> int:
        """How much of the file is there already, in its fullest unfinished form."""
        return max(map(bytes_there, self.found()), default=0)

    def publish(self, partial: Partial) -> None:
        """Let the whole file appear under its name, after fsync.

        Raises:
            BadInput: The folder cannot be written, or somebody took the unfinished file away.
        """
        try:
            file_io.publish(partial.path, self.target)
        except OSError as error:
            raise unwritable(self.target, error) from error
        self.rejected.unlink(missing_ok=True)

    def put_aside(self, partial: Partial, *, keep: bool) -> None:
        """Take a wrong body out of the way.

        Raises:
            BadInput: What lies in its place cannot be replaced.
        """
        try:
            if keep:
                partial.held.rename(self.rejected)
            else:
                partial.held.remove()
        except OSError as error:
            raise unwritable(self.rejected, error) from error

    @contextlib.contextmanager
    def guarded(self, waiting: Callable[[], None]) -> Iterator[None]:
        """Keep others from the same file, in this process and outside.

        Args:
            waiting: Called again and again while another has it; what it raises ends the wait.

        Raises:
            BadInput: The folder cannot be written.
        """
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(guarded(self.unfinished / "guard", waiting))
                self.target.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise unwritable(self.target, error) from error
            yield


def etag_for_file_name(etag: str) -> str:
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


def sweep_unfinished(folder: Path) -> None:
    """Remove the unfinished downloads that nobody works on, once all files are there.

    One machine may have begun a file that another one fetched, or one of an earlier commit.
    """
    for path in files_below(folder / UNFINISHED):
        if path.suffix == ".partial" and (held := claim(path, SILENT_SECONDS)):
            held.remove()
