"""The folders of the micro models as they are written."""

import dataclasses
import json

import pytest
import safetensors.torch
import torch

from wmtp_assets.errors import BadInput
from wmtp_assets.models.micro.folder import write_micro
from wmtp_assets.models.micro.rows import MICROS
from wmtp_assets.models.mtp_model import load_model
from wmtp_assets.models.rows import MODELS
from wmtp_assets.models.safetensors.opening import open_model
from wmtp_assets_tests.models.tiny import TinyStorage, damaged, swap


def tensors(tiny: TinyStorage, folder: str) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(tiny.path(f"{folder}/safetensors/model.safetensors"))


def test_every_tensor_is_the_leading_part_of_its_source(tiny):
    whole, micro = tensors(tiny, "meta-llama-mtp"), tensors(tiny, "micro-mtp")
    assert torch.equal(micro["tok_embeddings.weight"], whole["tok_embeddings.weight"][:, :32])
    source = whole["layers.1.feed_forward.w1.weight"]  # the last block of `layers`, head 1
    assert torch.equal(micro["layers.0.feed_forward.w1.weight"], source[:64, :32])
    source = whole["extra_heads.1.attention.wo.weight"]
    assert torch.equal(micro["extra_heads.1.attention.wo.weight"], source[:32, :32])


def test_the_untied_model_computes_what_the_tied_one_does(tiny):
    ids = torch.tensor([[1, 306, 4658, 278]])
    logits = [
        load_model(
            tiny.path(f"{folder}/configs/params.json"),
            tiny.path(f"{folder}/safetensors/model.safetensors"),
        )(ids)
        for folder in ("micro-mtp", "micro-mtp-untied")
    ]
    assert logits[0].shape == (1, 4, 4, 32000)
    assert torch.equal(*logits)
    extra = tensors(tiny, "micro-mtp-untied").keys() - tensors(tiny, "micro-mtp").keys()
    assert extra == {"output.weight"}


def test_the_reference_opens_offline_with_nothing_missing(tiny):
    opened = open_model(tiny.path("micro-ref/safetensors"))
    assert opened.complaints == ()
    assert opened.model.dtype == torch.float16
    assert opened.model.lm_head.weight is opened.model.model.embed_tokens.weight


def test_the_untied_reference_computes_what_the_tied_one_does(tiny):
    ids = torch.tensor([[1, 306, 4658, 278]])
    opened = [
        open_model(tiny.path(f"{name}/safetensors"), torch.float32)
        for name in ("micro-ref", "micro-ref-untied")
    ]
    assert opened[1].complaints == ()
    assert torch.equal(*(found.model(ids).logits for found in opened))
    assert opened[1].model.lm_head.weight is not opened[1].model.model.embed_tokens.weight


def test_the_untied_reference_is_tuned_saved_and_opened_again(tiny, tmp_path):
    opened = open_model(tiny.path("micro-ref-untied/safetensors"), torch.float32)
    with torch.no_grad():
        opened.model.lm_head.weight += 1
    opened.model.save_pretrained(tmp_path)
    again = open_model(tmp_path, torch.float32)
    assert again.complaints == ()
    stored = safetensors.torch.load_file(tmp_path / "model.safetensors")
    assert stored.keys() == tensors(tiny, "micro-ref-untied").keys()
    assert torch.equal(again.model.lm_head.weight, opened.model.lm_head.weight)
    safetensors.torch.save_file(again.model.state_dict(), tmp_path / "plainly.safetensors")


def test_the_tied_reference_cannot_be_saved_by_its_state_dict(tiny, tmp_path):
    """Why there is an untied one."""
    state = open_model(tiny.path("micro-ref/safetensors")).model.state_dict()
    with pytest.raises(RuntimeError, match="share memory"):
        safetensors.torch.save_file(state, tmp_path / "plainly.safetensors")


def test_the_weights_have_the_first_line_of_every_sha256sums(tiny):
    sums = sorted(tiny.path(".").glob("*/safetensors/SHA256SUMS"))
    assert len(sums) == len(MODELS) + len(MICROS)
    for path in sums:
        assert path.read_text().splitlines()[0].endswith("  model.safetensors"), path


def test_the_stored_reference_opens_offline_with_nothing_missing(tiny):
    opened = open_model(tiny.path("ref-sheared-llama-2.7b/safetensors"))
    assert opened.complaints == () and opened.model.dtype == torch.float16


def test_a_folder_that_does_not_open_is_named(tiny):
    folder = tiny.path("micro-ref/safetensors")
    with (
        damaged(folder / "config.json", swap('"silu"', '"slu"')),
        pytest.raises(BadInput, match="transformers cannot open it"),
    ):
        open_model(folder)


def test_metadata_says_what_the_plan_asks_for(tiny):
    for row in MICROS.values():
        folder = row.published.folder
        metadata = json.loads(tiny.path(f"{folder}/metadata.json").read_text())
        assert metadata["target_device"] == "mps"
        assert metadata["tokenizer_shared_with"] == "meta-llama-mtp"
        assert metadata["dtype"] == "float16"
        assert metadata["kept"]


def test_a_model_over_the_limit_is_refused_before_it_is_written(tiny):
    catalog, store = tiny.deployment.catalog, tiny.deployment.store
    before = tiny.path("micro-mtp/safetensors/model.safetensors").read_bytes()
    with pytest.raises(BadInput, match="allowed are fewer than 1,000"):
        write_micro(store, catalog, dataclasses.replace(catalog.micro("micro_mtp"), max_bytes=1000))
    assert tiny.path("micro-mtp/safetensors/model.safetensors").read_bytes() == before


def test_a_source_without_a_tensor_is_named(tiny):
    source = tiny.path("meta-llama-mtp/safetensors/model.safetensors")
    with (
        damaged(source, swap('"norm.weight"', '"nom.weights"')),
        pytest.raises(BadInput, match=r"lacks tensors: norm\.weight"),
    ):
        write_micro(
            tiny.deployment.store,
            tiny.deployment.catalog,
            tiny.deployment.catalog.micro("micro_mtp"),
        )
