"""Names of unfinished files that say who works on them, so that those of the dead are known.

An owner is written `<host>.<pid>.<unique>`; once it has ended, what it left is swept or continued.
"""

import contextlib
import os
import secrets
import socket
from pathlib import Path

from wmtp_assets.walking import remove_tree

# Tells this process from a dead one of the same pid: every run of a container may be pid 1.
_PROCESS = secrets.token_hex(4)


def new_owner() -> str:
    """This process, as part of a file name of nobody else."""
    return f"{socket.gethostname()}.{os.getpid()}.{_PROCESS}{secrets.token_hex(4)}"


def has_ended(owner: str) -> bool:
    """Whether an owner was a process of this machine that is no more."""
    host, pid, unique = owner.rsplit(".", 2)
    if host != socket.gethostname() or not pid.isdigit():
        return False
    if int(pid) == os.getpid():
        return not unique.startswith(_PROCESS)
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # alive, another user's
    return False


def temporary_beside(path: Path) -> Path:
    """A name for unfinished work on `path`; the next write sweeps it if this process dies."""
    return path.with_name(f".{path.name}.{new_owner()}.tmp")


def is_in_work(path: Path) -> bool:
    """Whether a file is unfinished work of a process that lives, or of another machine."""
    name = path.name
    if not (name.startswith(".") and name.endswith(".tmp")):
        return False
    rest, _, end = name.removesuffix(".tmp").rpartition(".")
    before, _, pid = rest.rpartition(".")
    if not (pid.isdigit() and end):
        return False
    host = socket.gethostname()
    return not (before.endswith(f".{host}") and has_ended(f"{host}.{pid}.{end}"))


def sweep_abandoned(path: Path) -> None:
    """Remove what a killed process of this machine left of the same file or folder."""
    prefix = f".{path.name}."
    for leftover in path.parent.glob(f"{prefix}{socket.gethostname()}.*.tmp"):
        if has_ended(leftover.name.removeprefix(prefix).removesuffix(".tmp")):
            if leftover.is_dir() and not leftover.is_symlink():
                with contextlib.suppress(OSError):
                    remove_tree(leftover)
            else:
                leftover.unlink(missing_ok=True)
