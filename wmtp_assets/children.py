"""Processes that end with the one that gave them work: of a killed run nobody goes on writing.

Dagster's processes for steps, and ours for units, would outlive it: a worker waits for work for
ever, a step goes on to its end, and nobody takes what it made into the record.
"""

import multiprocessing
import os
import threading

# The processes that do not depend on another one: a run that the page started outlives the page.
_independent: set[int] = set()
_watched: set[int] = set()


def lead() -> None:
    """This process leads a run; it does not end with the one that started it."""
    _independent.add(os.getpid())


def end_with_parent() -> None:
    """End this process when the one that gave it work is gone, if one did."""
    parent, here = multiprocessing.parent_process(), os.getpid()
    if parent is None or here in _independent or here in _watched:
        return
    _watched.add(here)

    def watch() -> None:
        parent.join()
        if here not in _independent:
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
