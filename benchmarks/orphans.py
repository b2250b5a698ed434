"""The processes below this one, also those whose parent has ended: forkservers, pools.

On Linux this process adopts them, so that it can wait for them and what they took counts.
"""

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
LINUX = sys.platform == "linux"


@contextlib.contextmanager
def waiting_for_orphans() -> Iterator[None]:
    """Adopt, meanwhile, what is left running below this process; at the end wait for it."""
    if not LINUX:
        yield
        return
    known = set(children(os.getpid()))
    system = ctypes.CDLL(None)
    system.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
        while orphans := set(children(os.getpid())) - known:
            os.waitpid(orphans.pop(), 0)
    finally:
        system.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def children(pid: int) -> list[int]:
    """The processes whose parent is this one; none where the system does not tell."""
    if not LINUX:
        return []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        tasks = Path(f"/proc/{pid}/task").iterdir()
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return []
