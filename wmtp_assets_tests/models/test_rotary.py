"""Buffers computed from rope_theta: dropped when they are right, an error when they are not."""

import dataclasses
import itertools
import math

import pytest
import torch

from wmtp_assets.errors import BadInput
from wmtp_assets.models.checkpoint.rotary import Rotary, rotary_of
from wmtp_assets.models.checkpoint.selection import dropped_rules
from wmtp_assets.models.llama import LLAMA
from wmtp_assets.models.safetensors.convert import convert
from wmtp_assets_tests.models.tiny import tiny_catalog

MODELS = {model.implementation.name: model for model in tiny_catalog().models}
NAMES = {
    "meta-mtp": "rope.freqs",
    "llama": "model.layers.0.self_attn.rotary_emb.inv_freq",
    "starling-reward-model": "model.model.layers.0.self_attn.rotary_emb.inv_freq",
}


def frequencies(rotary: Rotary) -> torch.Tensor:
    """As llama/model.py of Meta computes them, in float32."""
    steps = torch.arange(0, rotary.head_dim, 2)[: rotary.head_dim // 2].float()
    return 1.0 / (rotary.theta ** (steps / rotary.head_dim))


def turns(rotary: Rotary, positions: int) -> torch.Tensor:
    """As llama/model.py of Meta computes freqs_cis, complex64."""
    angles = torch.outer(torch.arange(positions).float(), frequencies(rotary))
    return torch.polar(torch.ones_like(angles), angles)


def converted(tmp_path, buffers, implementation: str = "meta-mtp", **settings):
    """Convert a checkpoint of a tiny model that holds these buffers too."""
    model = MODELS[implementation]
    stated = {**model.geometry, **settings}
    shapes = {
        name: shape for name, shape in model.implementation.shapes(stated).items() if "norm" in name
    }
    state = {name: torch.ones(shape) for name, shape in shapes.items()}
    torch.save(state | buffers, tmp_path / "a.pth")
    rules = dropped_rules(model.implementation, stated)
    return convert(tmp_path / "a.pth", tmp_path / "out" / "m.safetensors", shapes, dropped=rules)


def refusal(tmp_path, buffers, **settings) -> BadInput:
    with pytest.raises(BadInput) as refused:
        converted(tmp_path, buffers, **settings)
    assert not (tmp_path / "out").exists()
    return refused.value


META = rotary_of(MODELS["meta-mtp"].implementation, MODELS["meta-mtp"].geometry)
HALF = META.head_dim // 2


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("implementation", NAMES)
def test_right_frequencies_are_dropped_and_named_in_every_model_and_dtype(
    tmp_path, implementation: str, dtype: str
):
    rotary = rotary_of(MODELS[implementation].implementation, MODELS[implementation].geometry)
    buffer = frequencies(rotary).to(getattr(torch, dtype))
    done = converted(tmp_path, {NAMES[implementation]: buffer}, implementation)
    assert list(done.dropped) == [NAMES[implementation]]
    assert "values were found equal" in done.dropped[NAMES[implementation]]


HEADS = (2, 64, 80, 96, 100, 128, 256)


# The arithmetic is that of float32; another dtype rounds its results.
@pytest.mark.parametrize(
    ("head_dim", "theta", "dtype"),
    [
        *itertools.product(HEADS, [10000.0, 500000.0, 1e6], [torch.float32]),
        *itertools.product(HEADS, [500000.0], [torch.float16, torch.bfloat16]),
    ],
)
def test_what_float32_arithmetic_gives_is_equal_whatever_the_head(tmp_path, head_dim, theta, dtype):
    rotary = Rotary(theta, head_dim)
    buffers = {
        "rope.freqs": frequencies(rotary).to(dtype),
        "freqs_cis": torch.view_as_real(turns(rotary, 300)).to(dtype),
    }
    sizes = {"dim": 2 * head_dim, "n_heads": 2, "rope_theta": theta}
    assert len(converted(tmp_path, buffers, **sizes).dropped) == 2


@pytest.mark.parametrize("form", ["complex64", "complex128", "float32", "bfloat16"])
def test_turns_are_compared_as_complex_numbers_and_as_pairs(tmp_path, form: str):
    right = turns(META, 4096)
    wrong = right.clone()
    wrong[4095, 3] *= torch.polar(torch.tensor(1.0), torch.tensor(0.1))

    def stored(values: torch.Tensor) -> torch.Tensor:
        values = values if form.startswith("complex") else torch.view_as_real(values)
        return values.to(getattr(torch, form))

    assert list(converted(tmp_path, {"freqs_cis": stored(right)}).dropped) == ["freqs_cis"]
    (tmp_path / "out/m.safetensors").unlink()
    (tmp_path / "out").rmdir()
    [culprit] = refusal(tmp_path, {"freqs_cis": stored(wrong)}).culprits
    assert culprit.startswith(f"freqs_cis value {2 * (4095 * HALF + 3):,} is ")


def test_the_last_of_many_chunks_is_compared_too(tmp_path, monkeypatch):
    monkeypatch.setattr("wmtp_assets.models.checkpoint.tensors.CHUNK_ELEMENTS", 100)
    wrong = turns(META, 50)
    assert converted(tmp_path, {"freqs_cis": wrong}).dropped
    wrong[49, HALF - 1] = -1
    (tmp_path / "out/m.safetensors").unlink()
    (tmp_path / "out").rmdir()
    [culprit] = refusal(tmp_path, {"freqs_cis": wrong}).culprits
    assert culprit.startswith(f"freqs_cis value {2 * 50 * HALF - 2:,} is -1")


def test_turns_that_do_not_lie_in_row_major_order_are_compared_by_position(tmp_path):
    turned = turns(META, 50).t().contiguous().t()
    assert converted(tmp_path, {"freqs_cis": turned}).dropped


@pytest.mark.parametrize(
    "spoil",
    [
        lambda f: f * 1.001,
        lambda f: f.flip(0),
        lambda f: torch.zeros_like(f),
        lambda f: torch.where(torch.arange(len(f)) == 5, math.nan, f),
        lambda f: torch.where(torch.arange(len(f)) == 5, math.inf, f),
        lambda f: -f,
        lambda f: (f * 1.02).bfloat16(),
        lambda f: (f * 1.02).half(),
        lambda f: 1.0 / (500000.0 ** (torch.arange(len(f)).float() / len(f))),
    ],
)
def test_other_values_are_one_error_that_names_buffer_value_theta_and_head(tmp_path, spoil):
    right, wrong = frequencies(META), spoil(frequencies(META))
    both = {"rope.freqs": wrong, "a.rope.freqs": right, "b.rope.freqs": wrong.clone()}
    refused = refusal(tmp_path, both)
    assert [culprit.split()[0] for culprit in refused.culprits] == ["rope.freqs", "b.rope.freqs"]
    assert "rope_theta 10000 and heads of 32 give" in str(refused)


@pytest.mark.parametrize(
    ("buffers", "found"),
    [
        ({"rope.freqs": torch.ones(HALF + 1)}, f"expected [{HALF}], found [{HALF + 1}]"),
        ({"rope.freqs": torch.ones(HALF // 2, 2)}, f"found [{HALF // 2}, 2]"),
        ({"rope.freqs": torch.ones(HALF // 2).cfloat()}, f"found [{HALF // 2}] complex"),
        ({"rope.freqs": torch.ones(HALF, dtype=torch.int64)}, "is int64"),
        ({"freqs_cis": torch.ones(8, HALF)}, f"found [8, {HALF}]"),
        ({"freqs_cis": torch.ones(0, HALF, 2)}, f"found [0, {HALF}, 2]"),
        ({"freqs_cis": torch.ones(8, 3).cfloat()}, "found [8, 3] complex"),
        ({"freqs_cis": torch.ones(1, HALF, 2).expand(2**40, -1, -1)}, "found [1099511627776, "),
        ({"freqs_cis": torch.tensor(1.0).cfloat()}, "found [] complex"),
    ],
)
def test_another_form_is_an_error_of_the_index_and_no_value_is_read(
    tmp_path, buffers, found: str, monkeypatch
):
    monkeypatch.delattr("wmtp_assets.models.checkpoint.tensors.UncachedFile")
    assert found in str(refusal(tmp_path, buffers))


def test_theta_is_that_of_the_settings_and_10000_where_they_state_none(tmp_path):
    half_million = {"rope.freqs": frequencies(dataclasses.replace(META, theta=500000.0))}
    assert converted(tmp_path, half_million, rope_theta=500000.0).dropped
    llama = {key: value for key, value in MODELS["llama"].geometry.items() if key != "rope_theta"}
    assert rotary_of(LLAMA, llama).theta == 10000.0
    for odd in (0, -1.0, "10000", True, math.inf, math.nan, None):
        with pytest.raises(BadInput, match="rope_theta"):
            rotary_of(LLAMA, {**llama, "rope_theta": odd})


def test_complex_weights_are_no_weights(tmp_path):
    torch.save({"a": torch.ones(3).cfloat(), "b": torch.ones(2, 3).cfloat()}, tmp_path / "a.pth")
    with pytest.raises(BadInput) as refused:
        convert(tmp_path / "a.pth", tmp_path / "m.safetensors", {"a": (3, 2)})
    assert refused.value.culprits == [
        "unexpected b [2, 3] complex",
        "a: expected [3, 2], found [3] complex",
    ]
