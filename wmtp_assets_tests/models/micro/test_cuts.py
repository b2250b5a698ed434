"""Which part of a model a micro model is."""

import dataclasses
from typing import Any

import pytest

from wmtp_assets.catalog import Micro
from wmtp_assets.errors import BadInput
from wmtp_assets.models.configs import PARAMS_KEYS
from wmtp_assets.models.micro.cuts import MicroPlan, evenly_spaced, plan_llama, plan_mtp
from wmtp_assets.models.micro.origin import plan_from_catalog
from wmtp_assets.models.strict_json import read_object
from wmtp_assets.models.tensor_shapes import meta_mtp_shapes, parameters
from wmtp_assets.published import PUBLISHED
from wmtp_assets.sample.catalog import SAMPLE

PARAMS, CONFIG = PUBLISHED.model("meta_mtp").geometry, PUBLISHED.model("ref_sheared").geometry
MICRO_MTP, MICRO_MTP_UNTIED, MICRO_REF, MICRO_REF_UNTIED = PUBLISHED.micros


def sized(micro: Micro, **sizes: Any) -> Micro:
    """The row with another geometry."""
    return dataclasses.replace(micro, geometry=dataclasses.replace(micro.geometry, **sizes))


def plan_untied() -> MicroPlan:
    """Of the params.json of the tied one."""
    return plan_mtp(MICRO_MTP_UNTIED, plan_mtp(MICRO_MTP, PARAMS).params, from_tied=True)


@pytest.mark.parametrize(
    ("blocks", "kept", "numbers"),
    [
        (32, 4, [0, 10, 20, 31]),
        (6, 4, [0, 1, 3, 5]),
        (5, 5, [0, 1, 2, 3, 4]),
        (7, 1, [0]),
        (7, 0, []),
        (0, 0, []),
    ],
)
def test_blocks_are_spread_from_the_first_to_the_last(blocks, kept, numbers):
    assert evenly_spaced(blocks, kept) == numbers


def test_more_blocks_than_there_are_are_refused():
    with pytest.raises(BadInput, match="too few blocks: 3, 4 wanted"):
        evenly_spaced(3, 4)


@pytest.mark.parametrize("catalog", [PUBLISHED, SAMPLE], ids=["published", "sample"])
def test_the_tied_model_has_the_bytes_of_the_domain_facts(catalog):
    sizes = [parameters(plan_from_catalog(catalog, row).shapes) * 2 for row in catalog.micros]
    assert sizes == [49_816_576, 82_584_576, 49_816_576, 82_584_576]


def test_the_real_configs_give_the_micro_models(upstream):
    tied = plan_mtp(MICRO_MTP, read_object(upstream / "meta-llama-mtp/params.json"))
    reference = plan_llama(MICRO_REF, read_object(upstream / "ref-sheared-llama-2.7b/config.json"))
    assert tied.kept["blocks"] == {"layers.0": "layers.28"}
    assert tied.params.keys() <= PARAMS_KEYS
    assert (reference.config["dtype"], reference.config["torch_dtype"]) == ("float16",) * 2
    for plan in (tied, reference):
        assert parameters(plan.shapes) * 2 == 49_816_576


def test_the_heads_of_the_source_are_the_heads_of_the_micro_model():
    plan = plan_mtp(MICRO_MTP, PARAMS)
    origin = {cut.target: cut.source for cut in plan.cuts}
    assert origin["layers.0.attention.wq.weight"] == "layers.28.attention.wq.weight"
    assert origin["extra_heads.2.ffn_norm.weight"] == "extra_heads.2.ffn_norm.weight"
    assert not any(name.startswith("layers.1.") for name in origin)
    assert "output.weight" not in origin
    assert plan.kept["blocks"] == {"layers.0": "layers.28"}


def test_a_larger_micro_model_keeps_trunk_blocks_too():
    plan = plan_mtp(sized(MICRO_MTP, blocks=6), PARAMS)
    assert plan.kept["blocks"] == {
        "layers.0": "layers.0",
        "layers.1": "layers.27",
        "layers.2": "layers.28",
    }


def test_heads_are_whole_and_the_vocabulary_is_too():
    shapes = plan_mtp(MICRO_MTP, PARAMS).shapes
    assert shapes["layers.0.attention.wq.weight"] == (4 * 128, 512)
    assert shapes["layers.0.attention.wo.weight"] == (512, 4 * 128)
    assert shapes["layers.0.feed_forward.w2.weight"] == (512, 704)
    assert shapes["tok_embeddings.weight"] == (32000, 512)


def test_params_json_stays_within_the_keys_and_gives_the_shapes():
    plan = plan_mtp(MICRO_MTP, PARAMS)
    assert plan.params.keys() <= PARAMS_KEYS
    assert meta_mtp_shapes(plan.params, tied=True) == plan.shapes
    assert (plan.params["multiple_of"], plan.params["ffn_dim_multiplier"]) == (64, 0.5)


def test_config_json_has_what_training_code_reads():
    config = plan_mtp(MICRO_MTP, PARAMS).config
    expected = {
        "hidden_size": 512,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "vocab_size": 32000,
        "n_future_tokens": 4,
        "rope_theta": 10000.0,
        "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-05,
        "tie_word_embeddings": True,
        "dtype": "float16",
    }
    assert {key: config[key] for key in expected} == expected
    assert plan_untied().config["tie_word_embeddings"] is False


def test_the_untied_model_stores_the_embedding_as_its_output():
    plan = plan_untied()
    origin = {cut.target: cut.source for cut in plan.cuts}
    assert origin.pop("output.weight") == "tok_embeddings.weight"
    assert list(plan.kept) == ["output.weight"]
    assert all(source == target for target, source in origin.items())


def test_the_reference_keeps_the_settings_it_does_not_change():
    plan = plan_llama(MICRO_REF, {**CONFIG, "hidden_act": "silu"})
    assert plan.config["hidden_act"] == "silu" and plan.config["tie_word_embeddings"] is True
    assert plan.kept["blocks"]["model.layers.2"] == "model.layers.20"


def test_a_source_that_is_too_small_is_refused():
    small = {**PARAMS, "dim": 256, "n_heads": 2, "n_kv_heads": 2}
    with pytest.raises(BadInput, match="too small"):
        plan_mtp(MICRO_MTP, small)
    with pytest.raises(BadInput, match="too small"):
        plan_llama(MICRO_REF, {**CONFIG, "intermediate_size": 64})


def test_the_untied_reference_has_the_embedding_as_its_lm_head():
    tied = plan_llama(MICRO_REF, CONFIG)
    plan = plan_llama(MICRO_REF_UNTIED, tied.config)
    assert plan.shapes.keys() - tied.shapes.keys() == {"lm_head.weight"}
    origin = {cut.target: cut.source for cut in plan.cuts}
    assert origin.pop("lm_head.weight") == "model.embed_tokens.weight"
    assert all(source == target for target, source in origin.items())
    assert plan.config == {**tied.config, "tie_word_embeddings": False}


@pytest.mark.parametrize(
    "sizes",
    [{"dim": 256, "head_dim": 85}, {"dim": 576}, {"head_dim": 64}, {"dim": 0}, {"head_dim": 0}],
    ids=str,
)
@pytest.mark.parametrize(
    ("plan", "row", "source"), [(plan_mtp, MICRO_MTP, PARAMS), (plan_llama, MICRO_REF, CONFIG)]
)
def test_heads_are_those_of_the_source_and_none_is_halved(plan, row, source, sizes):
    with pytest.raises(BadInput, match="not a whole number of the source's heads"):
        plan(sized(row, **sizes), source)


def test_an_ffn_without_settings_is_refused():
    with pytest.raises(BadInput, match=r"dim 512, ffn 0\. Fix: mend the row"):
        plan_mtp(sized(MICRO_MTP, ffn=0), PARAMS)


def test_only_the_tied_models_have_a_size_limit():
    assert (MICRO_MTP.max_bytes, MICRO_REF.max_bytes) == (50_000_000, 50_000_000)
    assert MICRO_MTP_UNTIED.max_bytes is None and MICRO_REF_UNTIED.max_bytes is None
