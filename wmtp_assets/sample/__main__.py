"""`python -m wmtp_assets.sample`: the rehearsal, all jobs in one process, then the table.

The same jobs as on the command line, recorded in the same way; one process saves three starts of
Python, Dagster and torch (12 s).
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

import dagster as dg
from dagster._core.storage.event_log.sqlite import sqlite_event_log

from wmtp_assets.definitions import defs
from wmtp_assets.settings import read_settings
from wmtp_assets.signoff.__main__ import main as signoff

JOBS = ("phase1", "reward_model", "report")


def reuse_engines() -> None:
    """Let Dagster's SQLite event log keep one SQLAlchemy engine per file.

    It makes a new one for every query and every stored event; in a run of 1,000 events that was
    12 of 55 s of CPU. The connections themselves are still opened and closed each time.
    """
    make, engines = sqlite_event_log.create_engine, {}

    def create_engine(url: str, **options):
        if url not in engines:
            engines[url] = make(url, **options)
        return engines[url]

    sqlite_event_log.create_engine = create_engine


@contextlib.contextmanager
def mirror_in_the_making() -> Iterator[None]:
    """Write the mirror beside the start of Dagster; the first raw asset waits for it."""
    program = "import sys, pathlib, wmtp_assets.sample.mirror as m; "
    program += "m.ensure_mirror(pathlib.Path(sys.argv[1]))"
    mirror = str(read_settings().sample_mirror)
    with subprocess.Popen([sys.executable, "-c", program, mirror]):
        yield


def main() -> int:
    """Run the jobs one after another, whatever comes of them; returns the exit code."""
    if read_settings().source != "sample":
        print("this is the rehearsal; set WMTP_SOURCE=sample", file=sys.stderr)
        return 1
    if not os.environ.get("DAGSTER_HOME"):
        print("no record without DAGSTER_HOME; use `make sample`", file=sys.stderr)
        return 1
    reuse_engines()
    succeeded = True
    with mirror_in_the_making(), dg.DagsterInstance.get() as instance:
        for name in JOBS:
            job = defs.resolve_job_def(name)
            result = job.execute_in_process(instance=instance, raise_on_error=False)
            succeeded = succeeded and result.success
    return signoff(["status", "--table"]) or (0 if succeeded else 1)


if __name__ == "__main__":
    sys.exit(main())
