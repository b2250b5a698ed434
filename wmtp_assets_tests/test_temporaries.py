"""Who works on an unfinished file, and who is dead: by locks, by age where they tell nothing."""

import errno
import fcntl
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from wmtp_assets.files import file_io, temporaries
from wmtp_assets.files.temporaries import (
    SILENT_SECONDS,
    claim,
    guarded,
    is_abandoned,
    is_in_work,
    new_file,
    new_folder,
    sweep,
)
from wmtp_assets_tests.leftovers import folder_left_behind, left_behind

ELSEWHERE = ".elsewhere.00000000.0123456789abcdef.tmp"
# A process of its own pid space, as in a container, with this host name: it is pid 1 there.
CONTAINER = [
    "unshare",
    "--user",
    "--map-root-user",
    "--pid",
    "--fork",
    "--mount-proc",
    "--kill-child",
]
HAS_CONTAINERS = (
    shutil.which("unshare") is not None
    and subprocess.run([*CONTAINER, "true"], capture_output=True).returncode == 0
)
in_containers = pytest.mark.skipif(not HAS_CONTAINERS, reason="no namespaces on this machine")
WRITES = """
import os, pathlib, sys
from wmtp_assets.files import file_io

with file_io.atomic_path(pathlib.Path(sys.argv[1])) as path:
    path.write_text("slowly")
    print(os.getpid(), path, flush=True)
    sys.stdin.readline()
"""


def start(target: Path, *before: str, program: str = WRITES) -> subprocess.Popen:
    return subprocess.Popen(
        [*before, sys.executable, "-c", program, str(target)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def write_of(process: subprocess.Popen) -> tuple[int, Path]:
    """Its pid, as it sees it, and the unfinished file."""
    pid, path = process.stdout.readline().split(" ", 1)
    return int(pid), Path(path.strip())


def wait_until_abandoned(path: Path) -> None:
    deadline = time.monotonic() + 10
    while not is_abandoned(path):
        assert time.monotonic() < deadline and path.exists()
        time.sleep(0.01)


def old(path: Path) -> Path:
    os.utime(path, (0, time.time() - 2 * SILENT_SECONDS))
    return path


def no_locks(monkeypatch, kind: str) -> None:
    def flock(descriptor, how):
        if kind == "refused":
            raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(fcntl, "flock", flock)


@in_containers
def test_two_containers_of_one_host_name_leave_each_other_s_work_alone(tmp_path: Path):
    first = start(tmp_path / "a", *CONTAINER)
    pid, unfinished = write_of(first)
    second = start(tmp_path / "a", *CONTAINER)
    assert pid == write_of(second)[0], "no two containers"
    assert unfinished.exists()
    for process in (second, first):
        assert process.communicate("go\n", timeout=60)[1] == "" and process.returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@in_containers
def test_what_a_container_left_goes_when_it_is_made_again_under_another_name(tmp_path: Path):
    killed = start(tmp_path / "a", *CONTAINER, "--uts", "sh", "-c", 'hostname c1; exec "$@"', "-")
    _, unfinished = write_of(killed)
    assert ".c1." in unfinished.name
    killed.kill()  # its first process, with which all others of the container end
    killed.wait(60)  # `communicate` would close its stdin, upon which the others end well
    wait_until_abandoned(unfinished)
    killed.communicate()
    again = start(tmp_path / "b", *CONTAINER, "--uts", "sh", "-c", 'hostname c2; exec "$@"', "-")
    write_of(again)
    assert not unfinished.exists()
    again.communicate("go\n", timeout=60)


def test_a_killed_process_leaves_what_the_next_write_sweeps(tmp_path: Path):
    process = start(tmp_path / "a")
    _, unfinished = write_of(process)
    sweep(tmp_path)
    assert unfinished.exists() and is_in_work(unfinished)
    process.send_signal(signal.SIGSTOP)
    old(unfinished)
    sweep(tmp_path)
    assert unfinished.exists(), "a suspended process lives, however long it is silent"
    process.kill()
    process.communicate()
    file_io.write_bytes(tmp_path / "b", b"of another file in the folder")
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_thread_of_this_process_keeps_its_work(tmp_path: Path):
    mine = new_file(tmp_path / "a")
    sweeper = threading.Thread(target=sweep, args=[tmp_path])
    sweeper.start()
    sweeper.join()
    assert mine.path.exists()
    mine.release()
    sweep(tmp_path)
    assert not mine.path.exists()


def test_a_forked_child_does_not_keep_the_lock_of_its_parent(tmp_path: Path):
    mine = new_file(tmp_path / "a")
    waits = multiprocessing.get_context("fork").Event()
    child = multiprocessing.get_context("fork").Process(target=waits.wait)
    child.start()
    mine.release()
    try:
        wait_until_abandoned(mine.path)
    finally:
        waits.set()
        child.join()


def test_a_program_that_is_started_does_not_keep_the_lock(tmp_path: Path):
    mine = new_file(tmp_path / "a")
    with subprocess.Popen(["sleep", "60"], close_fds=False) as child:
        mine.release()
        assert is_abandoned(mine.path)
        child.kill()


def test_a_rename_takes_the_lock_along(tmp_path: Path):
    for held in (new_file(tmp_path / "a"), new_folder(tmp_path / "a")):
        held.rename(tmp_path / "b")
        assert not is_abandoned(tmp_path / "b")
        held.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_dead_folder_goes_with_what_is_in_it(tmp_path: Path):
    parts = folder_left_behind(tmp_path / "a")
    (parts / "0000").write_bytes(b"a part")
    living = new_folder(tmp_path / "a")
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == [living.path]


def test_what_was_taken_once_is_not_taken_twice(tmp_path: Path):
    path = left_behind(tmp_path / "a")
    assert claim(path) and claim(path) is None
    path.unlink()
    assert claim(path) is None


def test_another_kernel_s_lock_may_not_be_seen_here_so_its_age_tells(tmp_path: Path):
    path = left_behind(tmp_path / "a")
    path = path.rename(tmp_path / f".a{ELSEWHERE}")
    assert is_in_work(path)
    assert is_abandoned(old(path))


def test_a_folder_is_as_old_as_the_newest_in_it(tmp_path: Path):
    path = folder_left_behind(tmp_path / "a").rename(tmp_path / f".a{ELSEWHERE}")
    (path / "0000").write_bytes(b"a part")
    assert not is_abandoned(old(path))
    old(path / "0000")
    assert is_abandoned(old(path))


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="macOS names no start")
def test_what_was_left_on_this_machine_before_it_started_is_abandoned(tmp_path: Path):
    path = left_behind(tmp_path / "a")
    name = f".a.{socket.gethostname()}.00000000.0123456789abcdef.tmp"
    path = path.rename(tmp_path / name)
    assert not is_abandoned(path), "another machine may have this name"
    started = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    os.utime(path, (0, started - 60))
    assert is_abandoned(path)


@pytest.mark.parametrize("kind", ["silent", "refused"])
def test_where_locks_do_nothing_the_age_tells(tmp_path: Path, monkeypatch, kind: str):
    no_locks(monkeypatch, kind)
    living, dead = new_file(tmp_path / "a"), old(left_behind(tmp_path / "a"))
    sweep(tmp_path)
    assert living.path.exists() and not dead.exists()
    with guarded(tmp_path / "guard"), guarded(tmp_path / "guard"):
        file_io.write_bytes(tmp_path / "a", b"whole")


def test_names_of_others_are_left_alone(tmp_path: Path):
    names = ("a.jsonl", ".a.jsonl.tmp", ".a.jsonl.host.pid.abc.tmp", ".train.jsonl.backup.tmp")
    for name in names:
        old(Path(shutil.copy(__file__, tmp_path / name)))
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(names)
    assert not any(is_in_work(path) for path in tmp_path.iterdir())


def test_links_and_fifos_under_the_name_of_a_temporary_harm_nobody(tmp_path: Path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"whole")
    old(victim)
    (tmp_path / f".a{ELSEWHERE}").symlink_to(victim)
    os.mkfifo(tmp_path / f".b{ELSEWHERE}")
    sweep(tmp_path)
    assert victim.read_bytes() == b"whole"


def test_a_guard_keeps_others_out_until_it_is_left(tmp_path: Path):
    waited = []

    def give_up() -> None:
        waited.append(1)
        if len(waited) == 2:
            raise TimeoutError

    guard = tmp_path / "deep" / "guard"
    with guarded(guard), pytest.raises(TimeoutError), guarded(guard, give_up):
        raise AssertionError("both are in")
    with guarded(guard, give_up):
        assert len(waited) == 2


def test_the_kernel_is_told_by_the_host_where_it_has_no_name(monkeypatch):
    monkeypatch.setattr(temporaries, "BOOT_ID", Path("/nowhere"))
    assert temporaries.kernel.__wrapped__() != temporaries.kernel()
