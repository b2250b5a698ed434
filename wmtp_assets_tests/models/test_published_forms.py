"""Checkpoints in other dtypes and forms than inferred: converted, and every check passes.

One storage holds them all: Meta's in bfloat16, saved by a trainer, with buffers; Sheared-LLaMA
with three dtypes in its shards; the reward model in float16.
"""

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.models.checkpoint.rotary import rotary_of
from wmtp_assets.models.checks import MODEL_CHECKS
from wmtp_assets.models.meta_model import META
from wmtp_assets.models.safetensors.header import read_header
from wmtp_assets.models.safetensors.plan import kept_dtype
from wmtp_assets_tests.catalogs import with_rows
from wmtp_assets_tests.models.test_rotary import frequencies, turns
from wmtp_assets_tests.models.tiny import TinyStorage, damaged, tiny_catalog

PLAIN = tiny_catalog()
CATALOG = with_rows(
    PLAIN,
    dataclasses.replace(PLAIN.model("meta_mtp"), wrapped_in="model", key_prefix="module."),
)
MIXED = (torch.float32, torch.bfloat16, torch.float16)


def change(path: Path, dtype_of, wrap=lambda state: state) -> int:
    """Save a checkpoint anew in other dtypes and another form; returns the bytes of its tensors."""
    state = torch.load(path, weights_only=True)
    cast = {
        name: tensor.to(dtype_of(number, name))
        for number, (name, tensor) in enumerate(state.items())
    }
    torch.save(wrap(cast), path)
    return sum(tensor.nbytes for tensor in cast.values())


def of_a_trainer(state: dict) -> dict:
    rotary = rotary_of(META, CATALOG.model("meta_mtp").geometry)
    buffers = {"rope.freqs": frequencies(rotary).bfloat16(), "freqs_cis": turns(rotary, 64)}
    tensors = {f"module.{name}": tensor for name, tensor in (state | buffers).items()}
    return {"model": tensors, "optimizer": {"state": {0: {"exp_avg": torch.ones(3)}}}, "step": 9}


def published(mirror: MirrorSource) -> None:
    meta = mirror.root / CATALOG.model("meta_mtp").repo.id / CATALOG.model("meta_mtp").checkpoint
    change(meta, lambda number, name: torch.bfloat16, of_a_trainer)
    index = (
        mirror.root / CATALOG.model("ref_sheared").repo.id / CATALOG.model("ref_sheared").checkpoint
    )
    stated = json.loads(index.read_bytes())
    shards = [index.with_name(name) for name in sorted(set(stated["weight_map"].values()))]
    total = sum(change(shard, lambda number, name: MIXED[number % 3]) for shard in shards)
    index.write_text(json.dumps({**stated, "metadata": {"total_size": total}}))
    starling = (
        mirror.root / CATALOG.model("starling_rm").repo.id / CATALOG.model("starling_rm").checkpoint
    )
    torch.serialization.set_crc32_options(False)
    try:
        change(starling, lambda number, name: torch.float16)
    finally:
        torch.serialization.set_crc32_options(True)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> TinyStorage:
    return TinyStorage(tmp_path_factory.mktemp("forms"), CATALOG, published, micro=())


@pytest.mark.parametrize("key", MODEL_CHECKS)
def test_every_check_of_the_models_passes(stored: TinyStorage, key: str):
    checks = [check for group in MODEL_CHECKS[key] for check in group.propositions]
    failed = {c: f.summary for c in checks if not (f := stored.healthy(key, c)).passed}
    assert failed == {}


def test_the_record_tells_dtypes_form_and_what_was_left_out(stored: TinyStorage):
    made = {key: stored.state(f"{key}/safetensors").metadata for key in ("meta_mtp", "ref_sheared")}
    told = made["meta_mtp"]
    assert told["source_dtypes"].keys() == {"bfloat16"}
    assert (told["wrapped_in"], told["key_prefix"]) == ("model", "module.")
    assert list(told["left_out_beside_the_tensors"]) == ["optimizer", "step"]
    assert told["dropped"].keys() == {"rope.freqs", "freqs_cis"}
    assert made["ref_sheared"]["source_dtypes"].keys() == {"bfloat16", "float16", "float32"}
    assert (
        made["ref_sheared"]["dropped_tensors"]
        == CATALOG.model("ref_sheared").geometry["num_hidden_layers"]
    )
    assert set(read_header(stored.path("meta-llama-mtp/safetensors/model.safetensors")).dtypes) == {
        "float16"
    }


def test_the_record_names_files_that_were_published_without_crcs(stored: TinyStorage):
    named = [
        list(stored.state(f"{key}/safetensors").metadata["files_without_crc"])
        for key in ("meta_mtp", "ref_sheared", "starling_rm")
    ]
    assert named == [[], [], [CATALOG.model("starling_rm").checkpoint]]


def test_the_reward_model_keeps_the_dtype_that_it_has_and_its_config_says_so(stored: TinyStorage):
    config = json.loads(stored.path("starling-rm-7b/configs/config.json").read_bytes())
    metadata = json.loads(stored.path("starling-rm-7b/metadata.json").read_bytes())
    assert config["dtype"] == config["torch_dtype"] == metadata["dtype"] == "float16"


def test_it_says_so_from_the_stored_file_once_the_raw_one_was_removed(stored: TinyStorage):
    model = CATALOG.model("starling_rm")
    folder = stored.deployment.store.model(model.folder)
    with damaged(folder.raw / model.checkpoint, lambda data: None):
        assert kept_dtype(model, model.geometry, folder) == "float16"


def test_the_proof_compares_with_the_published_names(stored: TinyStorage):
    raw = stored.path("meta-llama-mtp/raw") / CATALOG.model("meta_mtp").checkpoint
    state = torch.load(raw, weights_only=True)
    state["model"]["module.norm.weight"][0] += 0.25
    with damaged(raw, lambda data: data):
        torch.save(state, raw)
        finding = stored.judged("meta_mtp/safetensors", "tensors_equal_source")
    assert not finding.passed and "norm.weight value 0 is" in str(finding.evidence)
