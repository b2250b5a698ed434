"""Downloads whose process dies, and two at once, over a real socket."""

import os
import signal
import textwrap
from pathlib import Path

import pytest

from wmtp_assets_tests.hub.loopback import FakeHub, serve
from wmtp_assets_tests.hub.loopback_client import (
    BIG,
    FILES,
    PROGRAM,
    finish,
    left_over,
    run,
    start,
    wait_for,
)

SIZE = 24_000_000
LIBRARY = textwrap.dedent("""
    import json, sys
    from huggingface_hub import hf_hub_download

    hf_hub_download("org/thing", "big/a.dat", local_dir=sys.argv[1] + "/raw")
    print(json.dumps({}))
""")


@pytest.fixture
def hub() -> FakeHub:
    files = FILES | {BIG: os.urandom(SIZE)}
    return FakeHub({"org/thing": files}, lfs={BIG}, cdn=True, bytes_per_second=30_000_000)


def killed_and_run_again(root: Path, hub: FakeHub, program: str, unfinished: str) -> float:
    """Kill at 60 % of the file; the share of it that the second run is sent."""
    with serve(hub) as endpoint:
        first = start(root, endpoint, program=program)
        wait_for(first, root / "raw", unfinished, int(0.6 * SIZE))
        first.kill()
        first.communicate()
        hub.bytes_per_second = None
        before = hub.bytes_served[BIG]
        finish(start(root, endpoint, program=program))
    assert (root / "raw" / BIG).read_bytes() == hub.repos["org/thing"][BIG]
    return (hub.bytes_served[BIG] - before) / SIZE


def test_a_killed_download_goes_on_from_what_is_on_disk(tmp_path, hub):
    assert killed_and_run_again(tmp_path, hub, PROGRAM, "**/*.partial") <= 0.45
    assert not left_over(tmp_path)


def test_the_library_itself_starts_a_killed_download_at_zero(tmp_path, hub):
    # Rests on it: hub/transfer.py. When this fails, look whether hf_hub_download can take over.
    assert killed_and_run_again(tmp_path, hub, LIBRARY, "**/*.incomplete") >= 0.99


def test_two_runs_at_once_both_end_right_and_fetch_once(tmp_path, hub):
    with serve(hub) as endpoint:
        both = [start(tmp_path, endpoint) for _ in range(2)]
        got = [finish(process) for process in both]
    assert [g.get("error") for g in got] == [None, None]
    assert sum(g["bytes"] for g in got) == hub.bytes_served.total() == SIZE + 8
    assert (tmp_path / "raw" / BIG).read_bytes() == hub.repos["org/thing"][BIG]


def test_two_runs_at_once_end_right_where_file_locks_do_nothing(tmp_path, hub):
    no_locks = "import fcntl\nfcntl.flock = lambda handle, how: None\n"
    with serve(hub) as endpoint:
        both = [start(tmp_path, endpoint, program=no_locks + PROGRAM) for _ in range(2)]
        got = [finish(process) for process in both]
    assert [g.get("error") for g in got] == [None, None]
    assert (tmp_path / "raw" / BIG).read_bytes() == hub.repos["org/thing"][BIG]
    assert not left_over(tmp_path)


def test_an_interrupted_run_ends_soon_and_keeps_what_arrived(tmp_path, hub):
    # A shell without job control starts `make test &` with SIGINT ignored, and so its children.
    heeds = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    with serve(hub) as endpoint:
        process = start(tmp_path, endpoint, program=heeds + PROGRAM)
        wait_for(process, tmp_path / "raw", "**/*.partial", SIZE // 4)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert "KeyboardInterrupt" in err
        there = left_over(tmp_path)[0].stat().st_size
        assert there < SIZE
        assert run(tmp_path, endpoint)["bytes"] == SIZE - there
