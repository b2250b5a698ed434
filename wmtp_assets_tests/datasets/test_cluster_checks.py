"""A cluster finds in a split what this process finds, whoever dies; else one named error."""

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import pytest

from wmtp_assets.datasets.convert import block_inspection, cluster, dask_client
from wmtp_assets.deployment import Deployment
from wmtp_assets.errors import BadInput
from wmtp_assets_tests.datasets.dask_cluster import Cluster
from wmtp_assets_tests.datasets.gate import Gate, wait_until
from wmtp_assets_tests.datasets.test_line_blocks import WHOLE, damage, inspect_whole, jsonl_of
from wmtp_assets_tests.datasets.test_split_checks import decide

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("dask")) as running:
        yield running


@pytest.fixture
def two_workers(running: Cluster) -> Cluster:
    """What an earlier test killed is there again."""
    return running.have_workers(2)


def inspect_on(on: Cluster, deployment: Deployment):
    return inspect_whole(deployment, WHOLE, scheduler=on.address, range_bytes=5_000)


@contextlib.contextmanager
def inspecting(deployment: Deployment, on: Cluster) -> Iterator[tuple[Future, int]]:
    """Inspect on a cluster, in a thread; yield (its future, the worker that has read a range)."""
    gate = Gate(jsonl_of(deployment).parent)
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(inspect_on, on, deployment)
        try:
            yield future, gate.holder()
        finally:
            gate.open()


def test_two_workers_find_what_this_process_finds(damaged, two_workers):
    damage(damaged, 30)
    assert inspect_on(two_workers, damaged) == inspect_whole(damaged, WHOLE)


@pytest.mark.parametrize(
    ("dataset", "split"), [("codecontests", "train"), ("mbpp", "train"), ("humaneval", "test")]
)
def test_where_a_scheduler_is_set_all_lines_go_to_it(
    made, monkeypatch, two_workers, dataset, split
):
    here = decide(made, dataset, split)
    monkeypatch.setattr(block_inspection, "inspect_lines", None)
    monkeypatch.setattr(cluster, "inspect_lines", None)
    assert decide(replace(made, scheduler=two_workers.address), dataset, split) == here


def test_a_worker_killed_inside_of_a_range_changes_no_finding(damaged, two_workers):
    damage(damaged, 30)
    usual = inspect_whole(damaged, WHOLE)
    with inspecting(damaged, two_workers) as (found, holder):
        os.kill(holder, signal.SIGKILL)
        assert found.result(60) == usual


def test_a_range_on_which_workers_die_is_an_error(damaged, tmp_path):
    never_again = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with (
        Cluster(tmp_path, **never_again) as strict,
        inspecting(damaged, strict.have_workers(2)) as (found, holder),
    ):
        os.kill(holder, signal.SIGKILL)
        says = r"1 workers died while they checked the same lines: .*train\.jsonl, from byte"
        with pytest.raises(BadInput, match=rf"{says}.*then check again"):
            found.result(60)


def test_a_cluster_without_workers_is_an_error(made, tmp_path, monkeypatch):
    monkeypatch.setattr(dask_client, "NO_WORKERS_SECONDS", 0.5)
    with (
        Cluster(tmp_path) as empty,
        pytest.raises(BadInput, match=rf"no workers, for 0\.5 s: {empty.address}.*check again"),
    ):
        inspect_on(empty, made)


def test_a_file_that_changes_after_a_worker_has_read_it_is_named(damaged, two_workers):
    path = jsonl_of(damaged)
    with inspecting(damaged, two_workers) as (found, _):
        path.write_bytes(path.read_bytes().replace(b"print", b"prunt"))
    with pytest.raises(BadInput, match="workers have read other bytes than are here"):
        found.result(60)
    wait_until(lambda: two_workers.tasks() == 0)


def test_an_error_of_a_worker_arrives_as_it_is(damaged, two_workers):
    model = damaged.store.model(damaged.catalog.model("ref_sheared").folder).tokenizer_model
    shutil.copy(jsonl_of(damaged), model)
    with pytest.raises(BadInput, match="the tokenizer is not the one of the catalog"):
        inspect_on(two_workers, damaged)
    wait_until(lambda: two_workers.tasks() == 0)
