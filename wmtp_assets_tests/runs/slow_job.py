"""Jobs that commands run: one writes a file until it is killed, one crashes by itself."""

import os
import signal
import time
from pathlib import Path

import dagster as dg

from wmtp_assets.files import file_io
from wmtp_assets.jobs import IN_PROCESS
from wmtp_assets.runs.executor import reporting_executor


@dg.asset
def fast() -> dg.MaterializeResult:
    return dg.MaterializeResult()


@dg.asset(deps=[fast])
def slow() -> dg.MaterializeResult:
    with file_io.atomic_path(Path(os.environ["SLOW_FILE"])) as path:
        while True:
            with open(path, "ab") as out:
                out.write(b".")
            time.sleep(0.01)


@dg.asset
def crashes() -> dg.MaterializeResult:
    """As a library does that reads what it should not."""
    os.kill(os.getpid(), signal.SIGSEGV)
    return dg.MaterializeResult()


@dg.asset
def goes_on() -> dg.MaterializeResult:
    return dg.MaterializeResult()


defs = dg.Definitions(
    assets=[fast, slow, crashes, goes_on],
    jobs=[
        dg.define_asset_job("slowly", selection=["fast", "slow"]),
        dg.define_asset_job("badly", selection=["crashes", "goes_on"]),
    ],
    executor=reporting_executor(IN_PROCESS, "/somewhere/storage"),
)
