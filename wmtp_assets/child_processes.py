"""Processes that end with the one that gave them work, so that nobody writes for a killed run.

Dagster's processes for steps, and ours for units of a dataset, would outlive it: a worker waits for
work for ever, a step goes on to its end, and nobody records what it made.
"""

import multiprocessing
import os
import threading

# Processes that lead a run: a run that the page started outlives the page.
_leaders: set[int] = set()
_watched: set[int] = set()


def lead_run() -> None:
    """Let this process, which leads a run, outlive the one that started it."""
    _leaders.add(os.getpid())


def end_with_parent() -> None:
    """End this process when the one that gave it work is gone, if one did."""
    parent, here = multiprocessing.parent_process(), os.getpid()
    if parent is None or here in _leaders or here in _watched:
        return
    _watched.add(here)

    def watch() -> None:
        parent.join()
        if here not in _leaders:
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
