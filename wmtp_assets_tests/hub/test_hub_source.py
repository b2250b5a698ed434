"""The unchanged huggingface_hub client, over a real socket, against a hub on loopback.

The client reads HF_ENDPOINT when it is imported, so each test runs it in a process of its own.
"""

import pytest

from wmtp_assets_tests.hub.loopback import FakeHub, Fault, serve
from wmtp_assets_tests.hub.loopback_client import BIG, FILES, run

SIZE = len(FILES[BIG])
TOKEN = "hf_" + "s" * 34


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_files_arrive_at_the_resolved_commit_and_are_kept_next_time(tmp_path, kind):
    hub = FakeHub({"org/thing": FILES}, lfs={"big/a.dat"})
    with serve(hub) as endpoint:
        first = run(tmp_path, endpoint, kind)
        asked = len(hub.served)
        second = run(tmp_path, endpoint, kind)
    del first["lines"], second["lines"]
    assert first == {"commit": hub.commit, "kept": 0, "bytes": SIZE + 8}
    assert second == {"commit": hub.commit, "kept": 2, "bytes": 0}
    assert len(hub.served) == asked, "what is locked and right is not asked for again"
    for name in ("big/a.dat", "config.json"):
        assert (tmp_path / "raw" / name).read_bytes() == FILES[name]


def test_wrong_bytes_are_named_with_both_digests(tmp_path):
    lie = {"big/a.dat": b"z" * SIZE}
    with serve(FakeHub({"org/thing": FILES}, lfs={"big/a.dat"}, lie=lie)) as endpoint:
        error = run(tmp_path, endpoint)["error"]
    assert "big/a.dat: sha256" in error and "expected" in error
    assert not (tmp_path / "raw" / "big" / "a.dat").exists()


def test_a_small_file_is_proven_by_its_git_blob_id(tmp_path):
    lie = {"config.json": b'{"a": 2}'}
    with serve(FakeHub({"org/thing": FILES}, lfs={"big/a.dat"}, lie=lie)) as endpoint:
        assert "config.json: git blob" in run(tmp_path, endpoint)["error"]


def test_a_gated_repository_without_a_token_says_where_to_accept_and_what_to_set(tmp_path):
    with serve(FakeHub({"org/thing": FILES}, gated={"org/thing"})) as endpoint:
        error = run(tmp_path, endpoint)["error"]
    assert "no token was sent" in error
    assert "accept the licence at https://huggingface.co/org/thing" in error
    assert "set HF_TOKEN" in error


def test_a_licence_that_is_not_accepted_says_where_and_never_the_token(tmp_path):
    hub = FakeHub({"org/thing": FILES}, gated={"org/thing"}, tokens={TOKEN: set()})
    with serve(hub) as endpoint:
        error = run(tmp_path, endpoint, token=TOKEN)["error"]
    assert "the licence is not accepted for the owner of HF_TOKEN" in error
    assert "accept the licence at https://huggingface.co/org/thing" in error


def test_a_wrong_token_is_told_from_a_missing_licence(tmp_path):
    hub = FakeHub({"org/thing": FILES}, gated={"org/thing"}, tokens={TOKEN: {"org/thing"}})
    with serve(hub) as endpoint:
        error = run(tmp_path, endpoint, token="hf_" + "w" * 34)["error"]
    assert "HF_TOKEN is not a valid token" in error and "settings/tokens" in error


def test_a_token_that_cannot_be_sent_is_not_printed(tmp_path):
    with serve(FakeHub({"org/thing": FILES})) as endpoint:
        run(tmp_path, endpoint, token="hf_one\x01two")


def test_a_renamed_repository_says_its_new_name(tmp_path):
    hub = FakeHub({"new/name": FILES}, renamed={"org/thing": "new/name"})
    with serve(hub) as endpoint:
        error = run(tmp_path, endpoint)["error"]
    assert "org/thing was renamed upstream: it is new/name now" in error


def test_a_commit_that_is_gone_upstream_is_named(tmp_path):
    hub = FakeHub({"org/thing": FILES})
    with serve(hub) as endpoint:
        run(tmp_path, endpoint)
        (tmp_path / "raw" / BIG).unlink()
        hub.commit = "d" * 40
        error = run(tmp_path, endpoint)["error"]
    assert "c" * 40 in error and "RevisionNotFound" in error


def test_a_file_that_is_gone_upstream_is_named(tmp_path):
    hub = FakeHub({"org/thing": {k: v for k, v in FILES.items() if k != BIG}})
    with serve(hub) as endpoint:
        assert "big/*.dat matches 0 files, not 1" in run(tmp_path, endpoint)["error"]


def test_offline_with_everything_verified_passes(tmp_path):
    with serve(FakeHub({"org/thing": FILES})) as endpoint:
        run(tmp_path, endpoint)
    again = run(tmp_path, endpoint, HF_HUB_OFFLINE="1")
    assert (again["kept"], again["bytes"]) == (2, 0)
    assert run(tmp_path, endpoint)["kept"] == 2


@pytest.mark.parametrize("offline", ["0", "1"])
def test_offline_without_a_file_says_what_is_missing(tmp_path, offline):
    with serve(FakeHub({"org/thing": FILES})) as endpoint:
        run(tmp_path, endpoint)
    (tmp_path / "raw" / BIG).unlink()
    error = run(tmp_path, endpoint, HF_HUB_OFFLINE=offline)["error"]
    assert f"{BIG} is missing" in error and "config.json is missing" not in error


def test_an_unknown_repository_is_named(tmp_path):
    with serve(FakeHub({})) as endpoint:
        error = run(tmp_path, endpoint)["error"]
    assert "org/thing" in error and "check the name" in error


def test_a_dead_endpoint_says_to_check_the_network(tmp_path):
    with serve(FakeHub({})) as endpoint:
        pass
    assert "check the network" in run(tmp_path, endpoint)["error"]


def test_a_hub_that_falls_silent_says_to_check_the_network(tmp_path):
    with serve(FakeHub({}, silent=True)) as endpoint:
        error = run(tmp_path, endpoint, HF_HUB_DOWNLOAD_TIMEOUT="1")["error"]
    assert "Timeout" in error and "check the network" in error


def test_a_listing_that_stays_rate_limited_is_told_and_not_waited_for(tmp_path):
    hub = FakeHub({"org/thing": FILES})
    hub.api_faults = [Fault(status=429, headers={"ratelimit": '"api";r=0;t=120'})]
    with serve(hub) as endpoint:
        assert "HTTP 429" in (error := run(tmp_path, endpoint)["error"])
    assert "asks to wait 120 s" in error
