"""The state of evidence of the whole graph, against a public query for each check.

    python -m benchmarks.evidence [--days 365] [--rounds 5] [--folder DIR] [--json]

`masked_seconds` is the same after a run that planned every check and reached none, when what counts
lies further back in the record.

Materializes the embedded sample in a folder of its own, then lets its record age: the results of
all checks are written again for every day (as verify_storage_deep does it), by SQL, since a year
of runs would take half a day. Both ways read the same record in turn, in one process that has
loaded Dagster. The project's way also looks at every file on the disk (size, time), reads the chain
of decisions and judges the approval; no file is hashed. Not compared: a record in Postgres, pages.
Everything written is removed at the end.
"""

import argparse
import contextlib
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import Load, show

PROJECT = Path(__file__).parent.parent
HOME = ".sample/dagster_home"  # where the sample keeps its record
INDEX = f"{HOME}/history/runs/index.db"
AGE = """
INSERT INTO asset_check_executions (asset_key, check_name, partition, run_id, execution_status,
    evaluation_event, evaluation_event_timestamp, evaluation_event_storage_id,
    materialization_event_storage_id)
SELECT asset_key, check_name, partition, run_id || ?, execution_status, evaluation_event,
    evaluation_event_timestamp, evaluation_event_storage_id, materialization_event_storage_id
FROM asset_check_executions WHERE id <= ?
"""


# The run that evaluated most plans all checks once more.
MASK = """
INSERT INTO asset_check_executions (asset_key, check_name, run_id, execution_status)
SELECT DISTINCT asset_key, check_name, (
    SELECT run_id FROM asset_check_executions WHERE length(run_id) = 36
    GROUP BY run_id ORDER BY count(*) DESC LIMIT 1), 'PLANNED'
FROM asset_check_executions
"""


def make_record(root: Path) -> None:
    """Materialize the sample, with its record, below a folder."""
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-W", "ignore", "-m", "wmtp_assets.sample"]
    subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True)


def age_record(root: Path, days: int) -> int:
    """Write every check result again for each day; returns the rows of the record."""
    with contextlib.closing(sqlite3.connect(root / INDEX)) as record, record:
        [[last]] = record.execute("SELECT max(id) FROM asset_check_executions")
        record.executemany(AGE, ((f"-{day}", last) for day in range(days)))
        [[rows]] = record.execute("SELECT count(*) FROM asset_check_executions")
    return rows


def read_both_ways(rounds: int) -> dict:
    """Time both ways on the record of DAGSTER_HOME; runs in the folder of the sample."""
    import dagster as dg

    from wmtp_assets.approval.events import read_approval
    from wmtp_assets.definitions import defs
    from wmtp_assets.evidence.read import read_evidence

    declared, deployment = defs.resources["declared"], defs.resources["deployment"]
    seconds: dict[str, list[float]] = {"project": [], "reference": []}
    with dg.DagsterInstance.get() as instance:
        for _ in range(rounds):
            started = time.monotonic()
            evidence = read_evidence(instance, declared, deployment)
            read_approval(instance, deployment, evidence)
            seconds["project"].append(time.monotonic() - started)
            started = time.monotonic()
            for asset in declared.assets:
                instance.get_latest_materialization_event(asset.key)
            for check in declared.checks:
                instance.get_latest_asset_check_evaluation_record(check.key)
            seconds["reference"].append(time.monotonic() - started)
    project, reference = (statistics.median(measured) for measured in seconds.values())
    return {
        "assets": len(evidence.assets),
        "checks": len(evidence.checks),
        "files": sum(len(a.latest.files) for a in evidence.assets if a.latest),
        "seconds": project,
        "first_seconds": seconds["project"][0],
        "reference_seconds": reference,
        "ratio_to_reference": reference / project,
    }


def compare(days: int, rounds: int, root: Path) -> dict:
    """Make the record, age it, and time both ways in a process of their own."""
    make_record(root)
    rows = age_record(root, days)
    numbers = {"days": days, "results_in_record": rows, **_measured(root, rounds)}
    with contextlib.closing(sqlite3.connect(root / INDEX)) as record, record:
        record.execute(MASK)
    return numbers | {"masked_seconds": _measured(root, rounds)["seconds"]}


def _measured(root: Path, rounds: int) -> dict:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WMTP_")}
    environment |= {"DAGSTER_HOME": str(root / HOME), "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.evidence", "--one"]
    done = subprocess.run(
        [*command, "--rounds", str(rounds)],
        cwd=root,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where to work; else the temporary folder")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(read_both_ways(arguments.rounds)))
        return
    load = Load()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        numbers = compare(arguments.days, arguments.rounds, Path(folder)) | load.numbers()
    show(numbers, arguments.json)


if __name__ == "__main__":
    main()
