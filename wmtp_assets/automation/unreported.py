"""Runs that ended after the newest report began, however they were started.

Dagster's own sensors on ended runs skip those of a command line: such a run names no code location.
Here the record itself is the memory: a run that ended after the newest report of this storage began
is not covered yet, in whatever order runs ended, and whether or not the page ran meanwhile.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from wmtp_assets.record import ROOT_TAG, STORAGE_ROOT, values_of

REPORT = "report"
# Their runs change nothing that a document states.
UNREPORTED = (
    REPORT,
    "watch_upstream",
    "write_mirror",
    "write_training_view",
    "check_training_view",
)
ENDED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]
QUEUED = dg.DagsterRunStatus.QUEUED
NOT_BEGUN = [QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING]
# A start takes seconds; one that hangs longer does not hold back another report.
START_SECONDS = 300
# Looked at again: clocks of several machines differ, and an end is stored after it happened.
OVERLAP_SECONDS = 600
RECENT_REPORTS = 20
# All results of a run are of one storage: the first few show which.
FEW_RESULTS = 20
RESULTS = {
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
}


@dataclass(frozen=True)
class Unreported:
    """What no report covers yet.

    Attributes:
        ended: The runs, the newest end first.
        waiting: The run id of a report that has not begun, and will cover them.
        cursor: The cursor of the next look.
    """

    ended: tuple[dg.DagsterRun, ...]
    waiting: str | None
    cursor: str | None


def find_unreported(instance: dg.DagsterInstance, root: str, cursor: str | None) -> Unreported:
    """The runs on a storage that ended after its newest report began.

    Args:
        root: The storage root; a record may hold the runs of several.
        cursor: Of the last look; it only saves looking at old runs again.
    """
    now = time.time()
    if waiting := next(_waiting_reports(instance, root, now), None):
        return Unreported((), waiting, cursor)
    since = max(_report_began(instance, root), _looked(cursor, root) - OVERLAP_SECONDS)
    # A second earlier: the filter is for when a run was stored; its end is compared below.
    after = datetime.fromtimestamp(max(since - 1, 0), UTC)
    ended = [
        (record.end_time or record.update_timestamp.timestamp(), record.dagster_run)
        for record in instance.get_run_records(dg.RunsFilter(statuses=ENDED, updated_after=after))
        if record.dagster_run.job_name not in UNREPORTED
    ]
    ended.sort(key=lambda pair: pair[0], reverse=True)
    unreported = tuple(run for end, run in ended if end >= since and concerns(instance, run, root))
    if unreported:
        return Unreported(unreported, None, cursor)
    return Unreported((), None, json.dumps({"root": root, "looked": now}))


def concerns(instance: dg.DagsterInstance, run: dg.DagsterRun, root: str) -> bool:
    """Whether a run was about this storage: by its tag, else its results; yes if neither tells."""
    if ROOT_TAG in run.tags:
        return run.tags[ROOT_TAG] == root
    roots = set(_stated_roots(instance, run.run_id))
    return root in roots or not roots


def _stated_roots(instance: dg.DagsterInstance, run_id: str) -> Iterator[str]:
    page = instance.get_records_for_run(run_id, of_type=RESULTS, limit=FEW_RESULTS)
    for record in page.records:
        event = record.event_log_entry.get_dagster_event()
        made = event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION
        stated = values_of(event.materialization if made else event.asset_check_evaluation_data)
        if STORAGE_ROOT in stated:
            yield stated[STORAGE_ROOT]


def _waiting_reports(instance: dg.DagsterInstance, root: str, now: float) -> Iterator[str]:
    """Reports that will begin; the tag comes at the beginning, unless a sensor gave it."""
    reports = dg.RunsFilter(job_name=REPORT, statuses=NOT_BEGUN)
    for record in instance.get_run_records(reports):
        run = record.dagster_run
        soon = run.status == QUEUED or now - record.update_timestamp.timestamp() < START_SECONDS
        if soon and run.tags.get(ROOT_TAG, root) == root:
            yield run.run_id


def _report_began(instance: dg.DagsterInstance, root: str) -> float:
    """When the newest report of this storage began, whatever became of it; 0 if none did."""
    tagged = dg.RunsFilter(job_name=REPORT, tags={ROOT_TAG: root})
    begun = [
        record.start_time
        for record in instance.get_run_records(tagged, limit=RECENT_REPORTS)
        if record.start_time
    ]
    if begun:
        return max(begun)
    # Of earlier code, or run in a process of its own: without the tag.
    for record in instance.get_run_records(dg.RunsFilter(job_name=REPORT), limit=RECENT_REPORTS):
        if record.start_time and concerns(instance, record.dagster_run, root):
            return record.start_time
    return 0.0


def _looked(cursor: str | None, root: str) -> float:
    known = json.loads(cursor) if cursor else {}
    return known["looked"] if known.get("root") == root else 0.0
