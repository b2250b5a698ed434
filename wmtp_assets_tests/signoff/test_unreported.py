"""Which ended runs start a report: on a real record, with times that are set here."""

import time
from collections.abc import Callable

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)

from wmtp_assets.automation.sensors import report_sensor
from wmtp_assets.automation.unreported import ENDED, UNREPORTED, Unreported, find_unreported
from wmtp_assets.record import ROOT_TAG
from wmtp_assets_tests.signoff.world import GOOD, World

SUCCESS, FAILURE, CANCELED = ENDED
START = dg.DagsterEventType.RUN_START
END = {
    SUCCESS: dg.DagsterEventType.RUN_SUCCESS,
    FAILURE: dg.DagsterEventType.RUN_FAILURE,
    CANCELED: dg.DagsterEventType.RUN_CANCELED,
}


class Record:
    """A record whose runs begin and end when told."""

    def __init__(self, world: World):
        self.world = world
        self.instance = world.instance
        self.root = str(world.store.root)
        self.ours = {ROOT_TAG: self.root}
        self.cursor: str | None = None
        self.now = time.time()  # not of the import: a suite on a busy machine takes 20 minutes

    def create(self, job: str = "verify", tags: dict | None = None, **kwargs) -> dg.DagsterRun:
        definition = self.world.defs.resolve_job_def(job)
        tags = self.ours if tags is None else tags
        return self.instance.create_run_for_job(definition, tags=tags, **kwargs)

    def queue(self, tags: dict | None = None) -> dg.DagsterRun:
        """A report that waits, as the page and sensors start it."""
        here = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "__repository__")
        status, origin = dg.DagsterRunStatus.QUEUED, RemoteJobOrigin(here, "report")
        return self.create("report", tags, status=status, remote_job_origin=origin)

    def tell(self, run: dg.DagsterRun, what: dg.DagsterEventType, at: float) -> None:
        event = DagsterEvent(event_type_value=what.value, job_name=run.job_name)
        self.instance.report_dagster_event(event, run.run_id, timestamp=self.now + at)

    def ran(
        self, job: str, began: float, ended: float | None, status=SUCCESS, tags: dict | None = None
    ) -> str:
        """A run that began and ended so many seconds from now; its id."""
        run = self.create(job, tags)
        self.tell(run, START, began)
        if ended is not None:
            self.tell(run, END[status], ended)
        return run.run_id

    def look(self) -> Unreported:
        found = find_unreported(self.instance, self.root, self.cursor)
        self.cursor = found.cursor
        return found

    @property
    def ended(self) -> list[str]:
        return [run.run_id for run in self.look().ended]


@pytest.fixture
def record(world: World) -> Record:
    return Record(world)


@pytest.mark.parametrize("status", ENDED)
def test_a_run_of_a_script_is_told_however_it_ended(record: Record, status):
    record.ran("report", -100, -90)
    assert record.ended == []
    run = record.ran("verify", -80, -70, status)
    assert record.ended == [run]


@pytest.mark.parametrize("job", [*UNREPORTED, "other"])
def test_what_changes_no_document_starts_no_report(record: Record, job: str):
    """The report itself above all: it would follow itself for ever."""
    record.ran("report", -100, -90)
    run = record.instance.add_run(dg.DagsterRun(job_name=job, tags=record.ours))
    record.tell(run, END[SUCCESS], -50)
    assert record.ended == ([run.run_id] if job == "other" else [])


def test_many_ended_runs_are_told_together_the_newest_end_first(record: Record):
    late = record.ran("phase1", -90, -10)
    early = record.ran("verify", -80, -70)
    assert record.ended == [late, early]


def test_a_run_that_ended_after_the_report_began_is_not_told_by_it(record: Record):
    during = record.ran("verify", -95, -60)
    record.ran("report", -70, -50)
    assert record.ended == [during]


def test_a_run_that_ended_before_the_report_began_is_told_by_it(record: Record):
    record.ran("verify", -95, -71)
    record.ran("report", -70, None)
    assert record.ended == []


def test_what_a_report_did_not_see_is_told_also_when_runs_end_out_of_order(record: Record):
    long = record.create("phase1")
    record.tell(long, START, -1000)
    for began in range(-900, -100, 100):
        record.ran("verify", began, began + 10)
        record.ran("report", began + 20, began + 30)
    assert record.ended == []
    record.tell(long, END[FAILURE], -50)
    assert record.ended == [long.run_id]


def test_a_fresh_cursor_reports_no_history_that_a_report_tells(record: Record):
    for began in range(-9000, -1000, 1000):
        record.ran("verify", began, began + 10)
    record.ran("report", -100, -90)
    assert record.ended == []
    record.cursor = None
    assert record.ended == []
    record.ran("verify", -80, -70)
    assert record.ended == record.ended != []
    record.cursor = None
    assert len(record.ended) == 1


def test_without_any_report_what_ended_is_told(record: Record):
    run = record.ran("verify", -80, -70)
    assert record.ended == [run]


@pytest.mark.parametrize("status", [FAILURE, CANCELED])
def test_a_report_that_failed_is_not_started_again_and_again(record: Record, status):
    record.ran("verify", -80, -70)
    record.ran("report", -60, -50, status)
    assert record.ended == []


def test_a_report_that_never_began_tells_nothing(record: Record):
    run = record.ran("verify", -80, -70)
    canceled = record.create("report")
    record.tell(canceled, END[CANCELED], -50)
    assert record.ended == [run]


@pytest.mark.parametrize("tags", [None, {}])
def test_a_report_that_waits_in_the_queue_will_tell(record: Record, tags):
    run = record.ran("verify", -80, -70)
    waiting = record.queue(tags)
    found = record.look()
    assert (found.ended, found.waiting) == ((), waiting.run_id)
    record.tell(waiting, END[CANCELED], -50)
    assert record.ended == [run]


def test_a_report_that_hangs_before_it_begins_silences_nothing(record: Record, monkeypatch):
    run = record.ran("verify", -80, -70)
    record.create("report", status=dg.DagsterRunStatus.NOT_STARTED)
    assert record.look().waiting
    later = time.time() + 1000
    monkeypatch.setattr("wmtp_assets.automation.unreported.time.time", lambda: later)
    assert record.ended == [run]


def test_another_storage_on_the_same_record_is_left_alone(record: Record):
    other = {ROOT_TAG: "/elsewhere"}
    record.ran("verify", -80, -70, FAILURE, other)
    assert record.ended == []
    run = record.ran("verify", -60, -50)
    record.ran("report", -40, -30, tags=other)
    record.queue(other)
    assert record.ended == [run]


def test_the_cursor_of_another_storage_hides_nothing(record: Record):
    run = record.ran("verify", -8000, -7000)
    found = find_unreported(record.instance, "/elsewhere", None)
    assert found.ended == ()
    record.cursor = found.cursor
    assert record.ended == [run]


def test_a_run_without_tag_is_known_by_its_results(record: Record):
    assert record.world.run("phase1", GOOD)
    [run] = record.ended
    assert record.instance.get_run_by_id(run).tags == {}
    assert find_unreported(record.instance, "/elsewhere", None).ended == ()


def test_a_run_of_which_nothing_is_known_is_told(record: Record):
    run = record.ran("verify", -80, -70, FAILURE, {})
    assert record.ended == [run]
    assert len(find_unreported(record.instance, "/elsewhere", None).ended) == 1


def test_an_untagged_report_counts_as_the_report_of_its_storage(record: Record):
    assert record.world.run("phase1", GOOD) and record.world.run("report")
    assert record.ended == []
    assert record.world.run("verify")
    assert len(record.ended) == 1


def test_an_end_that_is_stored_late_is_seen_though_a_look_found_nothing(record: Record):
    record.ran("report", -900, -890)
    assert record.ended == [] and record.cursor
    run = record.ran("verify", -80, -5)
    assert record.ended == [run]


def test_old_runs_are_not_looked_at_again_and_again(record: Record, monkeypatch):
    """The other storage is busy, ours has no report: the cursor moves on."""
    for began in range(-9000, -5000, 1000):
        record.ran("verify", began, began + 10, tags={ROOT_TAG: "/elsewhere"})
    assert record.ended == []
    asked = []
    monkeypatch.setattr(
        "wmtp_assets.automation.unreported.concerns", lambda _, run, root: asked.append(run)
    )
    assert record.ended == [] and asked == []


@pytest.fixture
def tick(world: World) -> Callable[[], dg.RunRequest | dg.SkipReason]:
    """A tick of the sensor; the cursor stays from tick to tick."""
    sensor = report_sensor(world.defs.resolve_job_def("report"))
    cursors: list[str | None] = [None]

    def evaluate():
        with dg.build_sensor_context(
            world.instance, cursor=cursors[-1], resources={"deployment": world.deployment}
        ) as context:
            asked = sensor(context)
            cursors.append(context.cursor)
        return asked

    return evaluate


def test_the_sensor_asks_for_one_report_until_it_began(record: Record, tick):
    assert isinstance(tick(), dg.SkipReason)
    record.ran("phase1", -90, -80)
    newest = record.ran("verify", -70, -60, FAILURE)
    asked = [tick(), tick()]
    # The same key: the daemon, restarted or not, starts one.
    assert {request.run_key for request in asked} == {newest}
    assert asked[0].tags[ROOT_TAG] == record.root
    record.queue(dict(asked[0].tags))
    assert "about to begin" in tick().skip_message
    assert isinstance(tick(), dg.SkipReason)


@pytest.mark.parametrize("job", ["review_phase1", "unchecked", "report"])
def test_a_report_follows_any_run_but_its_own(world: World, tick, job: str):
    assert world.run("phase1", GOOD) and world.run("report")
    if job == "review_phase1":
        world.approve_in_ui()
    else:
        world.run(job)
    assert isinstance(tick(), dg.SkipReason if job == "report" else dg.RunRequest)
