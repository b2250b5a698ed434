"""A storage hands on what it fetched: the mirror is proven, and read like any other source."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets.catalog import Files
from wmtp_assets.deployment import Deployment
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.hub.fetch import fetch_files
from wmtp_assets.hub.lock import locked_repo, read_lock
from wmtp_assets.hub.mirror import require_own_folder, write_mirror
from wmtp_assets.hub.sources import LISTING_NAME, MirrorSource
from wmtp_assets.published import PUBLISHED
from wmtp_assets.raw.jobs import mirror_job, mirrored_repos
from wmtp_assets.store import Store
from wmtp_assets_tests.catalogs import with_rows
from wmtp_assets_tests.hub.world import World, write_repo

A = "a" * 40
MODEL = replace(
    PUBLISHED.model("meta_mtp"),
    repo=replace(PUBLISHED.model("meta_mtp").repo, pins={}),
    raw=(Files("7B/weights.dat"), Files("tokenizer.json")),
)
CATALOG = with_rows(PUBLISHED, MODEL)
FILES = {"7B/weights.dat": b"w" * 1000, "tokenizer.json": b"{}", "tokenizer.model": b"pieces"}


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    """A storage of one model: raw files, and a tokenizer in a folder of its own."""
    write_repo(tmp_path / "upstream", MODEL.repo, FILES, A)
    here = Store(tmp_path / "storage", tmp_path / "docs")
    deployment = Deployment(CATALOG, MirrorSource(tmp_path / "upstream"), here)
    folder = here.model(MODEL.folder)
    fetch_files(deployment.source, MODEL.repo, MODEL.raw, folder.raw, here.lock)
    beside = (Files("tokenizer.model"),)
    fetch_files(deployment.source, MODEL.repo, beside, folder.tokenizer, here.lock)
    # Derived, and of the same name as a published one.
    file_io.write_bytes(folder.tokenizer / "tokenizer.json", b"[]")
    return deployment


def test_what_is_fetched_from_the_mirror_has_equal_digests(deployment, tmp_path):
    mirror = tmp_path / "mirror"
    done = write_mirror(mirror, mirrored_repos(deployment))
    assert (done.kept, done.linked, done.copied, done.size_bytes) == (0, 3, 0, 1008)
    lock = tmp_path / "other.json"
    wanted = (*MODEL.raw, Files("tokenizer.model"))
    fetch_files(MirrorSource(mirror), MODEL.repo, wanted, tmp_path / "other", lock)
    assert read_lock(lock) == read_lock(deployment.store.lock)


def test_files_are_hard_links_where_they_can_be_and_copies_elsewhere(
    deployment, tmp_path, monkeypatch
):
    raw = deployment.store.model(MODEL.folder).raw / "7B" / "weights.dat"
    write_mirror(tmp_path / "linked", mirrored_repos(deployment))
    assert (tmp_path / "linked" / MODEL.repo.id / "7B" / "weights.dat").samefile(raw)

    def no_links(*args, **kwargs):
        raise OSError("another file system")

    monkeypatch.setattr(os, "link", no_links)
    assert write_mirror(tmp_path / "copied", mirrored_repos(deployment)).copied == 3
    copy = tmp_path / "copied" / MODEL.repo.id / "7B" / "weights.dat"
    assert copy.read_bytes() == raw.read_bytes() and not copy.samefile(raw)


def test_a_second_time_everything_is_kept_and_other_repositories_stay(deployment, tmp_path):
    mirror = tmp_path / "mirror"
    write_repo(mirror, PUBLISHED.dataset("mbpp").repo, {"x": b"x"}, A)
    write_mirror(mirror, mirrored_repos(deployment))
    assert write_mirror(mirror, mirrored_repos(deployment)).kept == 3
    listing = json.loads((mirror / LISTING_NAME).read_text())
    assert set(listing) == {PUBLISHED.dataset("mbpp").repo.id, MODEL.repo.id}


def test_a_damaged_file_in_the_mirror_is_replaced(deployment, tmp_path):
    mirror = tmp_path / "mirror"
    write_mirror(mirror, mirrored_repos(deployment))
    damaged = mirror / MODEL.repo.id / "tokenizer.model"
    damaged.unlink()
    damaged.write_bytes(b"seceip")
    assert write_mirror(mirror, mirrored_repos(deployment)).linked == 1
    assert damaged.read_bytes() == b"pieces"


def test_a_damaged_storage_is_named_with_both_digests_and_spreads_nothing(deployment, tmp_path):
    raw = deployment.store.model(MODEL.folder).raw / "7B" / "weights.dat"
    raw.write_bytes(b"v" * 1000)
    with pytest.raises(BadInput, match=r"weights.dat: sha256 \w{64}, locked \w{64}"):
        write_mirror(tmp_path / "mirror", mirrored_repos(deployment))
    folder = tmp_path / "mirror" / MODEL.repo.id
    assert not (tmp_path / "mirror" / LISTING_NAME).exists()
    assert sorted(p.name for p in folder.rglob("*") if p.is_file()) == [
        "tokenizer.json",
        "tokenizer.model",
    ]


def test_files_that_are_not_on_disk_are_named_before_the_first_byte(deployment):
    shutil.rmtree(deployment.store.model(MODEL.folder).tokenizer)
    (deployment.store.model(MODEL.folder).raw / "tokenizer.json").write_bytes(b"{ }")
    culprits = f"{MODEL.repo.id}/tokenizer.json; {MODEL.repo.id}/tokenizer.model"
    with pytest.raises(BadInput, match=culprits):
        mirrored_repos(deployment)


def test_an_empty_storage_has_nothing_to_mirror(tmp_path):
    deployment = Deployment(CATALOG, MirrorSource(tmp_path), Store(tmp_path / "s", tmp_path / "d"))
    with pytest.raises(BadInput, match="nothing to mirror"):
        mirrored_repos(deployment)


def test_a_lock_with_fewer_files_than_the_catalog_is_named(deployment):
    entry = locked_repo(deployment.store.lock, MODEL.repo)
    assert "7B/weights.dat" in entry.files
    lock = read_lock(deployment.store.lock)
    del lock["repos"][MODEL.repo.id]["files"]["7B/weights.dat"]
    file_io.write_json(deployment.store.lock, lock)
    with pytest.raises(BadInput, match=r"7B/weights\.dat matches 0 files"):
        mirrored_repos(deployment)


@pytest.mark.parametrize("place", ["relative", "{}", "{}/below", "{}/.."])
def test_a_folder_in_the_storage_or_around_it_is_refused(tmp_path, place):
    root = tmp_path / "storage"
    with pytest.raises(BadInput, match="apart from the storage"):
        require_own_folder(Path(place.format(root)), root)
    require_own_folder(tmp_path / "storage-mirror", root)


def test_a_disk_too_small_is_refused_before_the_first_byte(deployment, tmp_path, monkeypatch):
    tiny = shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: tiny)
    monkeypatch.setattr("wmtp_assets.hub.mirror._is_copied", lambda file, target: True)
    with pytest.raises(BadInput, match="1,008 bytes needed, 10 free"):
        write_mirror(tmp_path / "mirror", mirrored_repos(deployment))
    assert not (tmp_path / "mirror").exists()


def test_the_job_writes_a_mirror_that_another_storage_is_made_from(tmp_path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        world = World(tmp_path, instance, mirror_job)
        world.publish(b"rows", A)
        world.materialize()
        target = str(tmp_path / "travels")
        config = {"ops": {"write_mirror_folder": {"config": {"target": target}}}}
        assert world.run("write_mirror", run_config=config).success
        inside = {"ops": {"write_mirror_folder": {"config": {"target": str(world.storage)}}}}
        assert not world.run("write_mirror", run_config=inside).success
    wanted = world.catalog.dataset("humaneval").raw
    lock = tmp_path / "there" / "lock.json"
    fetch_files(MirrorSource(Path(target)), world.repo, wanted, tmp_path / "there", lock)
    assert read_lock(lock) == read_lock(world.lock)
