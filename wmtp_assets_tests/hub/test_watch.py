"""The upstream watch: a moved branch shows in the UI, and changes nothing else."""

import dataclasses
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets.hub.lock import locked_commit
from wmtp_assets.hub.sources import HubSource, MirrorSource
from wmtp_assets.published import PUBLISHED
from wmtp_assets.raw.upstream.assets import watched_repos
from wmtp_assets.raw.upstream.jobs import daily_watch, watch_job
from wmtp_assets.raw.upstream.watch import moved
from wmtp_assets_tests.hub.world import UPSTREAM, World

A, B = "a" * 40, "b" * 40


@pytest.fixture
def world(tmp_path: Path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        world = World(tmp_path, instance)
        world.publish(b"first", A)
        yield world


def watch(world: World) -> None:
    result = world.run("watch_upstream")
    assert result.success


def test_a_moved_branch_shows_on_the_raw_asset_and_nothing_is_fetched(world):
    world.materialize()
    watch(world)
    assert not world.shows_change()
    world.publish(b"other", B)
    watch(world)
    assert world.shows_change()
    assert world.rows == b"first"
    assert locked_commit(world.lock, world.repo) == A


def test_the_observation_names_both_commits_and_what_to_do(world):
    world.materialize()
    world.publish(b"other", B)
    watch(world)
    [record] = world.instance.fetch_observations(UPSTREAM, limit=1).records
    assert record.asset_observation.tags["dagster/data_version"] == B
    says = record.asset_observation.metadata["says"].value
    assert A in says and B in says and "renew_lock" in says


def test_made_again_under_the_lock_the_change_still_shows(world):
    world.materialize()
    world.publish(b"other", B)
    watch(world)
    world.materialize()
    assert world.shows_change(), "the files are still of the old commit"


def test_nothing_shows_before_the_first_look_nor_by_it(world):
    world.materialize()
    assert not world.shows_change()
    watch(world)
    assert not world.shows_change()


def test_a_look_before_the_first_fetch_says_that_nothing_is_locked(world):
    watch(world)
    [record] = world.instance.fetch_observations(UPSTREAM, limit=1).records
    assert "nothing is locked yet" in record.asset_observation.metadata["says"].value
    world.materialize()
    assert not world.shows_change()


def test_a_source_that_does_not_answer_fails_the_look_and_says_why(world):
    world.mirror.rename(world.mirror.with_name("gone"))
    result = world.run("watch_upstream")
    assert not result.success
    told = [str(e.step_failure_data.error) for e in result.get_step_failure_events()]
    assert len(told) == 1 and "has no folder of this repository" in told[0]


def test_a_commit_pinned_in_the_catalog_is_followed_there():
    repo = dataclasses.replace(PUBLISHED.dataset("humaneval").repo, revision=A)
    assert "change its revision" in moved(repo, B, A)
    assert "renew_lock" in moved(PUBLISHED.model("meta_mtp").repo, B, A)
    assert "at the locked commit" in moved(repo, A, A)


@pytest.mark.parametrize(
    ("source", "status"),
    [
        (HubSource(), dg.DefaultScheduleStatus.RUNNING),
        (MirrorSource(Path("m")), dg.DefaultScheduleStatus.STOPPED),
    ],
)
def test_the_schedule_runs_by_default_where_branches_move_by_themselves(source, status):
    schedule = daily_watch(watch_job(watched_repos.values()), source)
    assert (schedule.cron_schedule, schedule.default_status) == ("0 6 * * *", status)
