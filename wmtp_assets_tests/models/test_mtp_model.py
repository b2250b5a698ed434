"""The pure PyTorch model: what it computes, and what it does not load."""

import json

import pytest
import safetensors.torch
import torch

from wmtp_assets.errors import BadInput
from wmtp_assets.models.mtp_model import MultiTokenModel, load_model, rotate

PARAMS = {
    "dim": 16,
    "n_layers": 5,
    "n_heads": 2,
    "n_kv_heads": 2,
    "vocab_size": 11,
    "multiple_of": 8,
    "ffn_dim_multiplier": 1.0,
    "norm_eps": 1e-5,
    "n_future_tokens": 3,
    "rope_theta": 10000.0,
}
IDS = torch.tensor([[1, 5, 3, 9], [2, 2, 7, 0]])


@pytest.fixture
def model() -> MultiTokenModel:
    torch.manual_seed(0)
    return MultiTokenModel(PARAMS, tied=False)


def stored(tmp_path, state, params=PARAMS):
    safetensors.torch.save_file(
        {name: tensor.detach().half().contiguous() for name, tensor in state.items()},
        tmp_path / "model.safetensors",
        metadata={"format": "pt"},
    )
    (tmp_path / "params.json").write_text(json.dumps(params))
    return tmp_path / "params.json", tmp_path / "model.safetensors"


def test_logits_have_a_place_for_each_future_token(model):
    assert model(IDS).shape == (2, 4, 3, 11)


def test_the_nearest_tokens_alone_have_the_logits_that_they_have_among_all(model):
    alone = model(IDS, future=1)
    assert alone.shape == (2, 4, 1, 11)
    assert torch.allclose(alone, model(IDS)[:, :, :1], atol=1e-6)


def test_heads_that_are_not_asked_for_are_not_run(model):
    for head in model.extra_heads:
        head.forward = None
    assert model(IDS, future=1).shape == (2, 4, 1, 11)


def test_a_token_does_not_see_the_later_ones(model):
    changed = IDS.clone()
    changed[:, 3] = 4
    before, after = model(IDS), model(changed)
    assert torch.allclose(before[:, :3], after[:, :3], atol=1e-6)
    assert not torch.allclose(before[:, 3], after[:, 3], atol=1e-3)


def test_each_head_reads_the_trunk_and_not_another_head(model):
    before = model(IDS)
    with torch.no_grad():
        model.extra_heads[0].attention.wv.weight.mul_(3)
    after = model(IDS)
    same = [torch.allclose(before[:, :, n], after[:, :, n]) for n in range(3)]
    assert same == [True, False, True]
    with torch.no_grad():
        model.layers[-1].attention.wv.weight.mul_(3)
    assert torch.allclose(model(IDS)[:, :, 1:], after[:, :, 1:])


def test_rotation_is_interleaved_keeps_lengths_and_depends_on_distance():
    x = torch.randn(1, 3, 1, 4)
    angles = torch.outer(torch.arange(3.0), torch.tensor([1.0, 0.01]))
    turned = rotate(x, angles)
    assert torch.allclose(turned.norm(dim=-1), x.norm(dim=-1), atol=1e-6)
    assert torch.equal(turned[:, 0], x[:, 0])
    [a, b] = x[0, 1, 0, :2]
    expected = torch.stack(
        [
            a * torch.tensor(1.0).cos() - b * torch.tensor(1.0).sin(),
            a * torch.tensor(1.0).sin() + b * torch.tensor(1.0).cos(),
        ]
    )
    assert torch.allclose(turned[0, 1, 0, :2], expected, atol=1e-6)


def test_a_stored_model_gives_the_logits_of_its_float16_values(model, tmp_path):
    loaded = load_model(*stored(tmp_path, model.state_dict()))
    model.load_state_dict({n: t.half().float() for n, t in model.state_dict().items()})
    assert torch.equal(loaded(IDS), model(IDS))


def test_without_a_stored_output_the_embedding_is_used(model, tmp_path):
    state = dict(model.state_dict())
    del state["output.weight"]
    loaded = load_model(*stored(tmp_path, state))
    assert loaded.output is None
    loaded(IDS).sum().backward()
    assert loaded.tok_embeddings.weight.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda s: s.pop("norm.weight"), "missing norm.weight"),
        (lambda s: s.update(freqs_cis=torch.ones(2)), "unexpected freqs_cis"),
        (
            lambda s: s.update({"norm.weight": torch.ones(8)}),
            "norm.weight: expected [16], found [8]",
        ),
    ],
)
def test_other_tensors_than_the_models_are_refused(model, tmp_path, change, named):
    state = dict(model.state_dict())
    change(state)
    with pytest.raises(BadInput) as refused:
        load_model(*stored(tmp_path, state))
    assert named in str(refused.value)


def test_another_head_count_is_refused(model, tmp_path):
    with pytest.raises(BadInput, match="dim 16, 3 heads"):
        load_model(*stored(tmp_path, model.state_dict(), {**PARAMS, "n_heads": 3}))


def test_grouped_heads_run(tmp_path):
    params = {**PARAMS, "n_kv_heads": 1}
    model = MultiTokenModel(params, tied=False)
    loaded = load_model(*stored(tmp_path, model.state_dict(), params))
    assert loaded(IDS).isfinite().all()
