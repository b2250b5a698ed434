"""The unchanged huggingface_hub client, over a real socket, against a hub on loopback.

The client reads HF_ENDPOINT when it is imported, so each test runs it in a process of its own.
"""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from wmtp_assets_tests.hub.loopback import FakeHub, serve

PROGRAM = textwrap.dedent("""
    import json, sys
    from pathlib import Path
    from wmtp_assets.catalog import Files, Repo
    from wmtp_assets.errors import BadInput
    from wmtp_assets.hub.fetch import fetch_files
    from wmtp_assets.hub.sources import HubSource

    root, kind = Path(sys.argv[1]), sys.argv[2]
    repo = Repo(id="org/thing", kind=kind, revision="main", licence="MIT")
    wanted = (Files("big/*.bin"), Files("config.json"))
    try:
        got = fetch_files(HubSource(), repo, wanted, root / "raw", root / "lock.json")
        print(json.dumps({"commit": got.commit, "kept": got.kept, "bytes": got.fetched_bytes}))
    except BadInput as error:
        print(json.dumps({"error": str(error)}))
""")
FILES = {"big/a.bin": os.urandom(100_000), "config.json": b'{"a": 1}', "README.md": b"x"}


def run(tmp_path: Path, endpoint: str, kind: str = "model", token: str = "") -> dict:
    environment = {
        **os.environ,
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(tmp_path / "hf"),
        "HF_TOKEN": token,
        "HF_HUB_DISABLE_XET": "1",
    }
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), kind]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert not token or token not in done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_files_arrive_at_the_resolved_commit_and_are_kept_next_time(tmp_path, kind):
    hub = FakeHub({"org/thing": FILES}, lfs={"big/a.bin"})
    with serve(hub) as endpoint:
        first = run(tmp_path, endpoint, kind)
        asked = len(hub.served)
        second = run(tmp_path, endpoint, kind)
    assert first == {"commit": hub.commit, "kept": 0, "bytes": 100_008}
    assert second == {"commit": hub.commit, "kept": 2, "bytes": 0}
    assert len(hub.served) == asked, "what is locked and right is not asked for again"
    for name in ("big/a.bin", "config.json"):
        assert (tmp_path / "raw" / name).read_bytes() == FILES[name]


def test_wrong_bytes_are_named_with_both_digests(tmp_path):
    lie = {"big/a.bin": b"z" * 100_000}
    with serve(FakeHub({"org/thing": FILES}, lfs={"big/a.bin"}, lie=lie)) as endpoint:
        error = run(tmp_path, endpoint)["error"]
    assert "big/a.bin: sha256" in error and "expected" in error
    assert not (tmp_path / "raw" / "big" / "a.bin").exists()


def test_a_small_file_is_proven_by_its_git_blob_id(tmp_path):
    lie = {"config.json": b'{"a": 2}'}
    with serve(FakeHub({"org/thing": FILES}, lfs={"big/a.bin"}, lie=lie)) as endpoint:
        assert "config.json: git blob" in run(tmp_path, endpoint)["error"]


def test_a_gated_repository_says_where_to_accept_and_never_the_token(tmp_path):
    with serve(FakeHub({"org/thing": FILES}, gated={"org/thing"})) as endpoint:
        error = run(tmp_path, endpoint, token="hf_" + "s" * 34)["error"]
    assert "accept the licence at https://huggingface.co/org/thing" in error
    assert "HF_TOKEN" in error


def test_an_unknown_repository_is_named(tmp_path):
    with serve(FakeHub({})) as endpoint:
        error = run(tmp_path, endpoint)["error"]
    assert "org/thing" in error and "check the name" in error


def test_a_dead_endpoint_says_to_check_the_network(tmp_path):
    with serve(FakeHub({})) as endpoint:
        pass
    assert "check the network" in run(tmp_path, endpoint)["error"]
