"""A damaged small file fails the checks that read it, by name and at once; none crashes.

Each of these once crashed a check, took gigabytes, or never ended.
"""

import json
import time
from pathlib import Path

import pytest

from wmtp_assets.errors import BadInput
from wmtp_assets.files.file_io import sha256_of
from wmtp_assets.models.safetensors.header import read_header
from wmtp_assets.models.safetensors.opening import open_model, skeleton_finding
from wmtp_assets_tests.models.test_configs import BILLION_LAUGHS
from wmtp_assets_tests.models.tiny import CHECK_GROUPS, TinyStorage, damaged

PARAMS = "meta-llama-mtp/configs/params.json"
CONFIG = "ref-sheared-llama-2.7b/configs/config.json"
ADAPTER = "meta-llama-mtp/configs/meta_adapter.yaml"
SUMS = "meta-llama-mtp/safetensors/SHA256SUMS"
INDEX = "ref-sheared-llama-2.7b/raw/pytorch_model.bin.index.json"
# What reads the file, and reads no weight.
READ_BY = {
    PARAMS: {
        "meta_mtp/configs": ("meta_adapter_agrees_with_params",),
        "meta_mtp/safetensors": ("names_and_shapes_match_architecture",),
        "meta_mtp/metadata": ("metadata_agrees_with_disk", "parameters_agree_across_files"),
        "micro_mtp": ("configs_follow_from_source_and_catalog", "metadata_agrees_with_disk"),
    },
    CONFIG: {
        "ref_sheared/safetensors": (
            *("names_and_shapes_match_architecture", "opens_with_transformers"),
        ),
        "micro_ref": ("configs_follow_from_source_and_catalog", "metadata_agrees_with_disk"),
    },
    ADAPTER: {
        "meta_mtp/configs": ("meta_adapter_agrees_with_params",),
        "meta_mtp/metadata": ("parameters_agree_across_files",),
    },
    SUMS: {
        "meta_mtp/safetensors": ("sha256sums_names_exactly_the_files", "sha256sums_match"),
        "meta_mtp/metadata": ("metadata_agrees_with_disk",),
    },
    INDEX: {"ref_sheared/safetensors": ("tensors_equal_source",)},
}


def with_value(data: bytes, key: str, text: str) -> bytes:
    """A JSON object in which the value of a key is another text."""
    held = {**json.loads(data), key: "@"}
    return json.dumps(held).replace('"@"', text).encode()


NUMBERS = ["NaN", "Infinity", "-Infinity", "1e308", "1e999", "1" + "0" * 400, "1" + "0" * 12]
NUMBERS += ["32.0", "-1", "true", '"32"', "[32]", "9" * 5000, "[" * 900 + "]" * 900]


def assert_all_fail(tiny: TinyStorage, file: str, data: bytes) -> None:
    with damaged(tiny.path(file), lambda before: data):
        for key, checks in READ_BY[file].items():
            for check in checks:
                started = time.monotonic()
                finding = tiny.judged(key, check)
                assert not finding.passed, f"{key} {check}"
                assert finding.summary
                assert time.monotonic() - started < 10


@pytest.mark.parametrize("text", NUMBERS)
@pytest.mark.parametrize("key", ["n_layers", "n_kv_heads", "dim", "n_future_tokens"])
def test_params_of_no_model(tiny, key, text):
    assert_all_fail(tiny, PARAMS, with_value(tiny.path(PARAMS).read_bytes(), key, text))


@pytest.mark.parametrize("text", [*NUMBERS[:7], "1" + "0" * 9, *NUMBERS[7:]])
def test_a_config_of_no_model(tiny, text):
    data = with_value(tiny.path(CONFIG).read_bytes(), "num_hidden_layers", text)
    assert_all_fail(tiny, CONFIG, data)


@pytest.mark.parametrize(
    "text",
    [BILLION_LAUGHS, "dim: .nan\n", "dim: &a [*a]\n", "[" * 30_000, "dim: " + "1" * 5000, "\0"],
)
def test_an_adapter_that_is_more_than_plain_values(tiny, text):
    assert_all_fail(tiny, ADAPTER, text.encode())


def sums_of_a_file_outside(tiny: TinyStorage, form: str) -> bytes:
    outside = tiny.path(PARAMS)
    name = form.format(outside, "../configs/params.json")
    return tiny.path(SUMS).read_bytes() + f"{sha256_of(outside)}  {name}\n".encode()


@pytest.mark.parametrize("form", ["{0}", "{1}", "a/../{1}", "./{1}"])
def test_sums_that_name_a_file_outside_with_its_right_digest(tiny, form):
    assert_all_fail(tiny, SUMS, sums_of_a_file_outside(tiny, form))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"weight_map": {"a": "/etc/hostname"}}', "7"])
def test_an_index_that_is_none(tiny, text):
    assert_all_fail(tiny, INDEX, text.encode())


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"num_hidden_layers": 10**9}, "num_hidden_layers: 1000000000"),
        ({"num_hidden_layers": 6}, "not as expected: missing model.layers.5"),
        ({"num_labels": 10**9}, "it has num_labels"),
        ({"model_type": "mixtral", "num_local_experts": 10**9}, "model_type is 'mixtral'"),
        ({"attn_implementation": "somebody/kernels"}, "it has attn_implementation"),
        ({"vocab_size": 2**23}, "model.embed_tokens.weight"),
    ],
)
def test_a_folder_is_opened_only_where_config_and_weights_are_one_model(tiny, change, named):
    """Both copies of config.json are damaged alike; transformers would build it all."""
    folder: Path = tiny.path("ref-sheared-llama-2.7b/safetensors")
    config = json.loads((folder / "config.json").read_bytes())
    with damaged(folder / "config.json", lambda before: json.dumps(config | change).encode()):
        with pytest.raises(BadInput, match=named):
            skeleton_finding(folder, read_header(folder / "model.safetensors"))
        with pytest.raises(BadInput, match=named):
            open_model(folder)


@pytest.mark.parametrize("length", [8, 10**12])
def test_a_tokenizer_json_that_pads_is_refused(tiny, length):
    """The tokenizers library ends the process where it cannot allocate so many ids."""
    path = tiny.path("ref-sheared-llama-2.7b/tokenizer/tokenizer.json")
    padding = {"strategy": {"Fixed": length}, "direction": "Right", "pad_to_multiple_of": None}
    padding |= {"pad_id": 0, "pad_type_id": 0, "pad_token": "<s>"}
    data = json.dumps({**json.loads(path.read_bytes()), "padding": padding}).encode()
    with damaged(path, lambda before: data):
        for check in CHECKS_OF_IDS:
            assert "pads or cuts" in tiny.judged("ref_sheared/tokenizer", check).summary


CHECKS_OF_IDS = [
    name
    for group in CHECK_GROUPS["ref_sheared/tokenizer"]
    for name in group.propositions
    if "ids_equal" in name
]
