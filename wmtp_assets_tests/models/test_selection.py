"""Which tensors are stored, and what is dropped with a reason."""

from collections.abc import Mapping

import pytest
import torch

from wmtp_assets.errors import BadInput
from wmtp_assets.models.checkpoint.selection import (
    Dropped,
    dropped_rules,
    require_equal_duplicates,
    select_tensors,
)
from wmtp_assets.models.checkpoint.tensors import TensorAt, row_major
from wmtp_assets.models.checkpoint.torch_zip import index_checkpoint
from wmtp_assets.models.llama import LLAMA
from wmtp_assets.models.strict_json import read_object
from wmtp_assets.models.tensor_shapes import llama_shapes

TWINS = (Dropped("copy.*", "a second copy", twin_of=("copy.", "model.")),)


# Heads of 8 in every form of settings.
SETTINGS = {"dim": 16, "n_heads": 2, "hidden_size": 16, "num_attention_heads": 2}
INV_FREQ = "l.rotary_emb.inv_freq"


def checkpoint(tmp_path, state) -> Mapping[str, TensorAt]:
    torch.save(state, tmp_path / "a.pth")
    return index_checkpoint(tmp_path / "a.pth").tensors


def test_missing_extra_and_wrong_shapes_are_one_error(tmp_path):
    state = {"a": torch.ones(2), "b": torch.ones(3), "x": torch.ones(1)}
    with pytest.raises(BadInput) as refused:
        select_tensors(checkpoint(tmp_path, state), {"a": (2,), "b": (4,), "c": (5,)}, ())
    assert refused.value.culprits == [
        "missing c [5]",
        "unexpected x [1]",
        "b: expected [4], found [3]",
    ]


def test_dropped_tensors_have_a_reason_and_the_others_keep_the_order_of_the_file(tmp_path):
    state = {"z": torch.ones(2), INV_FREQ: torch.ones(4), "a": torch.ones(1)}
    rules = dropped_rules(LLAMA, SETTINGS)
    chosen = select_tensors(checkpoint(tmp_path, state), {"a": (1,), "z": (2,)}, rules)
    assert [tensor.name for tensor in chosen.kept] == ["z", "a"]
    assert list(chosen.dropped) == [INV_FREQ]
    assert "not a weight" in chosen.dropped[INV_FREQ]


def test_no_rule_drops_a_tensor_of_the_architecture(tmp_path):
    tensors = checkpoint(tmp_path, {INV_FREQ: torch.ones(4)})
    chosen = select_tensors(tensors, {INV_FREQ: (4,)}, dropped_rules(LLAMA, SETTINGS))
    assert len(chosen.kept) == 1 and not chosen.dropped


@pytest.mark.parametrize("copy", [torch.arange(6.0), torch.arange(12.0)[::2] / 2])
def test_a_second_copy_with_equal_bits_is_dropped(tmp_path, copy):
    state = {"model.a": torch.arange(6.0), "copy.a": copy}
    chosen = select_tensors(checkpoint(tmp_path, state), {"model.a": (6,)}, TWINS)
    require_equal_duplicates(chosen)
    assert list(chosen.dropped) == ["copy.a"]


def test_a_copy_that_shares_the_storage_is_dropped(tmp_path):
    one = torch.arange(6.0)
    chosen = select_tensors(
        checkpoint(tmp_path, {"model.a": one, "copy.a": one}), {"model.a": (6,)}, TWINS
    )
    require_equal_duplicates(chosen)


@pytest.mark.parametrize("value", [float("nan"), -0.0])
def test_a_second_copy_with_other_bits_is_named(tmp_path, value):
    one, other = torch.zeros(6), torch.zeros(6)
    other[3] = value
    state = {"model.a": one, "copy.a": other, "model.b": one, "copy.b": one.clone()}
    chosen = select_tensors(checkpoint(tmp_path, state), {"model.a": (6,), "model.b": (6,)}, TWINS)
    with pytest.raises(BadInput) as refused:
        require_equal_duplicates(chosen)
    assert refused.value.culprits == ["copy.a differs from model.a"]


@pytest.mark.parametrize("copy", [torch.ones(5), torch.ones(6, dtype=torch.float64)])
def test_a_second_copy_of_another_kind_is_named(tmp_path, copy):
    state = {"model.a": torch.ones(6), "copy.a": copy}
    with pytest.raises(BadInput, match=r"copy\.a repeats no tensor"):
        select_tensors(checkpoint(tmp_path, state), {"model.a": (6,)}, TWINS)


def test_the_real_index_is_the_architecture_and_the_dropped_buffers(upstream, tmp_path):
    folder = upstream / "ref-sheared-llama-2.7b"
    shapes = llama_shapes(read_object(folder / "config.json"))
    names = read_object(folder / "pytorch_model.bin.index.json")["weight_map"]
    tensors = {}
    for name in names:
        shape = shapes.get(name, (64,))
        tensors[name] = TensorAt(name, tmp_path / "a", "float32", shape, row_major(shape), 0)
    config = read_object(folder / "config.json")
    chosen = select_tensors(tensors, shapes, dropped_rules(LLAMA, config))
    assert (len(chosen.kept), len(chosen.dropped)) == (291, 32)
