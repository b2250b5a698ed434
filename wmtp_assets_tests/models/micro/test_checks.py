"""Every check of the micro models, passing on a whole storage and failing on a named damage."""

import json
import struct
from collections.abc import Callable

import pytest
import torch

from wmtp_assets.models.micro import findings
from wmtp_assets.models.micro.checks import MICRO_CHECKS
from wmtp_assets_tests.models.tiny import TinyStorage, damaged, flip, swap

Change = Callable[[bytes], bytes | None]


def common(folder: str, equal: str, norm: str) -> dict[str, tuple[str, Change, str]]:
    """check -> (file, change, what the finding names)."""
    weights, sums = f"{folder}/safetensors/model.safetensors", f"{folder}/safetensors/SHA256SUMS"
    other = norm[:-6] + "wiegth"
    return {
        "header_covers_the_file_exactly": (weights, lambda d: d + b"x", "the file at"),
        "header_claims_format_only": (weights, swap('"pt"', '"np"'), "format: expected pt"),
        "every_tensor_is_float16": (weights, as_bfloat16(norm), f"{norm} is bfloat16"),
        "names_and_shapes_match_architecture": (
            weights,
            swap(f'"{norm}"', f'"{other}"'),
            f"missing {norm}",
        ),
        "configs_follow_from_source_and_catalog": (
            f"{folder}/configs/config.json",
            swap('"num_hidden_layers": 4', '"num_hidden_layers": 5'),
            "num_hidden_layers: expected 4, found 5",
        ),
        "tokenizer_bytes_equal_source": (
            f"{folder}/tokenizer/special_tokens_map.json",
            flip(5),
            "special_tokens_map.json",
        ),
        "metadata_agrees_with_disk": (
            f"{folder}/metadata.json",
            swap('"mps"', '"cpu"'),
            "target_device: expected mps, found cpu",
        ),
        "metadata_states_every_field": (
            f"{folder}/metadata.json",
            swap('"kept"', '"cut"'),
            "missing kept",
        ),
        "model_card_says_what_is_stored": (
            f"{folder}/README.md",
            swap("float16, safetensors", "float32, safetensors"),
            "parameters, float32, safetensors', expected '",
        ),
        "sha256sums_names_exactly_the_files": (
            sums,
            swap("model.safetensors", "madel.safetensors"),
            "madel.safetensors is not there",
        ),
        "sha256sums_match": (weights, flip(-1), "model.safetensors: expected"),
        "all_values_are_finite": (weights, lambda d: d[:-2] + b"\x00\x7e", "is nan"),
        equal: (weights, flip(-2), "is not the leading"),
        "forward_pass_is_finite_with_gradients": (
            weights,
            lambda d: d[:-2] + b"\x00\x7c",
            "logits are not all finite",
        ),
    }


def as_bfloat16(name: str) -> Change:
    def change(data: bytes) -> bytes:
        [length] = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + length])
        header[name]["dtype"] = "BF16"
        text = json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + data[8 + length :]

    return change


def too_large(folder: str) -> dict[str, tuple[str, Change, str]]:
    file = f"{folder}/safetensors/model.safetensors"
    return {
        "file_is_under_50_million_bytes": (
            file,
            lambda d: d + bytes(50_000_000 - len(d)),
            "model.safetensors has 50,000,000 bytes",
        )
    }


def opened(folder: str) -> dict[str, tuple[str, Change, str]]:
    """Of a folder that transformers opens."""
    return {
        "copied_files_equal_their_originals": (
            f"{folder}/safetensors/tokenizer_config.json",
            flip(9),
            "tokenizer_config.json",
        ),
        "auto_tokenizer_ids_equal_sentencepiece": (
            f"{folder}/safetensors/tokenizer.json",
            swap('"prepend":"▁"', '"prepend":"x"'),
            "not opened: 1 of 6 copied files",
        ),
    }


DAMAGES = {
    "micro_mtp": {
        **common("micro-mtp", findings.EQUAL_SLICES, "norm.weight"),
        **too_large("micro-mtp"),
    },
    "micro_mtp_untied": common("micro-mtp-untied", findings.EQUAL_TIED, "norm.weight"),
    "micro_ref": {
        **common("micro-ref", findings.EQUAL_SLICES, "model.norm.weight"),
        **too_large("micro-ref"),
        **opened("micro-ref"),
        "rho1_compatible": (
            "micro-ref/safetensors/model.safetensors",
            lambda d: d[:-2] + b"\x00\x7e",
            "reference losses are not finite",
        ),
    },
    "micro_ref_untied": {
        **common("micro-ref-untied", findings.EQUAL_TIED, "model.norm.weight"),
        **opened("micro-ref-untied"),
    },
}
CASES = [
    (k, check) for k, groups in MICRO_CHECKS.items() for r in groups for check in r.propositions
]


def test_the_table_of_damages_covers_every_check():
    assert {(key, check) for key in DAMAGES for check in DAMAGES[key]} == set(CASES)


@pytest.mark.parametrize(("key", "check"), CASES)
def test_a_whole_storage_passes(tiny: TinyStorage, key: str, check: str):
    finding = tiny.healthy(key, check)
    assert finding.passed is True, finding.summary


@pytest.mark.parametrize(("key", "check"), CASES)
def test_damage_fails_and_is_named(tiny: TinyStorage, key: str, check: str):
    path, change, named = DAMAGES[key][check]
    with damaged(tiny.path(path), change):
        finding = tiny.judged(key, check)
    assert finding.passed is False
    assert named in finding.summary, finding.summary


def weights_last(data: bytes) -> bytes:
    return b"".join(sorted(data.splitlines(keepends=True), key=lambda line: b"model.s" in line))


@pytest.mark.parametrize("folder", ["micro-ref", "micro-ref-untied"])
def test_a_sha256sums_that_names_the_weights_last_fails(tiny: TinyStorage, folder: str):
    with damaged(tiny.path(f"{folder}/safetensors/SHA256SUMS"), weights_last):
        finding = tiny.judged(folder.replace("-", "_"), "sha256sums_names_exactly_the_files")
    assert not finding.passed
    assert "is named before model.safetensors" in finding.summary, finding.summary


def test_the_forward_pass_says_shape_and_gradients(tiny: TinyStorage):
    summary = tiny.healthy("micro_mtp", "forward_pass_is_finite_with_gradients").summary
    assert summary.startswith("logits [2, 12, 4, 32000] and 38 gradients are finite")


def test_a_config_that_asks_for_another_model_fails(tiny: TinyStorage):
    with damaged(
        tiny.path("micro-mtp/configs/params.json"), swap('"n_layers": 4', '"n_layers": 5')
    ):
        finding = tiny.judged("micro_mtp", "forward_pass_is_finite_with_gradients")
    assert not finding.passed and "missing layers.1." in finding.summary


def test_logits_of_another_shape_and_parameters_without_gradient_are_named():
    model = torch.nn.ModuleDict({"used": torch.nn.Embedding(9, 7), "idle": torch.nn.Linear(2, 2)})
    finding = findings.run_finding(model, lambda ids: model["used"](ids), [2, 12, 9])
    assert finding.evidence["culprits"] == [
        "logits [2, 12, 7], not [2, 12, 9]",
        "idle.weight has no finite gradient",
        "idle.bias has no finite gradient",
    ]


def test_a_gradient_that_is_not_finite_is_named_and_none_is_kept():
    model = torch.nn.ModuleDict({"used": torch.nn.Embedding(9, 7), "root": torch.nn.Linear(1, 1)})
    torch.nn.init.zeros_(model["root"].weight)
    ones = torch.ones(1, 1)

    def forward(ids):  # the root of 0 has an infinite slope
        return model["used"](ids) + model["root"].weight.sqrt() + model["root"](ones)

    finding = findings.run_finding(model, forward, [2, 12, 7])
    assert finding.evidence["culprits"] == ["root.weight has no finite gradient"]
    assert all(weight.grad is None for weight in model.parameters())
