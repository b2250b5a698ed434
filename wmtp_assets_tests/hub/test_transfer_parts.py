"""The parts of a download without a socket: whose an unfinished file is, side by side, progress."""

import contextlib
import hashlib
import os
import threading
import time
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets.catalog import Files, Repo
from wmtp_assets.errors import BadInput
from wmtp_assets.hub import retry
from wmtp_assets.hub.download import SIDE_BY_SIDE
from wmtp_assets.hub.fetch import fetch_files
from wmtp_assets.hub.partial import SILENT_SECONDS, DownloadPaths
from wmtp_assets.hub.progress import DownloadProgress
from wmtp_assets.hub.retry import RetryBudget, Stopped, TryAgain
from wmtp_assets.raw.assets import raw_assets
from wmtp_assets.source import Body, Listing, RemoteFile

REPO = Repo(id="org/thing", kind="model", revision="main", licence="MIT")


def left(place: DownloadPaths, content: bytes, *, held: bool = False, etag: str = "e") -> Path:
    """Unfinished, of a process that works on it or of one that is dead."""
    partial = place.new(etag)
    partial.path.write_bytes(content)
    if not held:
        partial.held.release()
    return partial.path


def test_the_longest_that_the_dead_left_is_continued_and_the_others_go(tmp_path):
    place = DownloadPaths(tmp_path, "a.dat")
    left(place, b"1")
    left(place, b"12")
    in_work = left(place, b"123", held=True)
    adopted = place.adopt()
    assert adopted.path.read_bytes() == b"12" and adopted.etag == "e"
    assert place.found() == [in_work, adopted.path]
    assert place.adopt() is None, "the adopted one is in work too"


def test_what_another_machine_left_is_continued_once_it_is_silent(tmp_path):
    place = DownloadPaths(tmp_path, "a.dat")
    path = left(place, b"12")
    path = path.rename(path.with_name("e.elsewhere.00000000.0123456789abcdef.partial"))
    assert place.adopt() is None
    os.utime(path, (0, time.time() - 2 * SILENT_SECONDS))
    assert place.adopt().path.read_bytes() == b"12" and not path.exists()


def test_a_file_whose_name_begins_with_that_of_another_is_left_alone(tmp_path):
    left(DownloadPaths(tmp_path, "a.dat.index.json"), b"1")
    assert DownloadPaths(tmp_path, "a.dat").adopt() is None


def test_what_one_machine_had_of_a_file_that_another_fetched_is_swept(tmp_path):
    source = Together(files=1, at_once=1)
    wanted, raw = (Files("*.dat", 1),), tmp_path / "raw"
    fetch_files(source, REPO, wanted, raw, tmp_path / "lock.json")
    gone, renamed_upstream = (
        left(DownloadPaths(raw, "0.dat"), b"1"),
        left(DownloadPaths(raw, "old.dat"), b"12"),
    )
    in_work = left(DownloadPaths(raw, "0.dat"), b"1", held=True)
    fetch_files(source, REPO, wanted, raw, tmp_path / "lock.json")
    assert not gone.exists() and not renamed_upstream.exists() and in_work.exists()


def test_a_download_of_another_machine_is_waited_for_until_it_is_silent(tmp_path):
    path = left(DownloadPaths(tmp_path / "raw", "0.dat"), b"x")
    path = path.rename(path.with_name("e.elsewhere.00000000.0123456789abcdef.partial"))
    told = []

    def report(line: str) -> None:
        told.append(line)
        if "waiting for it" in line:
            os.utime(path, (0, time.time() - 2 * SILENT_SECONDS))

    wanted, raw = (Files("*.dat", 1),), tmp_path / "raw"
    fetched = fetch_files(Together(1, 1), REPO, wanted, raw, tmp_path / "lock.json", report)
    assert fetched.fetched_bytes == 0 and any("waiting for it" in line for line in told)


class Together:
    """A source that sends nothing before so many files are asked for at the same time."""

    name = "together"

    def __init__(self, files: int, at_once: int):
        self.paths = [f"{n}.dat" for n in range(files)]
        self.barrier = threading.Barrier(at_once, timeout=30)
        self.threads: set[int] = set()

    def list_files(self, repo: Repo, revision: str) -> Listing:
        sha256 = hashlib.sha256(b"x").hexdigest()
        return Listing(repo.id, "c" * 40, tuple(RemoteFile(p, 1, sha256) for p in self.paths))

    @contextlib.contextmanager
    def open(self, repo: Repo, commit: str, path: str, start: int):
        self.threads.add(threading.get_ident())
        self.barrier.wait()
        yield Body(0, "e", 1, iter([b"x"]))


def test_several_files_come_at_once_and_not_more_than_the_bound(tmp_path):
    source = Together(files=2 * SIDE_BY_SIDE, at_once=SIDE_BY_SIDE)
    wanted = (Files("*.dat", 2 * SIDE_BY_SIDE),)
    fetched = fetch_files(source, REPO, wanted, tmp_path / "raw", tmp_path / "lock.json")
    assert fetched.fetched_bytes == 2 * SIDE_BY_SIDE
    assert len(source.threads) == SIDE_BY_SIDE


def test_one_failure_ends_the_others_and_is_the_one_that_is_told(tmp_path):
    class Half(Together):
        @contextlib.contextmanager
        def open(self, repo: Repo, commit: str, path: str, start: int):
            if path == "0.dat":
                raise BadInput("the first one is gone", [path], "none")
            yield Body(0, "e", 1, self.endless())

        def endless(self):
            while True:
                yield b""

    wanted = (Files("*.dat", 3),)
    with pytest.raises(BadInput, match="the first one is gone"):
        fetch_files(Half(3, 1), REPO, wanted, tmp_path / "raw", tmp_path / "lock.json")


def test_progress_tells_amount_rate_and_time_left_of_what_is_received():
    now = [0.0]
    progress = DownloadProgress("org/thing", 27_000_000_000, clock=lambda: now[0])
    progress.kept("a", 2_000_000_000)
    assert progress.line() == "org/thing: 2.00 of 27.00 GB, 0.0 MB/s, waiting"
    now[0] = 100.0
    progress.at("a", 12_000_000_000)
    progress.at("b", 0)
    assert progress.line() == "org/thing: 12.00 of 27.00 GB, 100.0 MB/s, 2 min 30 s left"
    progress.at("a", 0)
    assert progress.received == 10_000_000_000


def test_progress_with_unknown_sizes_claims_no_end():
    now = [0.0]
    progress = DownloadProgress("org/thing", 1_000_000_000, clock=lambda: now[0], at_least=True)
    now[0] = 10.0
    progress.at("a", 500_000_000)
    assert progress.line() == "org/thing: 0.50 of at least 1.00 GB, 50.0 MB/s"
    progress.at("b", 2_500_000_000)
    assert progress.line() == "org/thing: 3.00 of at least 3.00 GB, 300.0 MB/s"


def test_waits_double_and_end_after_the_last_try(monkeypatch):
    waited = []
    patience = RetryBudget(report=waited.append)
    monkeypatch.setattr(patience.stop, "wait", lambda seconds: False)
    for _ in range(retry.MAX_FAILURES - 1):
        patience.wait(TryAgain("cut"))
    assert [line.split(" in ")[1] for line in waited] == ["1 s", "2 s", "4 s", "8 s"]
    with pytest.raises(TryAgain, match="cut"):
        patience.wait(TryAgain("cut"))


def test_a_wait_ends_when_the_work_is_called_off():
    patience = RetryBudget()
    patience.stop.set()
    with pytest.raises(Stopped):
        patience.wait(TryAgain("cut", wait_seconds=200))


def test_the_raw_asset_of_each_repository_has_a_pool_of_its_own():
    pools = {key: asset.op.pool for key, asset in raw_assets.items()}
    assert pools == {key: f"fetch_{key.split('/')[0]}" for key in raw_assets}


def test_a_killed_run_keeps_its_place_in_a_pool_with_a_limit(tmp_path):
    # Rests on it: dagster.yaml sets no limit for pools, or the run after a kill would wait for
    # ever (seen from the command line); two runs are kept apart by hub/partial.py `guarded`.
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        log = instance.event_log_storage
        log.set_concurrency_slots("fetch_thing", 1)
        killed = log.claim_concurrency_slot("fetch_thing", "killed run", "raw")
        after = log.claim_concurrency_slot("fetch_thing", "run after it", "raw")
    assert killed.is_claimed and not after.is_claimed


def test_what_is_no_file_is_not_taken_for_an_unfinished_one(tmp_path):
    place = DownloadPaths(tmp_path / "raw", "a.bin")
    place.unfinished.mkdir(parents=True)
    os.mkfifo(place.unfinished / "e.host.1.abc.partial")
    (place.unfinished / "f.host.1.abc.partial").symlink_to(tmp_path / "outside")
    (tmp_path / "outside").write_bytes(b"of somebody else")
    assert place.adopt() is None
    assert place.bytes_on_disk == 0 and (tmp_path / "outside").read_bytes() == b"of somebody else"
