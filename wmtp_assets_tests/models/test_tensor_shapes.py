"""Names, shapes and parameter counts, held against published numbers."""

import math

import pytest

from wmtp_assets.errors import BadInput
from wmtp_assets.models.starling_rm import starling_shapes
from wmtp_assets.models.strict_json import read_object
from wmtp_assets.models.tensor_shapes import (
    ffn_width,
    llama_shapes,
    meta_mtp_shapes,
    parameters,
)
from wmtp_assets.published import PUBLISHED
from wmtp_assets.sample.catalog import SAMPLE

META_MTP, REF_SHEARED, STARLING_RM = map(
    PUBLISHED.model, ("meta_mtp", "ref_sheared", "starling_rm")
)


def test_the_real_configs_give_the_published_parameter_counts(upstream):
    params = read_object(upstream / "meta-llama-mtp/params.json")
    assert parameters(meta_mtp_shapes(params)) == 6_738_415_616
    config = read_object(upstream / "ref-sheared-llama-2.7b/config.json")
    assert parameters(llama_shapes(config)) == 2_701_560_320
    reward = read_object(upstream / "starling-rm-7b/config.json")
    assert parameters(starling_shapes(reward)) == 6_738_415_616 + 4096


def test_the_published_starling_file_holds_every_trunk_tensor_twice():
    # 26.69 GB = 13,345,763,328 values of two bytes (domain facts).
    shapes = starling_shapes(STARLING_RM.geometry)
    twice = {name: shape for name, shape in shapes.items() if name.startswith("model.model.")}
    assert parameters(shapes) + parameters(twice) == 13_345_763_328


@pytest.mark.parametrize("catalog", [PUBLISHED, SAMPLE], ids=["published", "sample"])
def test_every_catalog_row_states_the_parameters_of_its_geometry(catalog):
    for model in catalog.models:
        shapes = model.implementation.shapes(model.geometry)
        assert parameters(shapes) == model.parameters, model.folder


def test_meta_has_291_tensors_with_the_first_head_among_the_layers():
    shapes = meta_mtp_shapes(META_MTP.geometry)
    assert len(shapes) == 291
    assert shapes["layers.28.feed_forward.w2.weight"] == (4096, 11008)
    assert "layers.29.ffn_norm.weight" not in shapes
    assert shapes["extra_heads.2.attention.wq.weight"] == (4096, 4096)
    assert "extra_heads.3.ffn_norm.weight" not in shapes


def test_a_tied_model_has_no_output_of_its_own():
    assert meta_mtp_shapes(META_MTP.geometry).keys() - meta_mtp_shapes(
        META_MTP.geometry, tied=True
    ).keys() == {"output.weight"}
    tied = {**REF_SHEARED.geometry, "tie_word_embeddings": True}
    assert "lm_head.weight" not in llama_shapes(tied)
    assert len(llama_shapes(REF_SHEARED.geometry)) == 291


@pytest.mark.parametrize(
    ("params", "width"),
    [
        ({"dim": 4096, "multiple_of": 256, "ffn_dim_multiplier": 1.0}, 11008),
        ({"dim": 4096, "multiple_of": 256}, 11008),
        ({"dim": 4096, "multiple_of": 256, "ffn_dim_multiplier": None}, 11008),
        ({"dim": 512, "multiple_of": 64, "ffn_dim_multiplier": 0.5}, 704),
        ({"dim": 640, "multiple_of": 64, "ffn_dim_multiplier": 0.5}, 896),
    ],
)
def test_the_ffn_width_follows_metas_rule(params, width):
    assert ffn_width(params) == width


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"dim": None}, "dim: None"),
        ({"dim": "4096"}, "dim: '4096'"),
        ({"n_heads": 0}, "n_heads: 0"),
        ({"n_heads": True}, "n_heads: True"),
        ({"n_heads": 32.0}, "n_heads: 32.0"),
        ({"n_kv_heads": 32.0}, "n_kv_heads: 32.0"),
        ({"n_layers": 10**12}, "n_layers: 1000000000000"),
        ({"n_layers": 10_001}, "n_layers: 10001"),
        ({"n_future_tokens": 10**9}, "n_future_tokens: 1000000000"),
        ({"vocab_size": 2**24 + 1}, "vocab_size: 16777217"),
        ({"dim": 10**400}, "dim: 1000"),
        ({"multiple_of": -256}, "multiple_of: -256"),
        ({"ffn_dim_multiplier": math.nan}, "ffn_dim_multiplier: nan"),
        ({"ffn_dim_multiplier": math.inf}, "ffn_dim_multiplier: inf"),
        ({"ffn_dim_multiplier": 1e308}, "ffn_dim_multiplier: 1e+308"),
        ({"ffn_dim_multiplier": 10**400}, "ffn_dim_multiplier: 1000"),
        ({"ffn_dim_multiplier": -1}, "ffn_dim_multiplier: -1"),
        ({"ffn_dim_multiplier": True}, "ffn_dim_multiplier: True"),
        ({"n_heads": 3}, "dim 4096, 3 heads"),
        ({"n_layers": 2}, "n_layers 2, 4 tokens"),
        ({"ffn_dim_multiplier": "x"}, "ffn_dim_multiplier: 'x'"),
        ({"multiple_of": 2.5}, "multiple_of: 2.5"),
    ],
)
def test_settings_that_make_no_model_are_named(change, named):
    with pytest.raises(BadInput) as refused:
        meta_mtp_shapes({**META_MTP.geometry, **change})
    assert named in str(refused.value)


@pytest.mark.parametrize("blocks", [0, 10_001, 10**9, 10**400, 32.0, "32", None])
def test_a_llama_of_no_possible_number_of_blocks_is_named(blocks):
    with pytest.raises(BadInput, match="num_hidden_layers: "):
        llama_shapes({**REF_SHEARED.geometry, "num_hidden_layers": blocks})


def test_grouped_heads_have_narrower_keys_and_values():
    shapes = meta_mtp_shapes({**META_MTP.geometry, "n_kv_heads": 8})
    assert shapes["layers.0.attention.wk.weight"] == (1024, 4096)
    assert shapes["layers.0.attention.wo.weight"] == (4096, 4096)
