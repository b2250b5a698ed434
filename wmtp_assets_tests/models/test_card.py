"""README.md of a model folder: what the Hub reads of it, what a person does, what differs."""

import inspect
import re
from dataclasses import replace
from typing import Any

import pytest
from huggingface_hub import ModelCard, ModelCardData

from wmtp_assets.models.card import CARD_AGREES, THIS_FOLDER, build_card, card_finding
from wmtp_assets.models.metadata import CREATED_AT, describe_model
from wmtp_assets.models.micro.rows import MICROS
from wmtp_assets.models.rows import MODELS
from wmtp_assets.published import PUBLISHED
from wmtp_assets.sample.catalog import SAMPLE_NOTICE
from wmtp_assets_tests.models.tiny import TinyStorage, damaged, swap

FOLDERS = [row.published.folder for row in (*MODELS.values(), *MICROS.values())]
KEYS = set(inspect.signature(ModelCardData).parameters) - {"kwargs", "ignore_metadata_errors"}
# What the Hub takes for the name of a licence that it does not know.
LICENCE_NAME = re.compile(r"[a-z0-9.-]+")
SNIPPET = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)


def facts_of(tiny: TinyStorage, name: str) -> dict[str, Any]:
    """The facts of a stored model, as of the published one."""
    store, catalog = tiny.deployment.store, tiny.deployment.catalog
    facts = describe_model(store, catalog, catalog.model(name))
    facts.pop("notice")
    return facts | {"licence": PUBLISHED.model(name).repo.licence}


def card_of(tiny: TinyStorage, name: str) -> ModelCard:
    """The card of a published model."""
    model = PUBLISHED.model(name)
    facts = facts_of(tiny, name)
    card = build_card(facts, MODELS[name].summary, model.repo, model.implementation)
    return ModelCard(card.decode())


@pytest.mark.parametrize("name", MODELS)
def test_the_card_of_a_published_model_names_its_licence_and_base_model(tiny, name):
    repo, card = PUBLISHED.model(name).repo, card_of(tiny, name)
    head = card.data.to_dict()
    assert head.keys() <= KEYS
    assert head["license"] == "other" and LICENCE_NAME.fullmatch(head["license_name"])
    assert head["license_link"] == repo.url
    assert f"licence: {repo.licence} ([terms]({repo.url}))" in card.text
    assert head["base_model"] == repo.id and "sample" not in head["tags"]


def test_a_licence_that_the_hub_knows_needs_no_name(tiny):
    model = PUBLISHED.model("ref_sheared")
    repo = replace(model.repo, licence="Llama 2 Community License", licence_id="llama2")
    card = build_card(facts_of(tiny, "ref_sheared"), "A model.", repo, model.implementation)
    head = ModelCard(card.decode()).data.to_dict()
    assert head["license"] == "llama2" and not {"license_name", "license_link"} & head.keys()


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_card_of_the_sample_says_so_and_has_no_base_model(tiny, folder):
    card = ModelCard.load(tiny.path(f"{folder}/README.md"))
    head = card.data.to_dict()
    assert head.keys() <= KEYS and "base_model" not in head
    assert (head["license"], head["model_name"]) == ("apache-2.0", folder)
    assert "sample" in head["tags"] and f"> {SAMPLE_NOTICE}" in card.text
    assert f"# {folder}\n" in card.text
    assert CREATED_AT not in card.text


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_snippet_of_a_card_opens_the_folder_with_the_library_it_names(
    tiny, folder, monkeypatch
):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    card = ModelCard.load(tiny.path(f"{folder}/README.md"))
    [snippet] = SNIPPET.findall(card.text)
    assert f"from {card.data.library_name}" in snippet and THIS_FOLDER in snippet
    found: dict[str, Any] = {}
    exec(snippet.replace(THIS_FOLDER, str(tiny.path(folder))), found)
    assert "model" in found or "value_head" in found


def test_a_micro_model_says_what_was_kept(tiny):
    assert "blocks: layers.0 from layers.1" in ModelCard.load(tiny.path("micro-mtp/README.md")).text


CHANGES = {
    "a line more at its end": (lambda d: d + b"see evil.example\n", "'see evil.example'"),
    "its last line gone": (lambda d: d[:-1], "'no such line', expected ''"),
    "other ends of lines": (lambda d: d.replace(b"\n", b"\r\n"), "line 1: '---\\r'"),
    "no text": (lambda d: d + b"\xff", "'\\\\xff'"),
    "another licence in its text": (swap("licence: A", "licence: a"), "licence: Apache-2.0"),
    "a link": (swap("# meta-llama-mtp", "# [meta-llama-mtp](x)"), "expected '# meta-llama-mtp'"),
    "nothing": (lambda d: b"", "line 1: '', expected '---'"),
}


@pytest.mark.parametrize(("change", "named"), CHANGES.values(), ids=CHANGES)
def test_a_card_that_is_not_as_built_fails_and_names_the_first_line(tiny, change, named):
    with damaged(tiny.path("meta-llama-mtp/README.md"), change):
        finding = tiny.judged("meta_mtp/metadata", CARD_AGREES)
    assert not finding.passed and named in finding.summary, finding.summary
    assert len(finding.evidence["culprits"]) == 1


def test_a_missing_card_fails_alone(tiny):
    with damaged(tiny.path("meta-llama-mtp/README.md"), lambda data: None):
        finding = tiny.judged("meta_mtp/metadata", CARD_AGREES)
        assert not finding.passed and "README.md" in finding.summary
        assert tiny.judged("meta_mtp/metadata", "metadata_agrees_with_disk").passed


def test_a_card_follows_the_weights(tiny):
    """The same files under another digest of the weights need another card."""
    with damaged(
        tiny.path("meta-llama-mtp/safetensors/SHA256SUMS"),
        lambda data: data.replace(data[:8], b"00000000"),
    ):
        finding = tiny.judged("meta_mtp/metadata", CARD_AGREES)
    assert not finding.passed and "has sha256 `00000000" in finding.summary


def test_a_large_file_in_its_place_is_not_read(tiny, tmp_path):
    folder = tiny.deployment.store.model("meta-llama-mtp")
    whole = folder.card.read_bytes()
    assert card_finding(folder, whole).passed
    with damaged(folder.card, lambda data: data + b" " * 2**20):
        assert not tiny.judged("meta_mtp/metadata", CARD_AGREES).passed


def test_the_card_is_of_the_metadata_asset_and_covered_like_its_other_file(tiny):
    for key, folder in (("meta_mtp/metadata", "meta-llama-mtp"), ("micro_ref", "micro-ref")):
        assert f"models_v2/{folder}/README.md" in tiny.state(key).files
    sums = tiny.path("meta-llama-mtp/safetensors/SHA256SUMS").read_text()
    assert sums.split()[1] == "model.safetensors" and "README.md" not in sums
