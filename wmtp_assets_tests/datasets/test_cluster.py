"""A cluster writes the bytes of this process, whichever of its parts dies; else one named error."""

import asyncio
import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from distributed import Client

from wmtp_assets.datasets.convert import cluster, dask_client, split
from wmtp_assets.errors import BadInput
from wmtp_assets_tests.datasets.dask_cluster import Cluster
from wmtp_assets_tests.datasets.gate import Gate, wait_until
from wmtp_assets_tests.datasets.rows import CODECONTESTS, ROWS
from wmtp_assets_tests.datasets.test_conversion import convert
from wmtp_assets_tests.datasets.test_invalid_text import convert as convert_bytes
from wmtp_assets_tests.datasets.test_invalid_text import many

pytestmark = pytest.mark.long

EARLIER, LATER = CODECONTESTS["valid"], CODECONTESTS["train"]
NAMES = ["train.jsonl", "train_metadata.json"]


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("dask")) as running:
        yield running


@pytest.fixture
def impatient(monkeypatch) -> None:
    """Half a second for what the project waits longer for."""
    monkeypatch.setattr(dask_client, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(dask_client, "CONNECT_SECONDS", 0.5)
    monkeypatch.setattr(dask_client, "NO_WORKERS_SECONDS", 0.5)


@pytest.fixture
def two_workers(running: Cluster) -> Cluster:
    """What an earlier test killed is there again."""
    return running.have_workers(2)


@contextlib.contextmanager
def converting(folder: Path, on: Cluster) -> Iterator[tuple[Future, int]]:
    """Convert LATER on a cluster, in a thread; yield (its future, the worker inside of a unit).

    Its first problem is in a file by then. The gate in which the worker waits is opened at the end.
    """
    gate = Gate(folder)
    options = {"unit_bytes": 1, "scheduler": on.address}
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(convert, folder, LATER, **options)
        try:
            holder = gate.holder()
            attempts = folder.glob("out/processed/.train.jsonl.*.tmp/*.*")
            assert any(attempt.stat().st_size > 0 for attempt in attempts)
            yield future, holder
        finally:
            gate.open()


def files_of(folder: Path) -> dict[str, bytes]:
    """All that is in the processed folder, hidden or not."""
    return {p.name: p.read_bytes() for p in (folder / "out" / "processed").iterdir()}


def test_two_workers_write_the_bytes_of_one_process(tmp_path, two_workers):
    one = convert(tmp_path / "one", LATER, unit_bytes=1)
    two = convert(tmp_path / "two", LATER, unit_bytes=1, scheduler=two_workers.address)
    assert two == one
    assert sorted(files_of(tmp_path / "two")) == NAMES


def test_what_is_not_utf8_is_named_as_one_process_names_it(tmp_path, two_workers):
    one, _ = convert_bytes(tmp_path / "one", many(12), unit_bytes=1)
    two, _ = convert_bytes(tmp_path / "two", many(12), unit_bytes=1, scheduler=two_workers.address)
    assert len(one.stats["invalid_utf8"]) == 20 and one.stats["dropped"]["invalid_utf8"] == 24
    assert [file.sha256 for file in one.files] == [file.sha256 for file in two.files]


@pytest.mark.parametrize(("dataset", "name"), [("mbpp", "train"), ("humaneval", "test")])
def test_the_other_datasets_too(tmp_path, two_workers, dataset, name):
    rows = ROWS[dataset][name]
    one = convert(tmp_path / "one", rows, dataset, unit_bytes=1)
    options = {"unit_bytes": 1, "scheduler": two_workers.address}
    assert convert(tmp_path / "two", rows, dataset, **options) == one


def test_all_units_go_to_the_cluster_however_small(tmp_path, monkeypatch, two_workers):
    monkeypatch.setattr(cluster, "convert_unit", None)
    monkeypatch.setattr(split, "convert_units", None)
    convert(tmp_path, EARLIER, scheduler=two_workers.address)


def test_a_worker_killed_inside_of_a_unit_changes_no_byte(tmp_path, two_workers):
    usual = convert(tmp_path / "usual", LATER)
    with converting(tmp_path, two_workers) as (found, holder):
        os.kill(holder, signal.SIGKILL)
        assert found.result(60) == usual
    assert sorted(files_of(tmp_path)) == NAMES


def test_a_cluster_that_loses_all_workers_is_an_error(tmp_path, impatient, two_workers):
    convert(tmp_path, EARLIER)
    before = files_of(tmp_path)
    with converting(tmp_path, two_workers) as (found, _):
        for worker in two_workers.workers:
            worker.kill()
        with pytest.raises(BadInput, match=rf"no workers, for 0.5 s: {two_workers.address}\. Fix"):
            found.result(60)
    assert files_of(tmp_path) == before
    wait_until(lambda: two_workers.tasks() == 0)


def test_a_new_worker_goes_on_where_all_were_lost(tmp_path, two_workers):
    usual = convert(tmp_path / "usual", LATER)
    with converting(tmp_path, two_workers) as (found, _):
        for worker in two_workers.workers:
            worker.kill()
            worker.wait()
        two_workers.have_workers(1)
        assert found.result(60) == usual


def test_a_result_that_is_slow_on_its_way_is_waited_for(tmp_path, monkeypatch, two_workers):
    gathered, asked = Client._gather_remote, []

    async def slow(client, *arguments):
        asked.append(client)
        await asyncio.sleep(5 * dask_client.LOOK_SECONDS)
        return await gathered(client, *arguments)

    monkeypatch.setattr(dask_client, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(Client, "_gather_remote", slow)
    usual = convert(tmp_path / "usual", EARLIER)
    assert convert(tmp_path, EARLIER, scheduler=two_workers.address) == usual
    assert len(asked) == 1


def test_a_unit_on_which_workers_die_is_an_error(tmp_path):
    convert(tmp_path, EARLIER)
    before = files_of(tmp_path)
    never_again = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with (
        Cluster(tmp_path, **never_again) as strict,
        converting(tmp_path, strict.have_workers(2)) as (found, holder),
    ):
        os.kill(holder, signal.SIGKILL)
        says = r"1 workers died while they converted the same rows: .*raw\.parquet, from row group"
        with pytest.raises(BadInput, match=says):
            found.result(60)
    assert files_of(tmp_path) == before


def test_a_scheduler_that_is_lost_is_an_error(tmp_path, impatient):
    convert(tmp_path, EARLIER)
    before = files_of(tmp_path)
    with (
        Cluster(tmp_path) as mortal,
        converting(tmp_path, mortal.have_workers(1)) as (found, _),
    ):
        mortal.scheduler.kill()
        with pytest.raises(BadInput, match=rf"scheduler was lost .*{mortal.address}"):
            found.result(60)
    assert files_of(tmp_path) == before


def test_a_cluster_without_workers_is_an_error(tmp_path, impatient):
    with (
        Cluster(tmp_path) as empty,
        pytest.raises(BadInput, match=rf"no workers, for 0\.5 s: {empty.address}.*--nthreads 1"),
    ):
        convert(tmp_path, LATER, scheduler=empty.address)
    assert files_of(tmp_path) == {}


def test_an_address_without_a_scheduler_is_an_error(tmp_path, impatient, two_workers):
    with socket.socket() as nobody, socket.socket() as silent:
        for listener in (nobody, silent):
            listener.bind(("127.0.0.1", 0))
        silent.listen()
        with Client(two_workers.address, set_as_default=False) as client:
            [worker, _] = client.nthreads()
        refusing, mute = (f"tcp://127.0.0.1:{s.getsockname()[1]}" for s in (nobody, silent))
        for address, says in {
            refusing: "no Dask scheduler answers .*after 0.5 s",
            mute: "no Dask scheduler answers .silent for 0.5 s",
            "tls://127.0.0.1:1": "no Dask scheduler answers .*TLS configuration",
            worker: "this is no Dask scheduler but a Worker",
        }.items():
            with pytest.raises(BadInput, match=rf"{says}.*: {address}\. Fix"):
                convert(tmp_path, LATER, scheduler=address)
    assert files_of(tmp_path) == {}


def test_a_step_on_a_worker_does_not_wait_for_its_own_thread(tmp_path, two_workers):
    with Client(two_workers.address, set_as_default=False) as client:
        step = client.submit(_convert, tmp_path, LATER, two_workers.address)
        with pytest.raises(BadInput, match="a step on a Dask worker cannot hand"):
            step.result(60)


def _convert(folder, rows, scheduler):
    return convert(folder, rows, scheduler=scheduler)


def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(BadInput, match=r"not installed.*pip install 'wmtp-assets\[dask\]'"):
        convert(tmp_path, LATER, scheduler="tcp://127.0.0.1:1")


def test_without_a_scheduler_nothing_of_dask_is_imported():
    program = (
        "import sys, wmtp_assets.definitions, wmtp_assets.datasets.convert.split\n"
        "print({'dask', 'distributed', 'tornado'} & {n.split('.')[0] for n in sys.modules})\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert run.stdout == b"set()\n"


def test_the_error_of_a_unit_arrives_as_it_is(tmp_path, two_workers):
    convert(tmp_path, EARLIER)
    before = files_of(tmp_path)
    broken = [{**LATER[0], "description": None}, *LATER]
    says = r"^a row of .*raw\.parquet cannot be used: row 0: description is null\. Fix"
    with pytest.raises(BadInput, match=says):
        convert(tmp_path, broken, unit_bytes=1, scheduler=two_workers.address)
    assert files_of(tmp_path) == before
    two_workers.finish()
    assert files_of(tmp_path) == before, "units at work when it ended left something"
    wait_until(lambda: two_workers.tasks() == 0)


def test_an_error_of_this_process_ends_what_it_submitted(tmp_path, monkeypatch, two_workers):
    def full(*part_and_out):
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(split, "_append", full)
    with pytest.raises(BadInput, match=r"disk became full while train\.jsonl") as raised:
        convert(tmp_path, LATER, unit_bytes=1, scheduler=two_workers.address)
    wait_until(lambda: two_workers.tasks() == 0)
    two_workers.finish()
    assert files_of(tmp_path) == {}, raised


PARENT = """
import pathlib, sys
from wmtp_assets_tests.datasets.test_conversion import convert, CODECONTESTS
folder, scheduler = sys.argv[1:]
convert(pathlib.Path(folder), CODECONTESTS["train"], unit_bytes=1, scheduler=scheduler)
"""


def test_a_killed_run_is_swept_and_its_late_worker_leaves_nothing(tmp_path, two_workers):
    usual = convert(tmp_path / "usual", LATER)
    convert(tmp_path, EARLIER)
    before = files_of(tmp_path)
    gate = Gate(tmp_path)
    command = [sys.executable, "-c", PARENT, str(tmp_path), two_workers.address]
    with subprocess.Popen(command) as parent:
        gate.holder()
        parent.kill()
    out = tmp_path / "out" / "processed"
    assert {name: (out / name).read_bytes() for name in NAMES} == before
    [parts] = (path for path in out.glob(".*.tmp") if path.is_dir())
    assert list(parts.iterdir())
    options = {"unit_bytes": 1, "scheduler": two_workers.address}
    with ThreadPoolExecutor(1) as thread:
        again = thread.submit(convert, tmp_path, LATER, **options)
        wait_until(lambda: not parts.exists())
        gate.open()
        assert again.result(60) == usual
    two_workers.finish()
    assert sorted(files_of(tmp_path)) == NAMES


def test_a_worker_that_was_cut_off_and_comes_late_changes_nothing(tmp_path):
    """Stopped, as its network might: the scheduler hears nothing and gives its unit away."""
    usual = convert(tmp_path / "usual", LATER)
    soon_given_up = {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "1s"}
    with Cluster(tmp_path, **soon_given_up) as two:
        with converting(tmp_path, two.have_workers(2)) as (found, holder):
            os.kill(holder, signal.SIGSTOP)
            assert found.result(60) == usual
            os.kill(holder, signal.SIGCONT)
        [late] = (worker for worker in two.workers if worker.pid == holder)
        late.wait(60)
    assert files_of(tmp_path) == dict(zip(NAMES, usual[:2], strict=True))


def test_a_worker_without_this_project_is_an_error(tmp_path):
    """It needs a scheduler that can do without the project, too."""
    (tmp_path / "wmtp_assets").mkdir()
    (tmp_path / "wmtp_assets" / "__init__.py").write_text("raise ImportError('not here')\n")
    with Cluster(tmp_path, PYTHONPATH=str(tmp_path)) as other:
        other.have_workers(1, gate=False)
        with pytest.raises(BadInput, match=r"a worker has another environment \(not here\)"):
            convert(tmp_path, LATER, unit_bytes=1, scheduler=other.address)
