"""Every check of the room, passing on a whole storage and failing on one damage that it names."""

import json
import struct
from collections.abc import Callable

import pytest

from wmtp_assets.models.checks import MODEL_CHECKS
from wmtp_assets.models.rows import MODELS
from wmtp_assets_tests.models.tiny import TinyStorage, damaged, flip, swap

Change = Callable[[bytes], bytes | None]
META, REF, STARLING = "meta-llama-mtp", "ref-sheared-llama-2.7b", "starling-rm-7b"


def renamed(old: str, new: str) -> Change:
    """Rename a tensor in the header; both names have the same length."""
    assert len(old) == len(new)
    return swap(f'"{old}"', f'"{new}"')


def header_entry(name: str, **fields) -> Change:
    """Set fields of one header entry, the tensors' bytes staying as they are."""

    def change(data: bytes) -> bytes:
        [length] = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + length])
        header[name] |= fields
        text = json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + data[8 + length :]

    return change


def last_value(bits: int) -> Change:
    """Set the last two bytes, one value of the last tensor."""
    return lambda data: data[:-2] + bits.to_bytes(2, "little")


def without_prepend(data: bytes) -> bytes:
    """A tokenizer.json that no longer puts a space mark in front."""
    content = json.loads(data)
    content["normalizer"]["normalizers"] = content["normalizer"]["normalizers"][1:]
    return json.dumps(content).encode()


def without_last_piece(data: bytes) -> bytes:
    """tokenizer.model with one piece less: the pieces are the leading fields of the message."""
    starts, at = [], 0
    while data[at] == 0x0A:
        starts.append(at)
        size, shift, at = 0, 0, at + 1
        while True:
            byte = data[at]
            size, shift, at = size | (byte & 0x7F) << shift, shift + 7, at + 1
            if not byte & 0x80:
                break
        at += size
    return data[: starts[-1]] + data[at:]


def weights_damages(model: str, last: str, other: str) -> dict[str, tuple[str, Change, str]]:
    """Damages of a safetensors folder: check -> (file, change, what the finding names)."""
    file = f"{model}/safetensors/model.safetensors"
    sums = f"{model}/safetensors/SHA256SUMS"
    return {
        "header_covers_the_file_exactly": (file, lambda d: d + b"12345678", "the file at"),
        "header_claims_format_only": (
            file,
            header_entry("__metadata__", dtype="float16"),
            "unexpected dtype",
        ),
        "names_and_shapes_match_architecture": (file, renamed(last, other), f"missing {last}"),
        "names_and_shapes_match_catalog_geometry": (
            file,
            renamed(last, other),
            f"unexpected {other}",
        ),
        "sha256sums_names_exactly_the_files": (
            sums,
            swap("model.safetensors", "model.safetensorz"),
            "model.safetensors is not named",
        ),
        "sha256sums_match": (file, flip(-1), "model.safetensors: expected"),
        "all_values_are_finite": (file, last_value(0x7F80), "value"),
        "tensors_equal_source": (file, flip(-2), "the source gives"),
    }


def tokenizer_damages(model: str) -> dict[str, tuple[str, Change, str]]:
    model_file = f"{model}/tokenizer/tokenizer.model"
    json_file = f"{model}/tokenizer/tokenizer.json"
    return {
        "tokenizer_model_has_expected_sha256": (model_file, without_last_piece, "tokenizer.model"),
        "tokenizer_has_32000_pieces": (model_file, without_last_piece, "31,999 pieces"),
        "tokenizer_config_names_vocabulary_and_class": (
            f"{model}/tokenizer/tokenizer_config.json",
            swap("PreTrainedTokenizerFast", "LlamaTokenizer"),
            "tokenizer_class",
        ),
        "tokenizer_json_ids_equal_sentencepiece": (json_file, without_prepend, "'a' without BOS"),
        "auto_tokenizer_ids_equal_sentencepiece": (json_file, without_prepend, "'a' with BOS"),
    }


def metadata_damages(model: str) -> dict[str, tuple[str, Change, str]]:
    file = f"{model}/metadata.json"
    return {
        "metadata_agrees_with_disk": (file, swap("v2.0.0", "v2.0.1"), "version: expected v2.0.0"),
        "metadata_states_every_field": (file, swap('"created_at"', '"created_on"'), "created_at"),
        "model_card_says_what_is_stored": (
            f"{model}/README.md",
            swap("license: ", "license: not-"),
            "expected 'license: apache-2.0'",
        ),
    }


PARAMS, ADAPTER = f"{META}/configs/params.json", f"{META}/configs/meta_adapter.yaml"
CONFIG = f"{REF}/configs/config.json"
STARLING_CONFIG = f"{STARLING}/configs/config.json"
REF_WEIGHTS = f"{REF}/safetensors/model.safetensors"
STARLING_WEIGHTS = f"{STARLING}/safetensors/model.safetensors"

DAMAGES: dict[str, dict[str, tuple[str, Change, str]]] = {
    "meta_mtp/tokenizer": tokenizer_damages(META),
    "meta_mtp/configs": {
        "params_json_has_only_known_keys": (PARAMS, swap('"dim"', '"din"'), "din"),
        "settings_match_catalog_geometry": (PARAMS, swap('"n_heads": 2', '"n_heads": 1'), "n_head"),
        "rope_theta_and_future_tokens_as_published": (
            PARAMS,
            swap("10000.0", "50000.0"),
            "rope_theta: expected 10000.0, found 50000.0",
        ),
        "meta_adapter_agrees_with_params": (
            ADAPTER,
            swap("n_future_tokens: 4", "n_future_tokens: 5"),
            "n_future_tokens",
        ),
    },
    "meta_mtp/safetensors": {
        **weights_damages(META, "norm.weight", "nom.weights"),
        "every_tensor_is_float16": (
            f"{META}/safetensors/model.safetensors",
            header_entry("norm.weight", dtype="BF16"),
            "norm.weight is bfloat16",
        ),
    },
    "meta_mtp/metadata": {
        **metadata_damages(META),
        "parameters_agree_across_files": (
            ADAPTER,
            swap("num_layers: 5", "num_layers: 7"),
            "num_layers: params.json says 5, meta_adapter.yaml says 7",
        ),
        "both_models_have_the_same_tokenizer_bytes": (
            f"{REF}/tokenizer/tokenizer.model",
            flip(100),
            REF,
        ),
    },
    "ref_sheared/tokenizer": tokenizer_damages(REF),
    "ref_sheared/configs": {
        "config_json_says_stored_dtype": (
            CONFIG,
            swap('"torch_dtype": "float16"', '"torch_dtype": "float32"'),
            "torch_dtype: expected float16, found float32",
        ),
        "settings_match_catalog_geometry": (
            CONFIG,
            swap('"vocab_size": 32000', '"vocab_size": 32001'),
            "vocab_size",
        ),
        "settings_equal_source_but_for_dtype": (
            f"{REF}/configs/generation_config.json",
            swap('"bos_token_id": 1', '"bos_token_id": 7'),
            "generation_config.json bos_token_id: expected 1, found 7",
        ),
    },
    "ref_sheared/safetensors": {
        **weights_damages(REF, "model.norm.weight", "model.nom.weights"),
        "every_tensor_is_float16": (
            REF_WEIGHTS,
            header_entry("model.norm.weight", dtype="BF16"),
            "model.norm.weight is bfloat16",
        ),
        "copied_files_equal_their_originals": (
            f"{REF}/safetensors/config.json",
            flip(20),
            "config.json: expected",
        ),
        "opens_with_transformers": (
            REF_WEIGHTS,
            renamed("model.norm.weight", "model.nom.weights"),
            "missing model.norm.weight",
        ),
        "auto_tokenizer_ids_equal_sentencepiece": (
            f"{REF}/safetensors/tokenizer.json",
            without_prepend,
            "tokenizer.json",
        ),
    },
    "ref_sheared/metadata": metadata_damages(REF),
    "starling_rm/configs": {
        "settings_match_catalog_geometry": (
            STARLING_CONFIG,
            swap('"vocab_size": 32000', '"vocab_size": 32001'),
            "vocab_size",
        ),
        "settings_equal_source_but_for_dtype": (
            STARLING_CONFIG,
            swap("LLMForSequenceRegression", "LlamaForCausalLM"),
            "architectures",
        ),
    },
    "starling_rm/safetensors": {
        **weights_damages(STARLING, "v_head.weight", "v_haed.weight"),
        "every_tensor_keeps_published_dtype": (
            STARLING_WEIGHTS,
            header_entry("v_head.weight", dtype="F16"),
            "unexpected float16",
        ),
    },
    "starling_rm/metadata": {
        **metadata_damages(STARLING),
        "config_json_says_stored_dtype": (
            STARLING_CONFIG,
            swap('"dtype": "bfloat16"', '"dtype": "float16"'),
            "dtype: expected bfloat16, found float16",
        ),
    },
}

CASES = [
    (key, check) for key, groups in MODEL_CHECKS.items() for r in groups for check in r.propositions
]


def told_of(key: str) -> str:
    """The asset whose damages are told: itself, or that of a model of the same form."""
    name, part = key.split("/")
    likes = [f"{like}/{part}" for like, row in MODELS.items() if row.form is MODELS[name].form]
    return key if key in DAMAGES else next(like for like in likes if like in DAMAGES)


def folder_of(key: str) -> str:
    """The folder of the model of an asset."""
    return MODELS[key.split("/")[0]].published.folder


def test_the_table_of_damages_covers_every_check():
    told = {(key, check) for key in DAMAGES for check in DAMAGES[key]}
    assert told == {(told_of(key), check) for key, check in CASES}


@pytest.mark.parametrize(("key", "check"), CASES)
def test_a_whole_storage_passes(tiny: TinyStorage, key: str, check: str):
    finding = tiny.healthy(key, check)
    assert finding.passed is True, finding.summary


@pytest.mark.parametrize(("key", "check"), CASES)
def test_damage_fails_and_is_named(tiny: TinyStorage, key: str, check: str):
    like = told_of(key)
    path, change, named = DAMAGES[like][check]
    path = path.replace(folder_of(like), folder_of(key))
    with damaged(tiny.path(path), change):
        finding = tiny.judged(key, check)
    assert finding.passed is False
    assert named in finding.summary, finding.summary


def test_a_removed_source_fails_without_a_recorded_proof(tiny: TinyStorage):
    with damaged(tiny.path(f"{META}/raw/7B_1T_4/consolidated.pth"), lambda data: None):
        finding = tiny.judged("meta_mtp/safetensors", "tensors_equal_source")
        assert not finding.passed and "no longer on disk" in finding.summary
        assert tiny.judged("meta_mtp/safetensors", "all_values_are_finite").passed


def test_configs_whose_source_was_removed_say_so(tiny: TinyStorage):
    with damaged(tiny.path(f"{REF}/raw/config.json"), lambda data: None):
        finding = tiny.judged("ref_sheared/configs", "settings_equal_source_but_for_dtype")
    assert finding.passed and "no longer in raw/: config.json" in finding.summary
