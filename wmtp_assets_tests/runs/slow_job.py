"""A job whose only step writes a file for as long as it lives; run by its commands, then killed."""

import os
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


defs = dg.Definitions(
    assets=[fast, slow],
    jobs=[dg.define_asset_job("slowly")],
    executor=reporting_executor(IN_PROCESS, "/somewhere/storage"),
)
