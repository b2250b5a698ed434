"""One signal ends a command: Ctrl-C or SIGTERM, whenever it comes, and however often.

Python makes of Ctrl-C an exception in the main thread. It is lost in a finalizer, and Dagster
forgets one that comes between two jobs. So a thread hears of every signal by the wakeup pipe of
Python, and insists. The main thread blocks SIGINT, and so do programs that it starts: they do not
answer the terminal with tracebacks, and end with this one. (multiprocessing takes the block away.)
"""

import _thread
import logging
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

from wmtp_assets.printable import say

# Time to remove what is unfinished and to record the end, until the exception is raised again.
SECONDS_TO_END = 10.0
ATTEMPTS = 3
NAMES = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
# Wakes a system call, and means nothing to programs that do not know it.
WAKE = signal.SIGURG


@dataclass
class Stop:
    """What a command knows of the signal that ends it.

    Attributes:
        at: What the command does now, for the line that is printed.
        number: The first signal that came; None while none is known.
        pipe: Where Python writes the number of each signal.
        ended: Set once nothing has to be interrupted any more.
    """

    at: str = ""
    number: signal.Signals | None = None
    pipe: int | None = None
    ended: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def has_come(self) -> bool:
        """Whether a signal has come; known before any exception of it is raised."""
        with self._lock:
            pipe = self.pipe if self.number is None else None
            if pipe and select.select([pipe], [], [], 0)[0]:
                self.number = signal.Signals(os.read(pipe, 1)[0])
            return self.number is not None


# Of this process: the console has nothing to say after a signal.
_stop = Stop()


def is_stopping() -> bool:
    """Whether a signal has come that ends this command."""
    return _stop.has_come()


def stoppable(work: Callable[[Stop], int], then: str = "") -> NoReturn:
    """Do the work of a command, and exit: with its code, or as a signal asks.

    After Ctrl-C the code is 130, after SIGTERM 143, as a shell has it: a caller sees which it was.

    Args:
        work: Returns the exit code; tells what it is at.
        then: What the line says to do next.
    """
    _begin(_stop)
    try:
        code = work(_stop)
    except BaseException:
        if not is_stopping():
            raise
    finally:
        _stop.ended.set()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if is_stopping():
        _end(_stop, then)
    sys.exit(code)


def _begin(stop: Stop) -> None:
    """Hear of signals from now on."""
    stop.pipe, written = os.pipe()
    os.set_blocking(written, False)
    signal.set_wakeup_fd(written, warn_on_full_buffer=False)
    # The exception may come in a finalizer, or while SQLAlchemy closes a connection.
    unraisable = sys.unraisablehook
    sys.unraisablehook = lambda of: None if is_stopping() else unraisable(of)
    if logging.lastResort:
        logging.lastResort.addFilter(lambda _: not is_stopping())
    # Whoever starts this in the background of a script has it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, WAKE):
        signal.signal(number, lambda *_: None)
    # A program that blocks it has it blocked here too. Threads inherit that: the one takes SIGINT.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    threading.Thread(target=_insist, args=(stop,), daemon=True).start()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _insist(stop: Stop) -> None:
    main = threading.main_thread().ident
    assert stop.pipe is not None and main is not None, "they are there once it has begun"
    while not stop.has_come():
        select.select([stop.pipe], [], [])
    # Further ones would only break off the end.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    for attempt in range(ATTEMPTS):
        # The first SIGINT has raised its exception by itself.
        if attempt or stop.number != signal.SIGINT:
            _thread.interrupt_main()
        signal.pthread_kill(main, WAKE)
        if stop.ended.wait(SECONDS_TO_END):
            return
    _end(stop, "")


def _end(stop: Stop, then: str) -> NoReturn:
    """Print the line and exit at once: threads that are at work do so for nobody."""
    assert stop.number is not None, "a signal has come"
    line = f"stopped by {NAMES[stop.number]}"
    line += f" {stop.at}" if stop.at else ""
    sys.stdout.flush()
    say(f"{line}; {then}" if then else line, file=sys.stderr)
    os._exit(128 + stop.number)
