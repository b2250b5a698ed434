"""Unfinished work: its name, who works on it, what the dead left; and who waits for whom.

Whoever writes an unfinished file or folder holds a lock (flock) on it. The system lets go of it
when the process ends, however it ends, and every container of one kernel sees it; host names and
process ids tell nothing, two containers may have the same ones. A rename takes the lock along.

Whoever can take the lock may sweep the file: it is abandoned, if its maker ran on this kernel and
locks work on this file system. On network file systems they may do nothing, or hold on one machine
only; there what nobody changed for long is abandoned.

A maker is written `<host>.<kernel>.<unique>`, a temporary `.<name>.<maker>.tmp`.
"""

import contextlib
import errno
import fcntl
import functools
import hashlib
import os
import re
import secrets
import socket
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from wmtp_assets.child_processes import end_with_parent
from wmtp_assets.files.walking import remove_tree

# Of Linux, a new one at each start; containers have that of the machine they run on.
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# 27 GB are converted in less than a day; a file that is written last waits for as long.
SILENT_SECONDS = 86_400.0
LOOK_SECONDS = 0.1
CONTENTION = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)
FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
SUFFIX = ".tmp"
# Earlier releases had the process id in the place of the kernel.
NAME = re.compile(r"\..+\.([0-9a-f]{8}|[0-9]{1,7})\.[0-9a-f]{16}\.tmp", re.DOTALL)


class HeldFile:
    """An unfinished file or folder that this process works on, until it is released.

    Attributes:
        path: Where it is.
    """

    _all: set["HeldFile"] = set()

    def __init__(self, path: Path, descriptor: int):
        end_with_parent()
        self.path, self._descriptor = path, descriptor
        self._all.add(self)

    def rename(self, path: Path) -> None:
        self.path = self.path.rename(path)

    def release(self) -> None:
        """Let others have it; a second time does nothing."""
        if self in self._all:
            self._all.discard(self)
            os.close(self._descriptor)

    def remove(self) -> None:
        """Take it away, if it is held and can be, a folder with all that is in it; release it."""
        if self not in self._all:
            return
        with contextlib.suppress(OSError):
            if stat.S_ISDIR(os.fstat(self._descriptor).st_mode):
                # Renamed first: no file can be made in it while it is emptied.
                self.rename(self.path.with_name(f".{new_maker()}{SUFFIX}"))
                remove_tree(self.path)
            else:
                self.path.unlink()
        self.release()

    @classmethod
    def release_all(cls) -> None:
        for held in list(cls._all):
            held.release()


# The lock ends with the last copy of its descriptor, and a fork copies it.
os.register_at_fork(after_in_child=HeldFile.release_all)


def new_maker() -> str:
    """This process, as part of a file name of nobody else."""
    return f"{socket.gethostname()}.{kernel()}.{secrets.token_hex(8)}"


@functools.cache
def kernel() -> str:
    """The same for all processes that see each other's locks: those of one boot of one kernel."""
    try:
        identity = BOOT_ID.read_bytes()
    except OSError:
        identity = socket.gethostname().encode()  # macOS
    return hashlib.sha256(identity).hexdigest()[:8]


def temporary_beside(path: Path) -> Path:
    """A name for unfinished work on `path`."""
    return path.with_name(f".{path.name}.{new_maker()}{SUFFIX}")


def new_file(beside: Path) -> HeldFile:
    """An empty unfinished file that is to become `beside`."""
    return make_file(lambda: temporary_beside(beside))


def new_folder(beside: Path) -> HeldFile:
    """An empty unfinished folder that is to become `beside`, or in which its parts are made."""

    def make(path: Path) -> int:
        path.mkdir()
        return _open(path)

    return _make(lambda: temporary_beside(beside), make)


def make_file(name: Callable[[], Path]) -> HeldFile:
    """An empty file under a new name, held."""
    return _make(
        name, lambda path: os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | FLAGS, 0o666)
    )


def _make(name: Callable[[], Path], make: Callable[[Path], int]) -> HeldFile:
    while True:
        path = name()
        try:
            descriptor = make(path)
        except FileNotFoundError:
            if not path.parent.is_dir():
                raise
            continue  # swept between its making and its opening
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if _is_still(path, descriptor):
            return HeldFile(path, descriptor)
        os.close(descriptor)  # swept before it was locked


def claim(path: Path, silent_seconds: float = SILENT_SECONDS) -> HeldFile | None:
    """Hold what nobody works on any more; None where somebody does, or may, or it is gone.

    Args:
        silent_seconds: How long nobody may have changed it where its lock tells nothing.
    """
    try:
        descriptor = _open(path)
    except OSError:
        return None
    locked = True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        locked = False
        if error.errno in CONTENTION:
            os.close(descriptor)
            return None
    held = HeldFile(path, descriptor)
    with contextlib.suppress(OSError):
        if _is_still(path, descriptor) and (
            # Seen as locked while we lock it: on some file systems locks do nothing.
            (locked and _ran_here(path) and is_locked(path))
            or time.time() - _last_change(path) > silent_seconds
        ):
            return held
    held.release()
    return None


def is_locked(path: Path) -> bool:
    """Whether somebody holds it who can be seen from here, and hence lives."""
    with contextlib.suppress(OSError):
        descriptor = _open(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno in CONTENTION
        finally:
            os.close(descriptor)
    return False


def is_abandoned(path: Path) -> bool:
    """Whether nobody works on it any more."""
    held = claim(path)
    if held:
        held.release()
    return held is not None


def is_temporary(path: Path) -> bool:
    """Whether it has the name of unfinished work."""
    return NAME.fullmatch(path.name) is not None


def is_in_work(path: Path) -> bool:
    """Whether it is unfinished work of a process that lives, or may."""
    return is_temporary(path) and not is_abandoned(path)


def sweep(folder: Path) -> None:
    """Remove the unfinished files and folders in this folder that nobody works on any more."""
    for path in folder.glob(f".*{SUFFIX}"):
        if is_temporary(path) and (held := claim(path)):
            held.remove()


def sweep_all(walked: Iterable[tuple[Path, list[str], list[str]]]) -> None:
    """The same in all folders of a walk."""
    for folder, folders, _ in walked:
        sweep(folder)
        folders[:] = [name for name in folders if not is_temporary(Path(name))]


@contextlib.contextmanager
def guarded(guard: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Keep everybody else who asks for the same guard out, where locks do something.

    Args:
        guard: A file that stays.
        waiting: Called again and again while another one has it; what it raises ends the wait.

    Raises:
        OSError: The file cannot be made.
    """
    guard.parent.mkdir(parents=True, exist_ok=True)
    held = None
    while held is None:
        descriptor = os.open(guard, os.O_RDWR | os.O_CREAT | FLAGS, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in CONTENTION:
                os.close(descriptor)
                waiting()
                time.sleep(LOOK_SECONDS)
                continue
        held = HeldFile(guard, descriptor)
        if not _is_still(guard, descriptor):
            held.release()
            held = None
    try:
        yield
    finally:
        held.release()


def _open(path: Path) -> int:
    """Open a file or folder for its lock; network file systems lock what is open for writing."""
    try:
        return os.open(path, os.O_RDWR | FLAGS)
    except OSError as error:
        if error.errno not in (errno.EISDIR, errno.EACCES, errno.EROFS):
            raise
        return os.open(path, os.O_RDONLY | FLAGS)


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the name is still that of the open file."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    return False


def _ran_here(path: Path) -> bool:
    """Whether its maker ran on this kernel, or on this machine before it was started."""
    before, _, of_kernel = path.name.rsplit(".", 2)[0].rpartition(".")
    if of_kernel == kernel():
        return True
    here = f".{before}".endswith(f".{socket.gethostname()}")
    if not here or not hasattr(time, "CLOCK_BOOTTIME"):
        return False
    started = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return _last_change(path) < started


def _last_change(path: Path) -> float:
    """When the file, or something in the folder, was last changed."""
    inside = path.iterdir() if path.is_dir() else ()
    return max(entry.lstat().st_mtime for entry in (path, *inside))
