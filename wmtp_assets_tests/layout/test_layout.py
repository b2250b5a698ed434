"""The folder skeleton, and clearing it."""

import os
import shutil
import time
from importlib.metadata import version
from pathlib import Path

import pytest

from wmtp_assets.checking.check_group import AssetState
from wmtp_assets.deployment import Deployment
from wmtp_assets.errors import BadInput
from wmtp_assets.files.temporaries import SILENT_SECONDS, new_file
from wmtp_assets.files.walking import remove_tree
from wmtp_assets.hub.partial import DownloadPaths
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.layout import checks
from wmtp_assets.layout.assets import layout_digest, storage_layout
from wmtp_assets.layout.reset import clear, plan_clearing
from wmtp_assets.layout.skeleton import SKELETON
from wmtp_assets.published import PUBLISHED
from wmtp_assets.store import Store
from wmtp_assets_tests.leftovers import folder_left_behind, left_behind
from wmtp_assets_tests.test_walking import nested

SEEN = AssetState({}, {}, {})


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    store = Store(tmp_path / "s", tmp_path / "docs")
    deployment = Deployment(PUBLISHED, MirrorSource(tmp_path), store)
    storage_layout(deployment)
    return deployment


def test_the_skeleton_is_that_of_the_plan():
    assert "models_v2/micro-mtp/raw" in SKELETON
    assert "datasets_v2/humaneval/stats" in SKELETON
    assert "datasets_local_small/mbpp_small" in SKELETON


def test_making_the_layout_touches_no_file(deployment: Deployment):
    kept = deployment.store.root / SKELETON[0] / "kept"
    kept.write_text("mine")
    storage_layout(deployment)
    assert kept.read_text() == "mine"
    assert not list(deployment.store.root.rglob("SHA256SUMS"))


def test_a_missing_folder_fails_and_changes_the_digest(deployment: Deployment):
    finding = checks._folders_exist(deployment, SEEN)["folders_match_v2_layout"]
    before = layout_digest(deployment.store)
    assert finding.passed
    (deployment.store.root / SKELETON[3]).rmdir()
    finding = checks._folders_exist(deployment, SEEN)["folders_match_v2_layout"]
    assert not finding.passed and SKELETON[3] in finding.summary
    assert layout_digest(deployment.store) != before


def test_a_linked_folder_fails(deployment: Deployment, tmp_path: Path):
    folder = deployment.store.root / SKELETON[3]
    folder.rmdir()
    folder.symlink_to(tmp_path)
    finding = checks._folders_exist(deployment, SEEN)["folders_match_v2_layout"]
    assert not finding.passed and "is a link" in finding.summary


def test_old_folders_and_abandoned_temporaries_are_named(deployment: Deployment):
    name = "no_leftovers_of_older_layouts"
    running = new_file(deployment.store.root / SKELETON[0] / "a")
    running.path.write_bytes(bytes(13_500))
    assert checks._no_leftovers(deployment, SEEN)[name].passed
    (deployment.store.root / "models").mkdir()
    running.release()
    finding = checks._no_leftovers(deployment, SEEN)[name]
    assert "models/ of the old layout" in finding.summary
    assert f"{running.path.name}, 13,500 bytes" in finding.summary


def test_a_download_of_what_is_there_is_a_leftover_and_one_to_continue_is_not(
    deployment: Deployment,
):
    name = "no_leftovers_of_older_layouts"
    raw = deployment.store.root / SKELETON[0]
    unfinished = DownloadPaths(raw, "deep/a.dat").new("e")
    unfinished.path.write_bytes(bytes(1_000))
    unfinished.held.release()
    assert checks._no_leftovers(deployment, SEEN)[name].passed
    (raw / "deep").mkdir()
    (raw / "deep" / "a.dat").write_bytes(b"whole")
    assert ".partial, 1,000 bytes" in checks._no_leftovers(deployment, SEEN)[name].summary


def test_what_training_leaves_beside_the_layout_is_no_leftover_and_is_not_swept(
    deployment: Deployment,
):
    root = deployment.store.root
    for folder in (root / "checkpoints", root / "models_v2"):
        (folder / "run1").mkdir(parents=True)
        (folder / "run1" / ".x.pt.tmp").write_bytes(b"of another program")
        os.utime(folder / "run1" / ".x.pt.tmp", (0, time.time() - 2 * SILENT_SECONDS))
    dead = left_behind(root / "checkpoints" / "x.pt")
    nested(root / "outputs", ["n" * 255] * 100)
    try:
        storage_layout(deployment)
        finding = checks._no_leftovers(deployment, SEEN)["no_leftovers_of_older_layouts"]
    finally:
        remove_tree(root / "outputs")
    assert dead.exists()
    assert "models_v2/run1/.x.pt.tmp" in finding.summary and "checkpoints" not in finding.summary


def test_materializing_the_layout_sweeps_what_nobody_works_on(deployment: Deployment):
    folder = deployment.store.root / SKELETON[0]
    dead, parts = left_behind(folder / "a"), folder_left_behind(folder / "b")
    (parts / "0000").write_bytes(b"a part")
    running = new_file(folder / "a")
    storage_layout(deployment)
    assert not dead.exists() and not parts.exists() and running.path.exists()


def test_a_folder_of_parts_is_named_when_it_is_abandoned_and_cleared(deployment: Deployment):
    name = "no_leftovers_of_older_layouts"
    folder = deployment.store.dataset("mbpp").processed / ".t.elsewhere.12.0123456789abcdef.tmp"
    folder.mkdir()
    (folder / "0000").write_text("a part")
    assert checks._no_leftovers(deployment, SEEN)[name].passed
    os.utime(folder / "0000", (0, time.time() - 2 * SILENT_SECONDS))
    os.utime(folder, (0, time.time() - 2 * SILENT_SECONDS))
    finding = checks._no_leftovers(deployment, SEEN)[name]
    assert not finding.passed and finding.summary.count(folder.name) == 1
    clearing = plan_clearing(deployment.store)
    assert clearing.files == (folder / "0000",)
    clear(deployment.store, clearing)
    assert not folder.exists()


def test_a_temporary_that_is_gone_meanwhile_is_not_abandoned(deployment: Deployment):
    (deployment.store.root / ".a.host.1.00.tmp").symlink_to("nowhere")
    assert checks._no_leftovers(deployment, SEEN)["no_leftovers_of_older_layouts"].passed


def test_the_environment_of_the_tests_is_supported_and_another_torch_is_not(
    deployment, monkeypatch
):
    name = "environment_is_supported"
    assert checks._environment(deployment, SEEN)[name].passed, checks._environment(
        deployment, SEEN
    )[name]
    needed = [f"torch=={version('torch').split('+')[0]}", "numpy", 'pytest==1; extra == "dev"']
    monkeypatch.setattr(checks, "requires", lambda name: needed)
    assert checks._environment(deployment, SEEN)[name].passed
    needed[0] = "torch==1.0.0"
    finding = checks._environment(deployment, SEEN)[name]
    assert not finding.passed and "needed is ==1.0.0" in finding.summary


def test_a_file_that_appears_while_clearing_stays(deployment: Deployment, monkeypatch):
    top = deployment.store.root / "models"
    top.mkdir()
    seen_empty = iter([iter(())])
    late = top / "late.bin"

    def iterdir(folder, listed=Path.iterdir):
        if folder == top:
            late.write_text("written after the look")
            return next(seen_empty)
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    with pytest.raises(OSError, match="not empty"):
        clear(deployment.store, plan_clearing(deployment.store))
    assert late.exists()


def test_clearing_lists_first_and_spares_downloads_in_flight(deployment: Deployment):
    root = deployment.store.root
    spared = [
        root / "models_v2/meta-llama-mtp/raw/7B_1T_4/consolidated.pth",
        root / "datasets_v2/mbpp/raw/.cache/huggingface/part",
        root / "sources.lock.json",
        root / "signoff/decision.json",
    ]
    removed = [root / "models/old.bin", root / "datasets_v2/mbpp/processed/train.jsonl"]
    for path in spared + removed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    clearing = plan_clearing(deployment.store)
    assert sorted(clearing.files) == sorted(removed)
    assert all(path.exists() for path in spared + removed)
    clear(deployment.store, clearing)
    assert all(path.exists() for path in spared)
    assert not any(path.exists() for path in removed)
    assert not (root / "models").exists()


CHECKPOINT = "models_v2/meta-llama-mtp/raw/7B_1T_4/consolidated.pth"


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("models", "models_v2"),  # as later training code wants it
        ("datasets/again", "../models_v2"),
        ("datasets_v2/meta", "../models_v2/meta-llama-mtp"),
        ("models_v2/meta", "meta-llama-mtp/raw"),
        ("datasets_v2/outside", "../../outside"),
        ("datasets_v2/nowhere", "not-there"),
        ("datasets_v2/round", "."),
    ],
)
def test_a_link_is_removed_and_nothing_behind_it(deployment: Deployment, link: str, target: str):
    root = deployment.store.root
    kept = [root / CHECKPOINT, root.parent / "outside/of/it.bin"]
    for path in [*kept, root / "datasets_v2/mbpp/raw/a.parquet"]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (root / link).parent.mkdir(exist_ok=True)
    (root / link).symlink_to(target)
    clearing = plan_clearing(deployment.store)
    assert sorted(clearing.files) == sorted([root / link, root / "datasets_v2/mbpp/raw/a.parquet"])
    clear(deployment.store, clearing)
    assert all(path.read_text() == "x" for path in kept)
    assert not (root / link).is_symlink()
    assert not (root / "datasets_v2").exists()


def test_a_folder_that_became_a_link_since_the_look_is_not_entered(deployment: Deployment):
    root = deployment.store.root
    folder = root / "datasets_v2/mbpp/raw"
    (folder / "a.parquet").write_text("x")
    clearing = plan_clearing(deployment.store)
    folder.rename(root / "elsewhere")
    folder.symlink_to(root / "elsewhere")
    clear(deployment.store, clearing)
    assert (root / "elsewhere/a.parquet").exists()


def test_the_checkpoint_is_spared_by_its_real_place_too(deployment: Deployment):
    """The whole layout lies on another disk, by links of its folders."""
    root = deployment.store.root
    big = root.parent / "big"
    (big / "raw/7B_1T_4").mkdir(parents=True)
    (big / "raw/7B_1T_4/consolidated.pth").write_text("x")
    shutil.rmtree(root / "models_v2/meta-llama-mtp")
    (root / "models_v2/meta-llama-mtp").symlink_to(big)
    clearing = plan_clearing(deployment.store)
    assert clearing.files == (root / "models_v2/meta-llama-mtp",)
    clear(deployment.store, clearing)
    assert (big / "raw/7B_1T_4/consolidated.pth").exists()


def test_folders_nested_without_end_are_named_and_nothing_is_removed(deployment: Deployment):
    root = deployment.store.root
    kept = root / "datasets_v2/mbpp/raw/a.parquet"
    kept.write_text("x")
    nested(root / "models_v2/m", ["n" * 255] * 100)
    try:
        for look in (
            lambda: plan_clearing(deployment.store),
            lambda: checks._no_leftovers(deployment, SEEN),
        ):
            with pytest.raises(BadInput, match=r"nested deeper than in any layout.*models_v2"):
                look()
        assert kept.exists()
    finally:
        remove_tree(root / "models_v2/m")
