"""Sharded checkpoints: merged by their index, nothing left over on either side."""

import json
from pathlib import Path

import pytest
import torch

from wmtp_assets.errors import BadInput
from wmtp_assets.models.checkpoint.shards import index_sharded, index_source, source_files
from wmtp_assets.models.strict_json import read_object

ONE, TWO = "m-00001-of-00002.bin", "m-00002-of-00002.bin"


@pytest.fixture
def index(tmp_path: Path) -> Path:
    torch.save({"a": torch.ones(2), "b": torch.ones(3)}, tmp_path / ONE)
    torch.save({"c": torch.ones(4)}, tmp_path / TWO)
    return written(tmp_path, {"a": ONE, "b": ONE, "c": TWO})


def written(folder: Path, weight_map: dict, total: int | None = 36) -> Path:
    path = folder / "m.bin.index.json"
    metadata = {} if total is None else {"total_size": total}
    path.write_text(json.dumps({"metadata": metadata, "weight_map": weight_map}))
    return path


def refusal(index: Path) -> str:
    with pytest.raises(BadInput) as refused:
        index_sharded(index)
    return str(refused.value)


def test_shards_are_merged_and_each_tensor_knows_its_file(index):
    merged = index_source(index)
    assert {name: at.file.name for name, at in merged.tensors.items()} == {
        "a": ONE,
        "b": ONE,
        "c": TWO,
    }
    assert [path.name for path in source_files(index)] == [ONE, TWO]


def test_a_missing_shard_and_a_stray_one_are_both_named(index):
    (index.parent / TWO).rename(index.parent / "stray.bin")
    text = refusal(index)
    assert f"{TWO} is in the index, not on disk" in text
    assert "stray.bin is on disk, not in the index" in text


def test_a_tensor_in_two_shards_is_named(index):
    torch.save({"c": torch.ones(4), "a": torch.ones(2)}, index.parent / TWO)
    assert "a is in 2 shards" in refusal(index)


def test_tensors_missing_extra_and_in_the_wrong_shard_are_named_at_once(index):
    torch.save({"a": torch.ones(2), "c": torch.ones(3)}, index.parent / ONE)
    torch.save({"d": torch.ones(4)}, index.parent / TWO)
    text = refusal(index)
    assert "b is in no shard" in text
    assert f"d of {TWO} is not in the index" in text
    assert f"c is in {ONE}, the index says {TWO}" in text


def test_another_total_size_is_named(index):
    assert "total_size 40 in the index, 36 bytes" in refusal(
        written(index.parent, {"a": ONE, "b": ONE, "c": TWO}, 40)
    )
    assert index_sharded(written(index.parent, {"a": ONE, "b": ONE, "c": TWO}, None)).tensors


@pytest.mark.parametrize("name", ["../m.bin", "/m.bin", "sub/m.bin", "", 3, "a\\b.bin"])
def test_an_index_that_leaves_its_folder_is_refused(index, name):
    assert "outside its folder" in refusal(written(index.parent, {"a": name}))


def test_a_name_that_comes_twice_in_the_index_is_refused(index):
    index.write_text('{"weight_map": {"a": "x.bin", "a": "y.bin"}}')
    assert "names that come twice: 'a'" in refusal(index)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"weight_map": []}', "{"])
def test_an_index_that_is_none_is_refused(index, text):
    index.write_text(text)
    assert index.name in refusal(index)


def test_a_wrapped_shard_is_refused(index):
    torch.save({"model": {"c": torch.ones(4)}}, index.parent / TWO)
    assert f"{TWO} is wrapped in 'model'" in refusal(index)


def test_the_real_index_has_32_buffers_beside_the_weights(upstream):
    weight_map = read_object(upstream / "ref-sheared-llama-2.7b/pytorch_model.bin.index.json")[
        "weight_map"
    ]
    assert len(weight_map) == 323
    assert sum(name.endswith(".rotary_emb.inv_freq") for name in weight_map) == 32
