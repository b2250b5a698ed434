"""What is known once bytes are here: the checkpoint's line, and disk figures of real sizes."""

import json
from pathlib import Path

import pytest
import torch

from wmtp_assets.doctor.__main__ import job_lines
from wmtp_assets.doctor.lines import State
from wmtp_assets.doctor.plans import KnownSizes, disk_need, listed_bytes
from wmtp_assets.hub.lock import extend_lock
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.published import PUBLISHED
from wmtp_assets.settings import Settings
from wmtp_assets.source import Listing, RemoteFile
from wmtp_assets.store import Store
from wmtp_assets_tests.models.sparse import write_sparse

STARLING, MBPP = PUBLISHED.model("starling_rm"), PUBLISHED.dataset("mbpp")
SHEARED = {
    **{f"pytorch_model-0000{n}-of-00002.bin": 3_000_000_000 * n for n in (1, 2)},
    **{f.pattern: 1000 for f in PUBLISHED.model("ref_sheared").raw if "*" not in f.pattern},
}


def lock(store: Store, sizes: dict[str, int]) -> None:
    facts = {name: (size, "a" * 64) for name, size in sizes.items()}
    extend_lock(store.lock, PUBLISHED.model("ref_sheared").repo, "a" * 40, facts)


def test_locked_sizes_take_the_place_of_those_of_the_catalog(store: Store):
    lock(store, SHEARED)
    listed = listed_bytes(PUBLISHED, ["reference_model"], store)
    assert listed == {PUBLISHED.model("ref_sheared").repo.id: 9_000_007_000}
    need = disk_need(PUBLISHED, "reference_model", store, KnownSizes(listed))
    assert need.least == 9_000_007_000 + 2 * PUBLISHED.model("ref_sheared").parameters


def test_a_lock_of_some_files_or_a_damaged_one_says_nothing_of_sizes(store: Store):
    lock(store, {"tokenizer.model": 5})
    assert listed_bytes(PUBLISHED, ["reference_model"], store) == {}
    store.lock.write_text("{}")
    assert listed_bytes(PUBLISHED, ["reference_model"], store) == {}


def test_a_mirror_lists_sizes_until_the_lock_does(store: Store, tmp_path: Path):
    mirror = tmp_path / "mirror"
    folder = mirror / PUBLISHED.model("ref_sheared").repo.id
    for name in SHEARED:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12")
    found = listed_bytes(PUBLISHED, ["reference_model", "models"], store, MirrorSource(mirror))
    assert found == {PUBLISHED.model("ref_sheared").repo.id: 2 * len(SHEARED)}
    lock(store, SHEARED)
    found = listed_bytes(PUBLISHED, ["reference_model"], store, MirrorSource(mirror))
    assert found == {PUBLISHED.model("ref_sheared").repo.id: 9_000_007_000}


def test_a_listing_without_sizes_leaves_those_of_the_catalog(store: Store):
    class NoSizes(MirrorSource):
        def list_files(self, repo, revision):
            return Listing(repo.id, revision, tuple(RemoteFile(name, None) for name in SHEARED))

    assert listed_bytes(PUBLISHED, ["reference_model"], store, NoSizes(Path("/"))) == {}


def test_jsonl_beside_parquet_follows_the_listed_sizes_too(store: Store):
    need = disk_need(PUBLISHED, "datasets", store, KnownSizes({MBPP.repo.id: 1_000_000}))
    assert need.least - disk_need(PUBLISHED, "datasets", store).least == 3_000_000


def looked(store: Store, tmp_path: Path, job: str, mirror: Path | None = None) -> list[str]:
    """The lines of a job's disk and checkpoints, as the command prints them."""
    (tmp_path / "mirror").mkdir(exist_ok=True)
    settings = Settings(
        source="mirror",
        mirror_dir=mirror or tmp_path / "mirror",
        storage_root=store.root,
        docs_root=store.docs,
    )
    lines = job_lines(settings, [job])
    return [f"{x.state} {x.what}" for x in lines if x.what.startswith(("disk", "checkpoint"))]


def test_a_reward_model_in_float32_needs_the_disk_of_float32(store: Store, tmp_path: Path):
    shapes = STARLING.implementation.shapes(STARLING.geometry)
    twins = {
        name.replace("model.model.", "transformer.", 1): shape
        for name, shape in shapes.items()
        if name.startswith("model.model.")
    }
    source = store.model(STARLING.folder).raw / STARLING.checkpoint
    source.parent.mkdir(parents=True)
    write_sparse(source, shapes | twins, dtype=torch.float32)
    disk, line = looked(store, tmp_path, "reward_model")
    assert f"{4 * STARLING.parameters / 1e9:.1f} GB needed" in disk
    assert line == f"ok checkpoint of {STARLING.folder}: 292 tensors, float32; not stored: " + (
        "transformer.embed_tokens.weight and 289 more"
    )
    source.unlink()


@pytest.mark.parametrize("at", ["storage", "mirror"])
def test_a_checkpoint_that_would_be_refused_fails_with_its_tensors(
    store: Store, tmp_path: Path, at: str
):
    row, mirror = PUBLISHED.model("meta_mtp"), tmp_path / "mirror"
    home = store.model(row.folder).raw if at == "storage" else mirror / row.repo.id
    source = home / row.checkpoint
    source.parent.mkdir(parents=True)
    extra = {f"head.{n}.weight": (n, 4096) for n in range(1, 8)}
    write_sparse(source, row.implementation.shapes(row.geometry) | extra)
    [line] = [line for line in looked(store, tmp_path, "models", mirror) if "checkpoint" in line]
    assert line.startswith(f"{State.FAIL} checkpoint of {row.folder}: ")
    assert "unexpected head.1.weight [1, 4096]; " in line and line.endswith("; and 2 more")
    other = {**row.geometry, "rope_theta": 20000.0}
    source.with_name("params.json").write_text(json.dumps(other))
    [line] = [line for line in looked(store, tmp_path, "models", mirror) if "checkpoint" in line]
    assert "rope_theta: expected 10000.0, found 20000.0" in line
    source.unlink()


def test_what_is_no_checkpoint_and_what_is_not_here_yet(store: Store, tmp_path: Path):
    assert [x for x in looked(store, tmp_path, "models") if "checkpoint" in x] == []
    row = PUBLISHED.model("meta_mtp")
    source = store.model(row.folder).raw / row.checkpoint
    source.parent.mkdir(parents=True)
    source.write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    [line] = [x for x in looked(store, tmp_path, "models") if "checkpoint" in x]
    assert line.startswith("fail checkpoint of meta-llama-mtp: not a torch zip checkpoint")
