"""The sample's model repositories: published layout, float32, the same bytes every time."""

import json
from pathlib import Path

import pytest
import torch

from wmtp_assets.files import file_io
from wmtp_assets.models.configs import PARAMS_KEYS
from wmtp_assets.sample import checkpoints
from wmtp_assets.sample.catalog import SAMPLE
from wmtp_assets.source import Listing, RemoteFile, select
from wmtp_assets_tests.models.tiny import tiny_catalog, write_mirror

TINY = tiny_catalog()
MODELS = {model.folder: model for model in TINY.models}


@pytest.fixture(scope="module")
def mirror(tmp_path_factory) -> Path:
    return write_mirror(tmp_path_factory.mktemp("one"), TINY).root


def files(folder: Path) -> dict[str, Path]:
    return {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("folder", MODELS)
def test_the_files_are_those_of_the_catalog(mirror, folder):
    model = MODELS[folder]
    there = files(mirror / model.repo.id)
    listing = Listing(model.repo.id, "c", tuple(RemoteFile(n, 1) for n in there))
    chosen = {file.path for file in select(listing, model.raw)}
    assert there.keys() - chosen <= {"tokenizer.model"}


def test_a_second_write_gives_the_same_bytes(mirror, tmp_path):
    again = write_mirror(tmp_path, TINY).root
    one, two = files(mirror), files(again)
    assert one.keys() == two.keys()
    assert [n for n in one if file_io.sha256_of(one[n]) != file_io.sha256_of(two[n])] == []


def test_the_tokenizer_is_that_of_the_catalog(mirror):
    for model in (TINY.model("meta_mtp"), TINY.model("ref_sheared")):
        path = mirror / model.repo.id / "tokenizer.model"
        assert file_io.sha256_of(path) == SAMPLE.tokenizer_sha256


def test_meta_is_float32_with_metas_names(mirror):
    folder = mirror / TINY.model("meta_mtp").repo.id / "7B_1T_4"
    state = torch.load(folder / "consolidated.pth", weights_only=True)
    assert {tensor.dtype for tensor in state.values()} == {torch.float32}
    assert "extra_heads.2.attention.wq.weight" in state and "output.weight" in state
    params = json.loads((folder / "params.json").read_text())
    assert params.keys() <= PARAMS_KEYS


def test_the_reference_has_two_shards_with_buffers_beside_the_weights(mirror):
    folder = mirror / TINY.model("ref_sheared").repo.id
    weight_map = json.loads((folder / "pytorch_model.bin.index.json").read_text())["weight_map"]
    second = {n for n, shard in weight_map.items() if shard == checkpoints.SHARDS[1]}
    assert {"lm_head.weight", "model.norm.weight"} <= second
    buffers = [n for n in weight_map if n.endswith(".rotary_emb.inv_freq")]
    assert len(buffers) == TINY.model("ref_sheared").geometry["num_hidden_layers"]
    state = torch.load(folder / checkpoints.SHARDS[0], weights_only=True)
    assert state[buffers[0]].dtype == torch.float32


def test_starling_holds_its_trunk_twice_in_bfloat16(mirror):
    folder = mirror / TINY.model("starling_rm").repo.id
    state = torch.load(folder / "pytorch_model.bin", weights_only=True)
    assert {tensor.dtype for tensor in state.values()} == {torch.bfloat16}
    twins = [name for name in state if name.startswith("transformer.")]
    assert len(twins) == sum(name.startswith("model.model.") for name in state)
    one = state["transformer.norm.weight"]
    other = state["model.model.norm.weight"]
    assert torch.equal(one, other)
    assert one.untyped_storage().data_ptr() != other.untyped_storage().data_ptr()
    assert state["v_head.weight"].shape == (1, TINY.model("starling_rm").geometry["hidden_size"])


@pytest.mark.parametrize("name", ["meta-llama-mtp", "ref-sheared-llama-2.7b", "starling-rm-7b"])
def test_configs_have_the_keys_of_the_real_ones(mirror, upstream, name):
    folder = mirror / MODELS[name].repo.id
    for real in (upstream / name).glob("*.json"):
        if real.name in ("tokenizer.json", "pytorch_model.bin.index.json"):
            continue
        [ours] = folder.rglob(real.name)
        assert json.loads(ours.read_text()).keys() == json.loads(real.read_text()).keys(), real.name
