"""What Dagster recorded of a run of `benchmarks.jobs`: its steps, its checks, its rows."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

ROWS = "dagster/row_count"
# What the process of a step notes at its end (`jobs_definitions`).
TAKEN = ("cpu_seconds", "read_bytes")


@dataclass(frozen=True)
class Step:
    """One step of a run.

    Attributes:
        cpu_seconds, read_bytes: Of its process and its pools; None where it had no process of its
            own, or the system does not tell.
    """

    name: str
    started: float
    seconds: float
    cpu_seconds: float | None
    read_bytes: int | None


@dataclass(frozen=True)
class Run:
    """One run, its steps in the order of their start.

    Attributes:
        rows: Of all splits that it made.
        failed: The steps that failed, and the checks that failed or were not evaluated; warnings
            are none.
    """

    steps: list[Step]
    rows: int
    checks: int
    failed: int


def read_run(notes: Path, job: str) -> Run:
    """The newest run of a job in the record of DAGSTER_HOME.

    Args:
        notes: Where the processes of its steps left what they took.
    """
    with dg.DagsterInstance.get() as instance:
        [run] = instance.get_runs(dg.RunsFilter(job_name=job), limit=1)
        events = [e for e in instance.all_logs(run.run_id) if e.is_dagster_event]
    return _summed(events, notes)


def _summed(entries: list[dg.EventLogEntry], notes: Path) -> Run:
    started: dict[str, float] = {}
    ended: dict[str, float] = {}
    pids: dict[str, str] = {}
    found: Counter = Counter()
    rows = 0
    kind = dg.DagsterEventType
    for entry in entries:
        event, step = entry.dagster_event, entry.step_key
        match event.event_type:
            case kind.STEP_WORKER_STARTING:
                started[step] = entry.timestamp
            case kind.STEP_WORKER_STARTED:
                pids[step] = event.event_specific_data.metadata["pid"].value
            case kind.STEP_START:
                started.setdefault(step, entry.timestamp)
            case kind.STEP_SUCCESS | kind.STEP_FAILURE:
                ended[step] = entry.timestamp
                found["failed"] += event.is_step_failure
            case kind.ASSET_MATERIALIZATION:
                metadata = event.step_materialization_data.materialization.metadata
                if ROWS in metadata and "small" not in event.asset_key.path:
                    rows += metadata[ROWS].value
            case kind.ASSET_CHECK_EVALUATION_PLANNED:
                found["planned"] += 1
            case kind.ASSET_CHECK_EVALUATION:
                check = event.asset_check_evaluation_data
                found["checks"] += 1
                wrong = not check.passed and check.severity == dg.AssetCheckSeverity.ERROR
                found["failed"] += wrong
    steps = [
        Step(
            name=step,
            started=began,
            seconds=ended[step] - began,
            **_noted(notes / f"{pids.get(step)}.json"),
        )
        for step, began in sorted(started.items(), key=lambda pair: pair[1])
        if step in ended
    ]
    failed = found["failed"] + max(0, found["planned"] - found["checks"])
    return Run(steps, rows, found["checks"], failed)


def _noted(note: Path) -> dict:
    return json.loads(note.read_bytes()) if note.exists() else dict.fromkeys(TAKEN)
