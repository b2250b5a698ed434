"""kill -9 at chosen moments: work done in a fork that kills itself before its n-th watched call.

The process that forks imports first and starts no thread, so that a fork costs nothing and is safe.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Collection

WRITES = frozenset({"write", "writev", "pwrite", "fsync", "fdatasync", "replace", "rename"})
OURS = ("wmtp_assets.",)


def forked(
    work: Callable[[], object],
    kill_before: int | None,
    *,
    calls: Collection[str] = WRITES,
    callers: tuple[str, ...] = OURS,
) -> tuple[int, list[str]]:
    """Do the work in a fork that kills itself before its n-th watched call.

    Args:
        kill_before: 0: never; None: never, and unwatched, which takes half the time.
        calls: The names of C functions and methods that count.
        callers: Prefixes of the modules whose calls count.

    Returns:
        The exit code, and the watched calls in order.
    """
    read, write = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            if kill_before is not None:
                _watch(write, kill_before, calls, callers)
            work()
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    with open(read) as pipe:
        events = pipe.read().split()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), events


def _watch(pipe: int, kill_before: int, calls: Collection[str], callers: tuple[str, ...]) -> None:
    count, tell, lock = 0, os.write, threading.Lock()

    def watch(frame, event: str, called) -> None:
        nonlocal count
        if event != "c_call" or called.__name__ not in calls:
            return
        if called.__name__ == "replace" and called is not os.replace:
            return  # of a string
        if str(frame.f_globals.get("__name__")).startswith(callers):
            with lock:
                count += 1
                tell(pipe, f"{called.__name__}\n".encode())
                if count == kill_before:
                    os.kill(os.getpid(), signal.SIGKILL)

    threading.setprofile(watch)
    sys.setprofile(watch)
