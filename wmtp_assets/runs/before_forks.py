"""What a forkserver imports last, before it forks the processes of steps.

A fork shares the pages of what is loaded until somebody writes them, and Python's garbage collector
writes every object that it looks at: 1 GiB in two steps of models was half as much with it frozen.
"""

import gc

# Of each step, else 0.07 s: opening the record and the logs of a step.
import upath.core  # noqa: F401

gc.collect()
gc.freeze()
