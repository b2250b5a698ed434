"""A download in ranges whose process dies, is interrupted, or whose disk becomes full."""

import shutil
import signal

import pytest

from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.hub.retry import MAX_FAILURES
from wmtp_assets_tests.hub.loopback import Fault, serve
from wmtp_assets_tests.hub.loopback_client import PROGRAM, finish, start, wait_for
from wmtp_assets_tests.hub.ranged import (
    BIG,
    BYTES,
    SEGMENT,
    SIZE,
    fetch,
    in_ranges,
    left_over,
    new_hub,
    reachable,
    segments_left,
    small_ranges,
)
from wmtp_assets_tests.hub.test_transfer_disk import mounted, needs_mount

SOON = {"HF_HUB_DOWNLOAD_TIMEOUT": "2"}
# The program fetches a second file as well.
SMALL = "config.json"
RANGED = f"""
from wmtp_assets.hub import ranges
ranges.RANGED_FROM_BYTES, ranges.SEGMENT_BYTES, ranges.SETTLE_BYTES = {SIZE}, {SEGMENT}, {SEGMENT}
"""


def new_hub_with_small():
    hub = new_hub()
    hub.repos["org/thing"][SMALL] = b"{}"
    return hub


def wait_for_holes(process, root, bytes_there: int) -> None:
    """Wait until so much is written down as being there."""
    wait_for(process, root / "raw", "**/*.partial", SIZE)
    while segments_left(root).bytes_there < bytes_there:
        assert process.poll() is None, process.communicate()


@pytest.mark.parametrize("at_once", [signal.SIGKILL, signal.SIGINT])
def test_all_that_is_written_down_is_kept_with_its_holes(tmp_path, at_once):
    hub = new_hub_with_small()
    heeds = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    # The first segment and the third hang; those beside them go on, to the end of the window.
    half = SEGMENT // 2
    for start_of in (0, 2 * SEGMENT):
        hub.faults_at[start_of] = [Fault(cut_after=half, stall=True)]
        hub.faults_at[start_of + half] = [Fault(cut_after=0, stall=True)] * MAX_FAILURES
    with serve(hub) as endpoint:
        process = start(tmp_path, endpoint, program=heeds + RANGED + PROGRAM, **SOON)
        wait_for_holes(process, tmp_path, 5 * SEGMENT)
        process.send_signal(at_once)
        _, err = process.communicate(timeout=60)
        assert at_once is signal.SIGKILL or "KeyboardInterrupt" in err
        there, before = segments_left(tmp_path), hub.bytes_served[BIG]
        assert there.bytes_before_hole < SEGMENT < there.bytes_there < SIZE
        hub.faults_at.clear()
        got = finish(start(tmp_path, endpoint, program=RANGED + PROGRAM))
    assert "error" not in got, got
    assert (tmp_path / "raw" / BIG).read_bytes() == BYTES and not left_over(tmp_path)
    assert hub.bytes_served[BIG] - before == SIZE - there.bytes_there


@needs_mount
def test_a_disk_that_becomes_full_midway_removes_the_half(tmp_path, monkeypatch):
    monkeypatch.setattr(file_io, "require_free_space", lambda folder, needed: None)
    hub = new_hub()
    with (
        small_ranges(),
        reachable(hub),
        mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=800k", "tmpfs") as disk,
    ):
        with pytest.raises(BadInput, match=r"disk became full while a\.dat arrived"):
            fetch(disk)
        assert not list(disk.rglob("*.partial")) and not (disk / "raw" / BIG).exists()
        assert shutil.disk_usage(disk).free > 700_000


def test_holes_are_counted_as_bytes_that_the_disk_has_yet_to_take(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(file_io, "require_free_space", lambda folder, needed: asked.append(needed))
    hub = new_hub()
    hub.always[BIG] = Fault(status=404)
    hub.faults_at = {n * SEGMENT: [Fault()] for n in range(6)}
    with small_ranges(), reachable(hub):
        with pytest.raises(BadInput):
            fetch(tmp_path)
        there = segments_left(tmp_path).bytes_there
        assert 0 < there < SIZE and asked == [SIZE, SIZE]
        hub.always.clear()
        fetch(tmp_path)
    assert asked[2:] == [SIZE - there] * 2 and in_ranges(hub)


def test_a_hub_that_is_gone_midway_ends_in_an_error_and_keeps_what_arrived(tmp_path):
    hub = new_hub()
    hub.always[BIG] = Fault(status=500)
    hub.faults_at = {n * SEGMENT: [Fault()] for n in range(3)}
    with small_ranges(), reachable(hub):
        with pytest.raises(BadInput, match="HTTP 500"):
            fetch(tmp_path)
        [partial] = left_over(tmp_path)
        there, before = partial.stat().st_size, hub.bytes_served[BIG]
        assert there == 3 * SEGMENT and segments_left(tmp_path) is None
        hub.always.clear()
        fetch(tmp_path)
    assert hub.bytes_served[BIG] - before == SIZE - there
    assert len(hub.asked) < 100 * MAX_FAILURES
