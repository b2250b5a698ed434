"""Config files: what may be in them, and what is refused before it is stored."""

import json
import math

import pytest

from wmtp_assets.errors import BadInput
from wmtp_assets.models import configs
from wmtp_assets.models.strict_json import read_object
from wmtp_assets.published import PUBLISHED

BILLION_LAUGHS = "a0: &a0 [x]\n" + "".join(
    f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]\n" for n in range(9)
)
META_MTP = PUBLISHED.model("meta_mtp")
PARAMS = dict(META_MTP.geometry)


def test_the_real_params_json_is_within_the_twelve_keys_and_the_catalog(upstream):
    path = upstream / "meta-llama-mtp/params.json"
    params = configs.read_params(path)
    configs.require_known_params(params, path)
    configs.require_geometry(params, META_MTP.geometry, path)


def test_the_adapter_states_the_plans_numbers():
    adapter = configs.adapter_of(PARAMS)
    assert adapter == {
        "dim": 4096,
        "num_layers": 32,
        "n_heads": 32,
        "n_kv_heads": 32,
        "n_future_tokens": 4,
        "intermediate_size": 11008,
        "rope_theta": 10000.0,
        "norm_eps": 1e-05,
        "vocab_size": 32000,
        "dtype": "float16",
    }


def test_the_adapter_survives_yaml(tmp_path):
    adapter = configs.adapter_of(PARAMS)
    path = tmp_path / "meta_adapter.yaml"
    path.write_bytes(configs.adapter_bytes(adapter))
    assert configs.read_adapter(path) == adapter
    assert path.read_text().startswith("dim: 4096\nnum_layers: 32\n")


@pytest.mark.parametrize(
    "text",
    ["", "- a\n", "a: [", "1: 2\n", "!!python/object:os.system x\n", "\x00", BILLION_LAUGHS],
)
def test_yaml_that_is_no_mapping_of_names_is_refused(tmp_path, text):
    path = tmp_path / "meta_adapter.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"meta_adapter\.yaml"):
        configs.read_adapter(path)


def test_an_unknown_key_in_params_json_is_refused(tmp_path):
    with pytest.raises(BadInput, match="keys that training code refuses: dtype"):
        configs.require_known_params({**PARAMS, "dtype": "float16"}, tmp_path / "params.json")


def test_all_settings_that_differ_from_the_catalog_are_named(tmp_path):
    changed = {**PARAMS, "dim": 5120, "rope_theta": 1e6}
    with pytest.raises(BadInput) as refused:
        configs.require_geometry(changed, PARAMS, tmp_path / "params.json")
    assert refused.value.culprits == [
        "dim: expected 4096, found 5120",
        "rope_theta: expected 10000.0, found 1000000.0",
    ]


def test_params_without_a_needed_setting_are_refused(tmp_path):
    path = tmp_path / "params.json"
    path.write_text(json.dumps({**PARAMS, "rope_theta": None, "norm_eps": "x"}))
    with pytest.raises(BadInput) as refused:
        configs.read_params(path)
    assert refused.value.culprits == ["rope_theta: None", "norm_eps: 'x'"]


@pytest.mark.parametrize(
    "change",
    [
        {"n_layers": 10**12},
        {"n_kv_heads": 32.0},
        {"n_kv_heads": "32"},
        {"n_heads": True},
        {"rope_theta": 10**400},
        {"rope_theta": math.nan},
        {"norm_eps": -math.inf},
        {"norm_eps": 1e308},
        {"ffn_dim_multiplier": math.inf},
        {"n_future_tokens": 33},
        {"vocab_size": 0.5},
    ],
)
def test_params_of_no_model_are_refused_before_anything_is_built(tmp_path, change):
    path = tmp_path / "params.json"
    path.write_text(json.dumps({**PARAMS, **change}))
    with pytest.raises(BadInput, match=r"params\.json|blocks|of the model"):
        configs.read_params(path)


def test_a_copied_config_says_float16_under_both_names(upstream):
    published = read_object(upstream / "ref-sheared-llama-2.7b/config.json")
    config = configs.with_dtype(published, "float16")
    assert config["torch_dtype"] == config["dtype"] == "float16"
    assert {k: v for k, v in config.items() if k not in configs.DTYPE_KEYS} == {
        k: v for k, v in published.items() if k != "torch_dtype"
    }
