"""What goes wrong between the Hub and the disk, over a real socket, and how each of it ends."""

from dataclasses import replace

import pytest

from wmtp_assets.hub.retry import MAX_FAILURES
from wmtp_assets_tests.hub.loopback import FakeHub, Fault, serve
from wmtp_assets_tests.hub.loopback_client import BIG, FILES, is_right, left_over, run

SIZE = len(FILES[BIG])
CUT = Fault(cut_after=1_200_000)


@pytest.fixture
def hub() -> FakeHub:
    return FakeHub({"org/thing": dict(FILES)}, lfs={BIG}, cdn=True)


def ranges(hub: FakeHub) -> list[str | None]:
    """The positions asked of whoever sent bytes."""
    return [a.range for a in hub.asked if a.server == "cdn" and a.method == "GET"]


def test_a_cut_connection_goes_on_where_it_broke(tmp_path, hub):
    hub.faults[BIG] = [CUT, CUT]
    with serve(hub) as endpoint:
        got = run(tmp_path, endpoint)
    assert is_right(tmp_path) and not left_over(tmp_path)
    assert got["bytes"] == hub.bytes_served.total() == SIZE + len(FILES["config.json"])
    assert ranges(hub) == [None, "bytes=1200000-", "bytes=2400000-"]


def test_a_connection_that_falls_silent_is_given_up_and_goes_on(tmp_path, hub):
    hub.faults[BIG] = [replace(CUT, stall=True)]
    with serve(hub) as endpoint:
        got = run(tmp_path, endpoint, HF_HUB_DOWNLOAD_TIMEOUT="1")
    assert any("ReadTimeout" in line for line in got["lines"])
    assert is_right(tmp_path) and ranges(hub) == [None, "bytes=1200000-"]


def test_a_line_that_always_breaks_ends_in_an_error_and_the_next_run_goes_on(tmp_path, hub):
    hub.faults[BIG] = [CUT, *[Fault(cut_after=1000)] * MAX_FAILURES]
    with serve(hub) as endpoint:
        error = run(tmp_path, endpoint)["error"]
        assert "the Hub did not give org/thing" in error and "goes on where it stopped" in error
        assert not (tmp_path / "raw" / BIG).exists()
        [partial] = left_over(tmp_path)
        before = hub.bytes_served[BIG]
        assert partial.stat().st_size == before
        run(tmp_path, endpoint)
    assert is_right(tmp_path) and not left_over(tmp_path)
    assert hub.bytes_served[BIG] == SIZE


@pytest.mark.parametrize(
    "fault",
    [
        Fault(ignore_range=True),
        Fault(headers={"Content-Range": f"bytes 7-{SIZE - 1}/{SIZE}"}),
        Fault(headers={"Content-Range": "nonsense"}),
        Fault(etag='"another content"'),
        Fault(status=416),
    ],
    ids=["range ignored", "another range", "no range", "another etag", "range refused"],
)
def test_what_does_not_continue_the_first_part_starts_over(tmp_path, hub, fault):
    hub.faults[BIG] = [CUT, fault]
    with serve(hub) as endpoint:
        got = run(tmp_path, endpoint)
    assert is_right(tmp_path) and not left_over(tmp_path)
    assert hub.bytes_served[BIG] >= SIZE + 1_200_000
    assert not any("once more" in line for line in got["lines"]), "told by the digest only"


def test_what_is_left_of_another_content_is_dropped(tmp_path, hub):
    hub.faults[BIG] = [CUT, *[Fault(cut_after=0)] * MAX_FAILURES]
    with serve(hub) as endpoint:
        assert "error" in run(tmp_path, endpoint)
        assert len(left_over(tmp_path)) == 1
        hub.repos["org/thing"][BIG] = FILES[BIG][::-1]
        assert "error" not in run(tmp_path, endpoint)
    assert (tmp_path / "raw" / BIG).read_bytes() == FILES[BIG][::-1]
    assert not left_over(tmp_path)


def test_wrong_bytes_of_the_right_length_are_tried_once_more_and_set_aside(tmp_path, hub):
    hub.lie[BIG] = bytes(SIZE)
    with serve(hub) as endpoint:
        error = run(tmp_path, endpoint)["error"]
    expected = hub.facts("org/thing", BIG)["sha256"]
    assert f"{BIG}: sha256 " in error and f"expected {expected}" in error
    assert hub.bytes_served[BIG] == 2 * SIZE
    assert (tmp_path / "raw" / f"{BIG}.rejected").read_bytes() == bytes(SIZE)
    assert not (tmp_path / "raw" / BIG).exists() and not left_over(tmp_path)


def test_a_body_that_is_whole_but_too_short_is_an_error_and_no_file(tmp_path, hub):
    hub.always[BIG] = Fault(cut_after=SIZE - 1, short=True)
    with serve(hub) as endpoint:
        assert f"{SIZE - 1:,} bytes, expected {SIZE:,}" in run(tmp_path, endpoint)["error"]
        assert not (tmp_path / "raw" / BIG).exists()
        hub.always.clear()
        assert "error" not in run(tmp_path, endpoint)
    assert is_right(tmp_path)


def test_a_git_lfs_pointer_instead_of_weights_is_named(tmp_path, hub):
    hub.lie[BIG] = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3000000\n"
    with serve(hub) as endpoint:
        assert "a Git LFS pointer text instead of the file" in run(tmp_path, endpoint)["error"]
    assert not (tmp_path / "raw" / BIG).exists()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again_after_the_time_it_names(tmp_path, hub, status):
    busy = Fault(status=status, headers={"Retry-After": "0"})
    hub.faults[BIG] = [busy, CUT, busy]
    hub.api_faults = [busy]
    with serve(hub) as endpoint:
        lines = run(tmp_path, endpoint)["lines"]
    assert is_right(tmp_path) and hub.bytes_served[BIG] == SIZE
    waits = [line for line in lines if f"HTTP {status}" in line]
    assert len(waits) == 2 and all("asks to wait 0 s; trying again in 0 s" in w for w in waits)


def test_a_server_that_stays_busy_is_given_up(tmp_path, hub):
    hub.always[BIG] = Fault(status=503)
    with serve(hub) as endpoint:
        error = run(tmp_path, endpoint)["error"]
    assert "HTTP 503" in error and "run again later" in error
    assert len(ranges(hub)) == MAX_FAILURES


def test_a_wait_of_an_hour_is_told_and_not_waited(tmp_path, hub):
    hub.faults[BIG] = [Fault(status=429, headers={"Retry-After": "3600"})]
    with serve(hub) as endpoint:
        error = run(tmp_path, endpoint)["error"]
    assert "asks to wait 3,600 s" in error and "HF_TOKEN has a higher limit" in error
    assert len(ranges(hub)) == 1


def test_the_token_goes_to_the_hub_and_not_to_the_host_it_redirects_to(tmp_path, hub):
    token = "hf_" + "s" * 34
    hub.gated, hub.tokens = {"org/thing"}, {token: {"org/thing"}}
    hub.faults[BIG] = [CUT]
    with serve(hub) as endpoint:
        assert "error" not in run(tmp_path, endpoint, token=token)
    assert is_right(tmp_path)
    seen = {(a.server, a.authorization) for a in hub.asked if "org/thing" in a.path}
    assert seen == {("hub", f"Bearer {token}"), ("cdn", None)}


def test_an_answer_from_another_commit_is_refused(tmp_path, hub):
    hub.cdn = False
    hub.always[BIG] = Fault(headers={"X-Repo-Commit": "d" * 40})
    with serve(hub) as endpoint:
        assert "answered from another commit: " + "d" * 40 in run(tmp_path, endpoint)["error"]
    assert not (tmp_path / "raw" / BIG).exists()


def test_a_packed_body_is_unpacked_and_proven(tmp_path, hub):
    import gzip

    hub.lie["config.json"] = gzip.compress(FILES["config.json"])
    hub.always["config.json"] = Fault(headers={"Content-Encoding": "gzip"})
    with serve(hub) as endpoint:
        assert "error" not in run(tmp_path, endpoint)
    assert is_right(tmp_path, "config.json")


def test_a_failed_download_leaves_the_earlier_good_file(tmp_path, hub):
    with serve(hub) as endpoint:
        run(tmp_path, endpoint)
        (tmp_path / "raw" / "config.json").unlink()
        hub.always["config.json"] = replace(CUT, cut_after=1)
        assert "error" in run(tmp_path, endpoint)
    assert is_right(tmp_path)
