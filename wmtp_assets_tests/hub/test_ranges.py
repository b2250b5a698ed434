"""A large file comes in several ranges at a time, and what a server does with that."""

import gzip
import os

import pytest

from wmtp_assets.errors import BadInput
from wmtp_assets.hub import ranges
from wmtp_assets.hub.retry import MAX_FAILURES
from wmtp_assets.hub.segments import Segments
from wmtp_assets_tests.hub.loopback import Fault
from wmtp_assets_tests.hub.ranged import (
    BIG,
    REPO,
    SEGMENT,
    SIZE,
    asked_ranges,
    fetch,
    in_ranges,
    new_hub,
    reachable,
    segments_left,
    small_ranges,
)

AT = 3 * SEGMENT  # a segment in the middle of the first window
GARBAGE = Fault(cut_after=0, short=True, more=bytes(SEGMENT))


@pytest.fixture
def hub():
    with small_ranges():
        yield new_hub()


def test_four_connections_bring_each_byte_once(tmp_path, hub):
    hub.bytes_per_second = 4_000_000
    with reachable(hub):
        lines = fetch(tmp_path)
    assert hub.bytes_served[BIG] == SIZE and in_ranges(hub)
    assert len(asked_ranges(hub)) == len(set(asked_ranges(hub))) == 21
    assert 2 <= hub.most_at_once <= ranges.CONNECTIONS
    assert len([line for line in lines if BIG in line]) == 1


def test_a_smaller_file_comes_in_one_stream(tmp_path, hub, monkeypatch):
    monkeypatch.setattr(ranges, "RANGED_FROM_BYTES", SIZE + 1)
    with reachable(hub):
        fetch(tmp_path)
    assert asked_ranges(hub) == [None]


def test_a_file_of_which_no_digest_is_stated_comes_in_one_stream(tmp_path, hub):
    hub.listed[REPO.id] = [{"rfilename": BIG, "size": SIZE}]
    hub.lfs = set()
    with reachable(hub):
        fetch(tmp_path)
    assert [a.range for a in hub.asked if "resolve" in a.path and a.method == "GET"] == [None]


SHORTER = f"bytes {AT}-{AT + 99}/{SIZE}"
OTHER_SIZE = f"bytes {AT}-{AT + SEGMENT - 1}/{SIZE + 1}"
NO_RANGES = {
    "range ignored": Fault(ignore_range=True),
    "another range": Fault(headers={"Content-Range": f"bytes 7-{SEGMENT + 6}/{SIZE}"}),
    "a shorter range": Fault(cut_after=100, short=True, headers={"Content-Range": SHORTER}),
    "another size": Fault(headers={"Content-Range": OTHER_SIZE}),
    "no range": Fault(headers={"Content-Range": "nonsense"}),
    "an endless range": Fault(headers={"Content-Range": f"bytes {AT}-{'9' * 18}/{'9' * 18}"}),
    "another etag": Fault(etag='"another content"'),
    "no etag": Fault(etag='""'),
    "too long": Fault(more=b"more"),
    "packed": Fault(headers={"Content-Encoding": "gzip"}),
    "range refused": Fault(status=416),
    "forbidden": Fault(status=403),
    "too many": Fault(status=429, headers={"Retry-After": "0"}),
}


@pytest.mark.parametrize("case", NO_RANGES)
@pytest.mark.parametrize("at", [0, AT])
def test_a_server_without_ranges_sends_one_stream(tmp_path, hub, case, at):
    hub.faults_at[at] = [NO_RANGES[case]]
    hub.bytes_per_second = 30_000_000
    with reachable(hub):
        lines = fetch(tmp_path)
    told = "trying again in 0 s" if case == "too many" else "it comes in one stream"
    if (case, at) != ("another etag", 0):
        assert len([line for line in lines if told in line]) == 1, lines
    assert not any("once more" in line for line in lines), "told by the digest only"
    assert not in_ranges(hub)
    # What lies behind the hole is fetched again, the rest is not.
    assert hub.bytes_served[BIG] <= SIZE + (ranges.WINDOW_SEGMENTS + 1) * SEGMENT


@pytest.mark.parametrize("fault", [Fault(status=403), Fault(ignore_range=True)])
def test_a_server_that_never_gives_ranges_is_asked_once_for_one(tmp_path, hub, fault):
    hub.faults_at = {n * SEGMENT: [fault] * 9 for n in range(21)}
    with reachable(hub):
        fetch(tmp_path)
    assert asked_ranges(hub) == [f"bytes=0-{SEGMENT - 1}", None]


PASSES = {
    "cut": [Fault(cut_after=1000), Fault(cut_after=2000), Fault(cut_after=0)],
    "too short": [Fault(cut_after=1000, short=True)],
    "busy": [Fault(status=503, headers={"Retry-After": "0"}), Fault(status=500)],
    "silent": [Fault(cut_after=1000, stall=True)],
}


@pytest.mark.parametrize("case", PASSES)
@pytest.mark.parametrize("at", [0, AT])
def test_what_passes_in_one_range_stops_no_other_and_fetches_nothing_twice(tmp_path, hub, case, at):
    hub.faults_at[at] = list(PASSES[case])
    with reachable(hub):
        fetch(tmp_path)
    served = hub.bytes_served[BIG]
    assert in_ranges(hub) and served == SIZE


def test_a_range_that_always_breaks_ends_in_one_stream(tmp_path, hub):
    hub.faults_at[AT] = [Fault(cut_after=0)] * MAX_FAILURES
    with reachable(hub):
        fetch(tmp_path)
    assert asked_ranges(hub)[-1].endswith("-")


def fetches_the_rest_only(root, hub) -> None:
    there, before = segments_left(root).bytes_there, hub.bytes_served[BIG]
    assert 0 < there < SIZE
    fetch(root)
    assert hub.bytes_served[BIG] - before == SIZE - there and in_ranges(hub)


def test_a_wait_of_an_hour_is_told_and_not_waited_and_all_that_arrived_stays(tmp_path, hub):
    hub.faults_at[AT] = [Fault(status=429, headers={"Retry-After": "3600"})]
    with reachable(hub):
        with pytest.raises(BadInput, match="asks to wait 3,600 s"):
            fetch(tmp_path)
        fetches_the_rest_only(tmp_path, hub)


def test_a_refusal_of_one_range_is_the_error_and_all_that_arrived_stays(tmp_path, hub, monkeypatch):
    monkeypatch.setattr(ranges, "SETTLE_BYTES", SIZE)
    hub.faults_at[AT] = [Fault(status=404, headers={"X-Error-Code": "EntryNotFound"})]
    with reachable(hub):
        with pytest.raises(BadInput, match="the file is gone upstream"):
            fetch(tmp_path)
        fetches_the_rest_only(tmp_path, hub)


def test_an_address_that_holds_for_one_request_is_asked_for_anew(tmp_path, hub):
    hub.signs_once = True
    hub.faults_at[AT] = [Fault(cut_after=1000)]
    with reachable(hub):
        fetch(tmp_path)
    assert in_ranges(hub) and hub.bytes_served[BIG] == SIZE


def test_the_token_of_a_range_goes_to_the_hub_only(tmp_path, hub):
    token = "hf_" + "s" * 34
    hub.gated, hub.tokens = {REPO.id}, {token: {REPO.id}}
    with reachable(hub, token):
        fetch(tmp_path)
    seen = {(a.server, a.authorization) for a in hub.asked if REPO.id in a.path}
    assert seen == {("hub", f"Bearer {token}"), ("cdn", None)} and in_ranges(hub)


def test_a_range_of_another_commit_is_refused(tmp_path, hub):
    hub.cdn = False
    hub.faults_at[AT] = [Fault(headers={"X-Repo-Commit": "d" * 40})]
    with reachable(hub), pytest.raises(BadInput, match="answered from another commit"):
        fetch(tmp_path)


def test_garbage_in_one_range_is_found_and_all_of_it_comes_once_more_in_one_stream(tmp_path, hub):
    hub.faults_at[AT] = [GARBAGE]
    with reachable(hub):
        lines = fetch(tmp_path)
    assert any("sha256" in line and "fetching it once more" in line for line in lines)
    assert asked_ranges(hub)[-1] is None
    assert hub.bytes_served[BIG] == 2 * SIZE - SEGMENT


def test_garbage_in_the_first_bytes_is_told_before_the_rest_arrives(tmp_path, hub):
    page = b"<!DOCTYPE html><html>".ljust(SEGMENT)
    hub.faults_at[0] = [Fault(cut_after=0, short=True, more=page)]
    with reachable(hub):
        lines = fetch(tmp_path)
    assert any("fetching it once more" in line for line in lines), lines


def test_packed_bytes_that_claim_to_be_a_range_are_no_range(tmp_path, hub):
    packed = gzip.compress(bytes(9_000_000))
    bomb = Fault(cut_after=0, short=True, more=packed, headers={"Content-Encoding": "gzip"})
    hub.faults_at[AT] = [bomb]
    with reachable(hub):
        fetch(tmp_path)


def test_nothing_is_written_down_as_there_before_the_disk_has_it(tmp_path, hub, monkeypatch):
    done, write = [], Segments.write

    def note_sync(descriptor: int) -> None:
        done.append("on the disk")
        os.fsync(descriptor)

    def note_write(segments: Segments, descriptor: int) -> None:
        done.append("written down")
        write(segments, descriptor)

    monkeypatch.setattr(ranges.os, "fdatasync", note_sync, raising=False)
    monkeypatch.setattr(Segments, "write", note_write)
    with reachable(hub):
        fetch(tmp_path)
    steps = [step for step in done if step == "written down"]
    assert len(steps) > 2 and done[: 2 * len(steps)] == ["on the disk", "written down"] * len(steps)
