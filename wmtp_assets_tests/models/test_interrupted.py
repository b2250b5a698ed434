"""kill -9 at 20 moments of a conversion: the final names hold a whole file or nothing new.

A process of its own imports torch once and forks for each attempt, so that torch has no threads
yet. Each fork makes the real asset and kills itself just before its n-th write, fsync or rename.
"""

import json
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets.deployment import Deployment
from wmtp_assets.files import file_io
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.models.assets import safetensors_asset
from wmtp_assets.models.checkpoint.shards import index_source
from wmtp_assets.models.meta_mtp import META_MTP
from wmtp_assets.store import Store
from wmtp_assets_tests.interrupted import forked
from wmtp_assets_tests.models.conftest import PROJECT
from wmtp_assets_tests.models.tiny import TinyStorage, tiny_catalog

pytestmark = pytest.mark.long

POINTS, SEED = 20, 3
WEIGHTS, SUMS = "model.safetensors", "SHA256SUMS"
EARLIER = {WEIGHTS: b"earlier weights", SUMS: b"earlier sums\n"}
PROGRAM = """
import sys
from pathlib import Path
from wmtp_assets_tests.models.test_interrupted import rehearse
rehearse(Path(sys.argv[1]))
"""


def rehearse(root: Path) -> None:
    """Interrupt the asset at each point, then make it; print what lay there both times."""
    catalog = tiny_catalog()
    deployment = Deployment(catalog, MirrorSource(root), Store(root / "storage", root / "docs"))
    model = deployment.store.model(catalog.model("meta_mtp").folder)
    folder, context = model.safetensors, dg.build_asset_context()
    convert_meta = safetensors_asset(META_MTP)
    # Imports all that a fork would import anew each time.
    index_source(model.raw / catalog.model("meta_mtp").checkpoint)

    def make(kill_before: int | None) -> tuple[int, list[str]]:
        return forked(lambda: convert_meta(context, deployment), kill_before)

    code, events = make(0)
    assert code == 0
    attempts = []
    for number in points(events):
        for earlier in ({},) if "write" in events[number - 1] else ({}, EARLIER):
            shutil.rmtree(folder)
            folder.mkdir()
            for name, data in earlier.items():
                (folder / name).write_bytes(data)
            code, seen = make(number)
            after_kill = digests(folder)
            next_code, _ = make(None)
            attempts.append(
                {
                    "event": seen[-1],
                    "number": number,
                    "exit": code,
                    "earlier": bool(earlier),
                    "after_kill": after_kill,
                    "next_exit": next_code,
                    "after_next": digests(folder),
                }
            )
    print(json.dumps({"attempts": attempts, "whole": digests(folder)}))


def points(events: list[str]) -> list[int]:
    """Every fsync and rename, the first and last write, and as many seeded writes as make 20."""
    writes = [number for number, name in enumerate(events, 1) if "write" in name]
    chosen = {number for number in range(1, len(events) + 1) if number not in writes}
    chosen |= {writes[0], writes[-1]}
    rest = sorted(set(writes) - chosen)
    return sorted(chosen | set(random.Random(SEED).sample(rest, POINTS - len(chosen))))


def digests(folder: Path) -> dict[str, str]:
    return {path.name: file_io.sha256_of(path) for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def rehearsed(tiny: TinyStorage, tmp_path_factory) -> dict:
    root = tmp_path_factory.mktemp("interrupted")
    model = tiny.deployment.catalog.model("meta_mtp").folder
    shutil.copytree(tiny.path(model), root / "storage/models_v2" / model)
    shutil.copy(tiny.deployment.store.lock, root / "storage")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, str(root)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_the_points_lie_in_every_part_of_the_work(rehearsed):
    attempts = rehearsed["attempts"]
    assert len({attempt["number"] for attempt in attempts}) == POINTS
    assert {attempt["exit"] for attempt in attempts} == {-signal.SIGKILL}
    assert {"write", "fsync", "replace"} <= {attempt["event"] for attempt in attempts}
    left = [frozenset(attempt["after_kill"]) - {WEIGHTS, SUMS} for attempt in attempts]
    assert any(left), "no attempt left a temporary: the sweep was not tested"
    fresh = [set(a["after_kill"]) & {WEIGHTS, SUMS} for a in attempts if not a["earlier"]]
    assert set() in fresh and {WEIGHTS} in fresh and {WEIGHTS, SUMS} in fresh


def test_a_final_name_holds_a_whole_file_or_nothing_new(rehearsed, tmp_path):
    whole = rehearsed["whole"]
    assert whole.keys() == {WEIGHTS, SUMS}
    before = {}
    for name, data in EARLIER.items():
        (tmp_path / name).write_bytes(data)
        before[name] = file_io.sha256_of(tmp_path / name)
    for attempt in rehearsed["attempts"]:
        for name in (WEIGHTS, SUMS):
            old = before[name] if attempt["earlier"] else None
            assert attempt["after_kill"].get(name) in (old, whole[name]), attempt


def test_a_folder_with_its_sha256sums_is_whole(rehearsed):
    for attempt in rehearsed["attempts"]:
        found = attempt["after_kill"]
        if found.get(SUMS) == rehearsed["whole"][SUMS]:
            assert found[WEIGHTS] == rehearsed["whole"][WEIGHTS], attempt


def test_the_next_run_succeeds_and_sweeps_the_rest(rehearsed):
    for attempt in rehearsed["attempts"]:
        assert attempt["next_exit"] == 0
        assert attempt["after_next"] == rehearsed["whole"], attempt
