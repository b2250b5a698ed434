"""Trying again, within bounds: what may pass by itself, how long to wait for it, when to give up.

In: an attempt that failed with TryAgain. Out: a pause, or the error. What a server asks for
(Retry-After) is granted up to a limit; else each wait is twice the one before.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from wmtp_assets.errors import BadInput

MAX_FAILURES = 5
# Less than this between two failures is no progress: a line that breaks at once is given up.
PROGRESS_BYTES = 1024 * 1024
FIRST_WAIT_SECONDS = 1.0
# The Hub counts requests in windows of five minutes.
LONGEST_WAIT_SECONDS = 300.0
# Somebody waits for the answer, and nothing is lost by asking again later.
LONGEST_WAIT_FOR_LISTING_SECONDS = 30.0

T = TypeVar("T")


class TryAgain(BadInput):
    """Something that may pass by itself: a cut connection, a busy server.

    Args:
        wait_seconds: How long the server asked to be left alone, where it did.
    """

    def __init__(
        self, thing: str, fix: str = "run again: it goes on where it stopped", wait_seconds=None
    ):
        super().__init__(thing, (), fix)
        self.wait_seconds = wait_seconds


class Busy(TryAgain):
    """The server answered that it cannot now (408, 429, 5xx); `status` says which."""

    def __init__(self, thing: str, fix: str, wait_seconds: float | None, status: int):
        super().__init__(thing, fix, wait_seconds)
        self.status = status


class Stopped(Exception):
    """Another part of the same work failed or was interrupted; this part ends too."""


@dataclass
class RetryBudget:
    """Counts failures in a row of one piece of work, and waits between them."""

    stop: threading.Event = field(default_factory=threading.Event)
    report: Callable[[str], None] = lambda line: None
    longest_wait_seconds: float = LONGEST_WAIT_SECONDS
    failures: int = 0

    def renew(self) -> None:
        """There was progress: count anew."""
        self.failures = 0

    def wait(self, error: TryAgain) -> None:
        """Wait for the next attempt.

        Raises:
            TryAgain: `error` itself, after too many failures or when the server asks for too long.
            Stopped: The work was called off meanwhile.
        """
        self.failures += 1
        asked = error.wait_seconds
        if self.failures >= MAX_FAILURES or (asked or 0) > self.longest_wait_seconds:
            raise error
        seconds = FIRST_WAIT_SECONDS * 2 ** (self.failures - 1) if asked is None else asked
        self.report(f"{error.thing}; trying again in {seconds:,.0f} s")
        if self.stop.wait(seconds):
            raise Stopped


def retried(attempt: Callable[[], T]) -> T:
    """Call until the server is not busy, within the bounds of Patience."""
    patience = RetryBudget(longest_wait_seconds=LONGEST_WAIT_FOR_LISTING_SECONDS)
    while True:
        try:
            return attempt()
        except Busy as error:
            patience.wait(error)
