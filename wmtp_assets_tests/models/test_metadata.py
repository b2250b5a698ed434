"""metadata.json: what it says, and when its date changes."""

import datetime
import json
from dataclasses import replace
from typing import Any

import pytest

from wmtp_assets.catalog import NOTICE, Model
from wmtp_assets.errors import BadInput
from wmtp_assets.models.metadata import (
    CREATED_AT,
    FIELDS,
    ON_DISK,
    describe_model,
    metadata_findings,
    write_dated,
)
from wmtp_assets_tests.models.tiny import TinyStorage, damaged

DAY = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
LATER = DAY + datetime.timedelta(days=1)


def test_the_date_stays_while_the_content_does(tmp_path):
    path = tmp_path / "metadata.json"
    first = write_dated(path, {"a": 1}, DAY)
    assert write_dated(path, {"a": 1}, LATER) == first
    assert json.loads(path.read_text()) == {"a": 1, CREATED_AT: "2026-01-02T03:04:05+00:00"}
    write_dated(path, {"a": 2}, LATER)
    assert json.loads(path.read_text())[CREATED_AT] == "2026-01-03T03:04:05+00:00"


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"a": 1}', b'{"a": 1, "created_at": 3}'])
def test_a_broken_or_undated_file_is_dated_anew(tmp_path, content):
    path = tmp_path / "metadata.json"
    path.write_bytes(content)
    write_dated(path, {"a": 1}, DAY)
    assert json.loads(path.read_text())[CREATED_AT] == "2026-01-02T03:04:05+00:00"


@pytest.mark.parametrize("extra", [{}, [], None, {"b": 2}])
def test_a_field_beyond_the_expected_is_named_even_if_it_holds_nothing(tmp_path, extra):
    path = tmp_path / "metadata.json"
    write_dated(path, {"a": {"b": 1}}, DAY)
    assert metadata_findings(path, {"a": {"b": 1}})[ON_DISK].passed
    write_dated(path, {"a": {"b": 1}, "extra": extra}, DAY)
    finding = metadata_findings(path, {"a": {"b": 1}})[ON_DISK]
    assert not finding.passed and "unexpected extra" in finding.summary


def described(tiny: TinyStorage, model: Model) -> dict[str, Any]:
    return describe_model(tiny.deployment.store, tiny.deployment.catalog, model)


def test_a_notice_that_is_not_the_catalog_s_fails(tiny):
    deployment = tiny.deployment
    model = deployment.catalog.model("meta_mtp")
    published = replace(model, repo=replace(model.repo, notice=""))
    expected = describe_model(deployment.store, deployment.catalog, published)
    path = deployment.store.model(model.folder).metadata
    for finding in metadata_findings(path, expected).values():
        assert not finding.passed and "unexpected notice" in finding.summary


def test_a_stored_model_states_every_field(tiny):
    for model in (
        tiny.deployment.catalog.model("meta_mtp"),
        tiny.deployment.catalog.model("ref_sheared"),
    ):
        facts = described(tiny, model)
        assert facts.keys() == FIELDS - {CREATED_AT} | {NOTICE}
        assert facts["dtype"] == "float16" and facts["version"] == "v2.0.0"
        assert facts["n_params"] == model.parameters
        assert facts["sha256"] == facts["files"]["safetensors/model.safetensors"]["sha256"]
        assert facts["tokenizer_sha256"] == tiny.deployment.catalog.tokenizer_sha256
        assert facts["source"]["repo"] == model.repo.id
    assert facts["tokenizer_shared_with"] == "meta-llama-mtp"


def test_the_reward_model_is_optional_keeps_its_dtype_and_has_no_tokenizer(tiny):
    facts = described(tiny, tiny.deployment.catalog.model("starling_rm"))
    assert (facts["status"], facts["dtype"]) == ("optional", "bfloat16")
    assert facts["tokenizer_sha256"] is None


def test_no_file_of_the_folder_is_left_out(tiny):
    model = tiny.deployment.catalog.model("ref_sheared")
    stored = tiny.deployment.store.model(model.folder)
    folder = stored.root
    on_disk = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path not in (stored.metadata, stored.card)
        # Downloads in flight, and the empty guards of ended ones, lie in .cache.
        if not {"raw", ".cache"} & set(path.parts)
    }
    assert described(tiny, model)["files"].keys() == on_disk


def test_a_file_that_sha256sums_names_but_is_gone_is_named(tiny):
    model = tiny.deployment.catalog.model("ref_sheared")
    with (
        damaged(tiny.path(f"{model.folder}/safetensors/tokenizer.json"), lambda data: None),
        pytest.raises(BadInput, match=r"tokenizer\.json"),
    ):
        described(tiny, model)
