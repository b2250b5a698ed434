"""What trainers publish, wrapped or prefixed: refused with the row that accepts it, then taken."""

import dataclasses
import json

import pytest
import safetensors.torch
import torch

from wmtp_assets.errors import BadInput
from wmtp_assets.models.checkpoint.naming import PLAIN, Naming
from wmtp_assets.models.safetensors.convert import convert
from wmtp_assets.models.safetensors.header import read_header
from wmtp_assets.models.safetensors.plan import plan_conversion
from wmtp_assets.models.safetensors.proof import prove

STATE = {
    "tok.weight": torch.randn(4, 2),
    "layers.0.norm.weight": torch.randn(2),
    "norm.weight": torch.randn(2),
}
SHAPES = {name: tuple(tensor.shape) for name, tensor in STATE.items()}
ROW = Naming(row="meta-llama-mtp")
OPTIMIZER = {
    "state": {0: {"exp_avg": torch.ones(4, 2)}, "norm.weight": {"exp_avg": torch.ones(2)}},
    "param_groups": [{"lr": 0.1, "params": [0, 1]}],
}


def prefixed(prefix: str) -> dict[str, torch.Tensor]:
    return {prefix + name: tensor for name, tensor in STATE.items()}


def refusal(tmp_path, value, naming: Naming = ROW) -> BadInput:
    torch.save(value, tmp_path / "a.pth")
    with pytest.raises(BadInput) as refused:
        convert(tmp_path / "a.pth", tmp_path / "out/m.safetensors", SHAPES, naming=naming)
    assert not (tmp_path / "out").exists()
    return refused.value


FORMS = {
    "module.": (prefixed("module."), {"key_prefix": "module."}),
    "_orig_mod.": (prefixed("_orig_mod."), {"key_prefix": "_orig_mod."}),
    "both": (prefixed("_orig_mod.module."), {"key_prefix": "_orig_mod.module."}),
    "both, turned": (prefixed("module._orig_mod."), {"key_prefix": "module._orig_mod."}),
    "a name of its own": (prefixed("policy.net."), {"key_prefix": "policy.net."}),
    "with an optimizer": ({"model": STATE, "optimizer": OPTIMIZER}, {"wrapped_in": "model"}),
    "Lightning": (
        {"state_dict": prefixed("model."), "epoch": 3, "optimizer_states": [OPTIMIZER]},
        {"wrapped_in": "state_dict", "key_prefix": "model."},
    ),
    "DeepSpeed": ({"module": STATE, "lr": 0.1}, {"wrapped_in": "module"}),
    "all at once": (
        {"app": {"model": prefixed("module._orig_mod."), "optimizer": OPTIMIZER}, "step": 3},
        {"wrapped_in": "app.model", "key_prefix": "module._orig_mod."},
    ),
    "under a usual name, with a prefix": (
        {"model": prefixed("module."), "step": 3},
        {"key_prefix": "module."},
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_form_of_a_trainer_is_named_with_the_fields_that_accept_it(tmp_path, form: str):
    value, fields = FORMS[form]
    refused = refusal(tmp_path, value)
    told = ", ".join(f'{name}="{field}"' for name, field in fields.items())
    assert f"set {told} in the row of meta-llama-mtp in wmtp_assets/models" in refused.fix
    for field in fields.values():
        assert repr(field) in str(refused)


@pytest.mark.parametrize("form", FORMS)
def test_with_these_fields_it_is_stored_under_plain_names_and_proven(tmp_path, form: str):
    value, fields = FORMS[form]
    torch.save(value, tmp_path / "a.pth")
    target, naming = tmp_path / "m.safetensors", dataclasses.replace(ROW, **fields)
    done = convert(tmp_path / "a.pth", target, SHAPES, naming=naming)
    stored = safetensors.torch.load_file(target)
    assert stored.keys() == STATE.keys()
    assert all(torch.equal(stored[name], STATE[name].half()) for name in STATE)
    source = plan_conversion(tmp_path / "a.pth", SHAPES, naming=naming).kept
    assert prove(read_header(target), source, "float16").equal().passed
    told = done.as_metadata()
    assert told["key_prefix"] == fields.get("key_prefix", "")
    assert told["wrapped_in"] == fields.get("wrapped_in", told["wrapped_in"])


@pytest.mark.parametrize(
    ("names", "culprits"),
    [
        (["norm.weight"], ["module.norm.weight"]),
        (["norm.weight", "tok.weight"], ["layers.0.norm.weight"]),
    ],
)
def test_a_prefix_on_some_names_only_lists_the_fewer_ones(tmp_path, names, culprits):
    mixed = {f"module.{name}" if name in names else name: t for name, t in STATE.items()}
    refused = refusal(tmp_path, mixed)
    assert refused.culprits == culprits
    assert f"{len(names)} of 3 names begin with 'module.'" in refused.thing
    stated = refusal(tmp_path, mixed, Naming(key_prefix="module."))
    assert "as the catalog says" in stated.thing and "correct key_prefix" in stated.fix


def test_a_name_with_and_without_the_prefix_is_unexpected(tmp_path):
    twice = {**STATE, "module.norm.weight": torch.ones(2)}
    assert refusal(tmp_path, twice).culprits == ["unexpected module.norm.weight [2]"]


def test_a_lone_name_that_ends_like_a_missing_one_is_missing_and_unexpected(tmp_path):
    odd = {name: t for name, t in STATE.items() if name != "norm.weight"}
    odd["extra.norm.weight"] = torch.ones(2)
    assert refusal(tmp_path, odd).culprits == [
        "missing norm.weight [2]",
        "unexpected extra.norm.weight [2]",
    ]


def test_other_faults_below_a_stated_prefix_are_told_in_plain_names(tmp_path):
    short = {name: t for name, t in prefixed("module.").items() if "tok" not in name}
    naming = Naming(key_prefix="module.")
    assert refusal(tmp_path, short, naming).culprits == ["missing tok.weight [4, 2]"]


@pytest.mark.parametrize(
    "naming", [Naming(key_prefix="module."), Naming(wrapped_in="model"), Naming(wrapped_in="a.b")]
)
def test_fields_that_the_checkpoint_does_not_have_are_an_error(tmp_path, naming: Naming):
    refused = refusal(tmp_path, STATE, naming)
    assert "as the catalog says" in refused.thing and "correct " in refused.fix
    wrapped = refusal(tmp_path, {"x": STATE}, Naming(wrapped_in="y"))
    assert "it lies under 'x'" in str(wrapped)


def test_of_several_state_dicts_the_row_names_one(tmp_path):
    value = {"ema": {n: t + 1 for n, t in STATE.items()}, "net": STATE}
    refused = refusal(tmp_path, value)
    assert refused.culprits == ["ema", "net"] and 'wrapped_in="one of these"' in refused.fix
    convert(tmp_path / "a.pth", tmp_path / "m.safetensors", SHAPES, naming=Naming(wrapped_in="ema"))
    stored = safetensors.torch.load_file(tmp_path / "m.safetensors")
    assert torch.equal(stored["norm.weight"], (STATE["norm.weight"] + 1).half())


def test_one_state_dict_under_two_names_is_one(tmp_path):
    refused = refusal(tmp_path, {"net": STATE, "again": STATE})
    assert 'set wrapped_in="net"' in refused.fix


def test_shards_of_a_trainer_are_named_and_taken_too(tmp_path):
    names = [f"module.{name}" for name in STATE]
    shards = {f"m-0000{n}-of-00002.bin": part for n, part in ((1, names[:1]), (2, names[1:]))}
    tensors = prefixed("module.")
    weight_map = {}
    for shard, part in shards.items():
        torch.save({"state": {n: tensors[n] for n in part}, "step": 3}, tmp_path / shard)
        weight_map |= dict.fromkeys(part, shard)
    index = tmp_path / "m.bin.index.json"
    index.write_text(json.dumps({"weight_map": weight_map}))
    with pytest.raises(BadInput, match='set wrapped_in="state" in the row of meta-llama-mtp'):
        plan_conversion(index, SHAPES, naming=ROW)
    wrapped = dataclasses.replace(ROW, wrapped_in="state")
    with pytest.raises(BadInput, match=r'set key_prefix="module\." in the row of meta-llama-mtp'):
        plan_conversion(index, SHAPES, naming=wrapped)
    plan = plan_conversion(index, SHAPES, naming=dataclasses.replace(wrapped, key_prefix="module."))
    assert {tensor.name for tensor in plan.kept} == STATE.keys()


def test_a_dict_that_holds_itself_ends(tmp_path):
    value: dict = {"model": dict(STATE)}
    value["self"], value["list"] = value, [value]
    assert plan_conversion_of(tmp_path, {"model": dict(STATE), "step": 3}).checkpoint.besides
    refused = refusal(tmp_path, value)
    assert "beside it self holds tensors too" in refused.culprits


def plan_conversion_of(tmp_path, value):
    torch.save(value, tmp_path / "a.pth")
    return plan_conversion(tmp_path / "a.pth", SHAPES, naming=PLAIN)
