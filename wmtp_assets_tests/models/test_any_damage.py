"""Damage of any kind ends in failed checks, never in a check step that crashes."""

import random
from pathlib import Path

import pytest

from wmtp_assets.checking.asset_checks import evaluate_group
from wmtp_assets_tests.models.test_checks import ADAPTER, CONFIG, META, PARAMS, STARLING_CONFIG
from wmtp_assets_tests.models.tiny import CHECK_GROUPS, TinyStorage, damaged

SMALL_FILES = [
    ("meta_mtp/configs", PARAMS),
    ("meta_mtp/configs", ADAPTER),
    ("meta_mtp/safetensors", PARAMS),
    ("meta_mtp/metadata", f"{META}/metadata.json"),
    ("meta_mtp/metadata", f"{META}/safetensors/SHA256SUMS"),
    ("meta_mtp/tokenizer", f"{META}/tokenizer/tokenizer_config.json"),
    ("meta_mtp/tokenizer", f"{META}/tokenizer/special_tokens_map.json"),
    ("ref_sheared/configs", CONFIG),
    ("ref_sheared/safetensors", CONFIG),
    ("meta_mtp/safetensors", f"{META}/safetensors/SHA256SUMS"),
    ("starling_rm/safetensors", STARLING_CONFIG),
    ("meta_mtp/safetensors", f"{META}/safetensors/model.safetensors"),
]


@pytest.mark.parametrize(("key", "path"), SMALL_FILES)
def test_no_flipped_byte_crashes_a_quick_check(tiny: TinyStorage, key: str, path: str):
    chance = random.Random(path)
    file: Path = tiny.path(path)
    span = min(file.stat().st_size, 3000)
    # A tokenizer takes half a second to load.
    for _ in range(2 if "tokenizer" in key else 15):
        at, bit = chance.randrange(span), 1 << chance.randrange(8)
        with damaged(file, lambda d, at=at, bit=bit: d[:at] + bytes([d[at] ^ bit]) + d[at + 1 :]):
            state = tiny.state(key)
            for group in CHECK_GROUPS[key]:
                if not group.deep:
                    evaluate_group(group, tiny.deployment, state)


@pytest.mark.parametrize("content", [b"", b"null", b"\xff\xfe", b'{"a: ['])
@pytest.mark.parametrize(("key", "path"), SMALL_FILES[:-1])
def test_no_malformed_file_crashes_a_quick_check(tiny, key: str, path: str, content: bytes):
    with damaged(tiny.path(path), lambda data: content):
        state = tiny.state(key)
        found = [
            finding
            for group in CHECK_GROUPS[key]
            if not group.deep
            for finding in evaluate_group(group, tiny.deployment, state).values()
        ]
    assert not all(finding.passed for finding in found)
