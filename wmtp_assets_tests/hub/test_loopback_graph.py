"""The whole graph with WMTP_SOURCE=hub against the hub on loopback, from the sample's files.

Two repositories are brought by `hf download` before, as on a fast line; the others by the run.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wmtp_assets.hub.fast_line import into_storage
from wmtp_assets.models.rows import OPTIONAL
from wmtp_assets.sample.catalog import SAMPLE
from wmtp_assets.sample.mirror import ensure_mirror
from wmtp_assets.store import Store
from wmtp_assets_tests.hub.loopback import serve
from wmtp_assets_tests.hub.loopback_server import hub_of

pytestmark = pytest.mark.long

LFS = ["*.pth", "*.bin", "*.model", "*.parquet"]


def test_job_phase1_is_green_from_the_hub(tmp_path):
    ensure_mirror(tmp_path / "mirror")
    hub = hub_of(tmp_path / "mirror", LFS, cdn=True)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WMTP_")}
    environment |= {
        "WMTP_SOURCE": "hub",
        "WMTP_STORAGE_ROOT": str(tmp_path / "storage"),
        "WMTP_DOCS_ROOT": str(tmp_path / "docs"),
        "HF_HOME": str(tmp_path / "hf"),
        "HF_TOKEN": "hf_" + "s" * 34,
        "PYTHONWARNINGS": "ignore",
    }
    here = Store(tmp_path / "storage", tmp_path / "docs")
    with serve(hub) as endpoint:
        for row in (SAMPLE.model("ref_sheared"), SAMPLE.dataset("codecontests")):
            _, *words = into_storage(row, here, row.repo.revision)
            command = " ".join([str(Path(sys.executable).parent / "hf"), *words])
            subprocess.run(
                command, shell=True, env=environment | {"HF_ENDPOINT": endpoint}, check=True
            )
        brought = dict(hub.bytes_served)
        assert any("pytorch_model-00001" in path for path in brought)
        done = subprocess.run(
            [sys.executable, "-m", "wmtp_assets_tests.hub.loopback_graph"],
            env=environment | {"HF_ENDPOINT": endpoint},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr[-4000:]
    facts = json.loads(done.stdout.splitlines()[-1])
    assert facts["success"], done.stderr[-4000:]
    assert facts["evaluated"] > 100 and facts["not_evaluated"] == []
    assert facts["not_passed"] == ["codecontests/stats:no_near_duplicates_across_splits"]
    assert facts["sources"] == ["hub"]
    large = {path for path in brought if path.endswith((".bin", ".parquet"))}
    assert {p: hub.bytes_served[p] for p in large} == {p: brought[p] for p in large}
    assert "hf_sss" not in done.stdout + done.stderr
    assert {a.authorization for a in hub.asked if a.server == "cdn"} == {None}
    locked = json.loads((tmp_path / "storage" / "sources.lock.json").read_text())["repos"]
    assert {repo: entry["commit"] for repo, entry in locked.items()} == {
        repo: commit
        for repo, commit in hub.commits.items()
        if repo not in {SAMPLE.model(name).repo.id for name in OPTIONAL}
    }
