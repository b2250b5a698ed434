"""The rehearsal on the sample: all jobs in one process, then the table of assets and checks.

The same jobs as on the command line, recorded in the same way; one process saves three starts of
Python, Dagster and torch (12 s). The command is `python -m wmtp_assets.sample`.
"""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from wmtp_assets.errors import BadInput
from wmtp_assets.files.temporaries import sweep
from wmtp_assets.models.rows import OPTIONAL_JOBS
from wmtp_assets.printable import say
from wmtp_assets.runs.stopped import RunProgress, stop_lines
from wmtp_assets.settings import read_settings
from wmtp_assets.signoff.__main__ import main as signoff
from wmtp_assets.signoff.__main__ import record, storage_root
from wmtp_assets.stopping import Stop, is_stopping

if TYPE_CHECKING:
    import dagster as dg

JOBS = ("phase1", *OPTIONAL_JOBS, "report")


@contextlib.contextmanager
def mirror_in_the_making() -> Iterator[None]:
    """Write the mirror beside the start of Dagster; the first raw asset waits for it."""
    program = "import sys, pathlib, wmtp_assets.sample.mirror as m; "
    program += "m.ensure_mirror(pathlib.Path(sys.argv[1]))"
    mirror = str(read_settings().sample_mirror)
    writer = subprocess.Popen([sys.executable, "-c", program, mirror])
    try:
        yield
    finally:
        # As a rule it has ended; where a signal came, it writes for nobody.
        writer.kill()
        writer.wait()
        sweep(Path(mirror).parent)


def main(stop: Stop) -> int:
    """Run the jobs one after another, whatever comes of them; returns the exit code.

    Args:
        stop: Is told which job runs.
    """
    try:
        ended = rehearse(stop)
    except BadInput as error:
        say(error, file=sys.stderr)
        return 1
    if any(progress.interrupted for progress in ended):
        return 1
    again = f"{sys.executable} -m wmtp_assets.sample"
    stopped = [line for progress in ended for line in stop_lines(progress, again)]
    code = signoff(["status", "--table"]) or (1 if stopped else 0)
    say(*stopped, file=sys.stderr)
    return code


def rehearse(stop: Stop) -> list[RunProgress]:
    """Run the jobs until one is interrupted; what came of each.

    Raises:
        BadInput: Settings or DAGSTER_HOME are wrong.
    """
    source = read_settings().source
    if source != "sample":
        raise BadInput("this is the rehearsal", [f"WMTP_SOURCE={source}"], "unset it")
    ended: list[RunProgress] = []
    with record() as instance, mirror_in_the_making():
        # Only now: it reads the settings too.
        from wmtp_assets.definitions import defs

        for name in JOBS:
            stop.at = f"in job {name}"
            ended.append(progress := run(defs, name, instance))
            if progress.interrupted or is_stopping():
                made = len(progress.made & progress.assets)
                stop.at += f", {made} of {len(progress.assets)} assets made"
                break
    return ended


def run(defs: "dg.Definitions", name: str, instance: "dg.DagsterInstance") -> RunProgress:
    """Run one job; what came of it."""
    from wmtp_assets.runs.events import progress_of
    from wmtp_assets.runs.executor import run_here

    job = defs.resolve_job_def(name)
    result = run_here(job, instance, storage_root(defs), raise_on_error=False)
    return progress_of(job, result)
