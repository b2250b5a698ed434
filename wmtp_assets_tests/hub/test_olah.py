"""Against a running olah: fetched, killed and run again, watched, looked at, mirrored; or refused.

Each is a process of its own with HF_ENDPOINT set, as a person's is.
"""

import hashlib
import json
import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from wmtp_assets.catalog import Files
from wmtp_assets.hub.fetch import fetch_files
from wmtp_assets.hub.lock import read_lock
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.published import PUBLISHED
from wmtp_assets.sample.catalog import SAMPLE
from wmtp_assets.sample.checkpoints import TOKENIZER
from wmtp_assets_tests.hub.loopback_client import finish, left_over, start, wait_for
from wmtp_assets_tests.hub.olah import GitRepo, humaneval, installed, interpreter, pointer, serving

pytestmark = pytest.mark.long

DATASET, MODEL = PUBLISHED.dataset("humaneval").repo.id, "org/thing"
PARQUET = "openai_humaneval/test-00000-of-00001.parquet"
BIG_BYTES = 48_000_000
ZIP = b"PK\x03\x04", b"PK\x05\x06" + bytes(18)
# What fetches: HubSource in a process that has read HF_ENDPOINT; argv: root, kind, repo, revision,
# patterns.
FETCH = textwrap.dedent("""
    import json, sys
    from pathlib import Path
    from wmtp_assets.catalog import Files, Repo
    from wmtp_assets.errors import BadInput
    from wmtp_assets.hub import retry
    from wmtp_assets.hub.fetch import fetch_files
    from wmtp_assets.hub.sources import HubSource

    retry.FIRST_WAIT_SECONDS = 0.001
    ask = json.loads(Path(sys.argv[1], "ask.json").read_text())
    repo = Repo(ask["repo"], ask["kind"], ask["revision"], "MIT")
    root, wanted, lines = Path(sys.argv[1]), tuple(map(Files, ask["wanted"])), []
    try:
        got = fetch_files(HubSource(), repo, wanted, root / "raw", root / "lock.json", lines.append)
        told = {"kept": got.kept, "bytes": got.fetched_bytes, "commit": got.commit}
    except BadInput as error:
        told = {"error": str(error)}
    print(json.dumps(told | {"lines": lines}))
""")
# The graph of the dataset over one record; argv: root, make or watch (which mirrors, too).
GRAPH = textwrap.dedent("""
    import json, sys
    from pathlib import Path
    import dagster as dg
    from wmtp_assets.raw.jobs import mirror_job
    from wmtp_assets.hub.sources import HubSource
    from wmtp_assets_tests.hub.world import UPSTREAM, World

    root, what = Path(sys.argv[1]), sys.argv[2]
    with dg.DagsterInstance.local_temp(str(root)) as instance:
        world = World(root, instance, mirror_job, source=HubSource())
        if what == "watch":
            assert world.run("watch_upstream").success
        world.materialize()
        if what == "watch":
            config = {"ops": {"write_mirror_folder": {"config": {"target": str(root / "travels")}}}}
            assert world.run("write_mirror", run_config=config).success
        seen = instance.fetch_observations(UPSTREAM, limit=1).records
        says = seen[0].asset_observation.metadata["says"].value if seen else None
        print(json.dumps({"says": says, "shows_change": world.shows_change()}))
""")


class Served:
    """A running olah and what it serves."""

    def __init__(self, mirrors: Path):
        self.model = GitRepo(mirrors, "model", MODEL)
        self.dataset = GitRepo(mirrors, "dataset", DATASET)
        self.rows = humaneval()
        self.small = {
            "config.json": json.dumps(
                dict(PUBLISHED.model("ref_sheared").geometry), indent=2
            ).encode(),
            "tokenizer.model": installed(*TOKENIZER).read_bytes(),
        }
        self.big = ZIP[0] + os.urandom(BIG_BYTES) + ZIP[1]
        self.first = self.dataset.commit({PARQUET: self.rows})
        odd = {
            "empty.json": b"",
            "lost.bin": pointer(b"x" * 9, b"ext-0-a sha256:%b\n" % (b"0" * 64)),
        }
        self.commit = self.model.commit(self.small | odd, lfs={"big.bin": self.big})
        self.endpoint = ""

    def start(self, root: Path, repo: str, kind: str, *wanted: str, revision: str = "main"):
        root.mkdir(exist_ok=True)
        ask = {"repo": repo, "kind": kind, "revision": revision, "wanted": wanted}
        (root / "ask.json").write_text(json.dumps(ask))
        return start(root, self.endpoint, kind, program=FETCH)

    def fetch(self, root: Path, repo: str, kind: str, *wanted: str, **more) -> dict:
        return finish(self.start(root, repo, kind, *wanted, **more))

    def graph(self, root: Path, what: str) -> dict:
        return finish(start(root, self.endpoint, what, program=GRAPH))


@pytest.fixture(scope="module")
def served(tmp_path_factory, pytestconfig):
    python = interpreter(pytestconfig.cache.mkdir("olah"))
    folder = tmp_path_factory.mktemp("olah")
    served = Served(folder / "mirrors")
    with serving(python, folder, folder / "mirrors") as served.endpoint:
        yield served


def facts(data: bytes) -> dict:
    return {"size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def locked(root: Path, repo: str) -> dict:
    return read_lock(root / "lock.json")["repos"][repo]


def test_files_of_a_listing_without_sizes_arrive_whole_and_are_locked_so(served, tmp_path):
    got = served.fetch(tmp_path, DATASET, "dataset", "openai_humaneval/test-*.parquet")
    assert (got["kept"], got["bytes"], got["commit"]) == (0, len(served.rows), served.first)
    assert locked(tmp_path, DATASET)["files"] == {PARQUET: facts(served.rows)}
    assert (tmp_path / "raw" / PARQUET).read_bytes() == served.rows
    assert f"{PARQUET}, {len(served.rows):,} bytes" in got["lines"][0]
    got = served.fetch(tmp_path, MODEL, "model", *served.small)
    assert got["commit"] == served.commit
    wanted = {name: facts(data) for name, data in served.small.items()}
    assert locked(tmp_path, MODEL)["files"] == wanted
    assert wanted["tokenizer.model"]["sha256"] == SAMPLE.tokenizer_sha256


def test_the_pinned_commit_is_given_and_another_is_not(served, tmp_path):
    pinned = served.fetch(tmp_path, MODEL, "model", "config.json", revision=served.commit)
    assert pinned["commit"] == served.commit
    other = served.fetch(tmp_path / "o", MODEL, "model", "config.json", revision="d" * 40)
    assert f"the Hub did not give {MODEL} ({'d' * 40})" in other["error"]
    assert not (tmp_path / "o" / "lock.json").exists()


def test_a_killed_fetch_is_run_again_and_right(served, tmp_path):
    # olah sends neither ETag nor ranges: what was there cannot be continued, and never joins.
    process = served.start(tmp_path, MODEL, "model", "big.bin")
    wait_for(process, tmp_path / "raw", "**/*.partial", BIG_BYTES // 3)
    process.kill()
    process.communicate()
    assert left_over(tmp_path) and not (tmp_path / "lock.json").exists()
    got = served.fetch(tmp_path, MODEL, "model", "big.bin")
    assert got["bytes"] == len(served.big) and not left_over(tmp_path)
    assert locked(tmp_path, MODEL)["files"] == {"big.bin": facts(served.big)}
    assert (tmp_path / "raw" / "big.bin").read_bytes() == served.big


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("empty.json", "empty.json: an empty file"),
        ("lost.bin", "lost.bin: a Git LFS pointer text instead of the file"),
    ],
)
def test_what_is_no_such_file_is_refused_by_name(served, tmp_path, name, told):
    error = served.fetch(tmp_path, MODEL, "model", name)["error"]
    assert f"{MODEL} at {served.commit} sent a wrong file: {told}" in error
    assert "the source holds just this under that name" in error
    assert not (tmp_path / "lock.json").exists()
    assert (tmp_path / "raw" / f"{name}.rejected").exists()


def test_watched_locked_looked_at_and_mirrored(served, tmp_path):
    made = served.graph(tmp_path, "make")
    assert not made["shows_change"]
    raw = tmp_path / "storage" / "datasets_v2" / "humaneval" / "raw"
    (raw / PARQUET).unlink()
    moved = served.dataset.commit({"README.md": b"# HumanEval"})
    seen = served.graph(tmp_path, "watch")
    assert f"main moved to {moved}, the lock holds {served.first}" in seen["says"]
    assert seen["shows_change"]
    assert (raw / PARQUET).read_bytes() == served.rows, "of the locked commit, from a moved branch"

    kept = {k: v for k, v in os.environ.items() if not k.startswith(("WMTP_", "HF_", "DAGSTER_"))}
    settings = {
        "WMTP_SOURCE": "hub",
        "WMTP_STORAGE_ROOT": str(tmp_path / "storage"),
        "WMTP_DOCS_ROOT": str(tmp_path / "docs"),
        "DAGSTER_HOME": str(tmp_path),
        "HF_ENDPOINT": served.endpoint,
        "HF_HOME": str(tmp_path / "hf"),
    }
    doctor = subprocess.run(
        [sys.executable, "-m", "wmtp_assets.doctor", "--job", "datasets"],
        env=kept | settings,
        capture_output=True,
        text=True,
    )
    assert f"ok    {served.endpoint} answers" in doctor.stdout
    assert f"ok    open to you: {DATASET} (datasets)" in doctor.stdout
    assert f"fail  HTTP 404: {PUBLISHED.dataset('mbpp').repo.id} (datasets)" in doctor.stdout
    assert doctor.returncode == 1 and not doctor.stderr

    wanted, repo = (Files("openai_humaneval/*"),), PUBLISHED.dataset("humaneval").repo
    there = tmp_path / "there" / "lock.json"
    main = replace(repo, revision="main")  # as the catalog of the storage here
    fetch_files(MirrorSource(tmp_path / "travels"), main, wanted, tmp_path / "there" / "raw", there)
    assert read_lock(there) == read_lock(tmp_path / "storage" / "sources.lock.json")
    assert locked(tmp_path / "there", DATASET)["files"] == {PARQUET: facts(served.rows)}
