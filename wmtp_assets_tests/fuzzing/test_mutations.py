"""The strategies change what they are given, and reach the kinds of damage they are for."""

import json

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from wmtp_assets_tests.fuzzing.mutations import HOSTILE_VALUES, damaged

pytestmark = pytest.mark.long

RIGHT = json.dumps({"dim": 32, "eps": 1e-05, "of": ["a", {"b": None}]}).encode()
SUMS = b"".join(b"%064d  %d.json\n" % (n, n) for n in range(3))
JSONL = b'{"output":"x","n":1}\n{"output":"y","n":2}\n'
REPEATABLE = settings(
    max_examples=1_000,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def whats(data: bytes) -> list[str]:
    found = []

    @REPEATABLE
    @given(damaged(data))
    def collect(damage):
        found.append((damage.what, damage.data))

    collect()
    assert sum(changed == data for _, changed in found) < len(found) / 5
    return [what for what, _ in found]


def test_keys_are_gone_twice_and_hostile():
    told = whats(RIGHT)
    for place in ('$["dim"]', '$["of"][1]["b"]'):
        assert any(what.startswith(f"{place} gone") for what in told), place
        assert any(what.startswith(f"{place} comes twice") for what in told), place
    reached = {name for name in HOSTILE_VALUES if any(f"as {name}" in what for what in told)}
    reached |= {name for name in HOSTILE_VALUES if any(f"is {name}" in what for what in told)}
    assert len(reached) > 1 / 2 * len(HOSTILE_VALUES)
    for kind in ("cut at", "flipped", "empty", "byte order mark", "NUL", "twice", "then"):
        assert any(kind in what for what in told), kind


def test_lines_of_a_list_of_digests_are_exchanged():
    told = whats(SUMS)
    assert any("../outside" in what for what in told)
    assert any(what.endswith("gone") for what in told)


def test_a_record_of_a_jsonl_is_damaged_as_json():
    told = whats(JSONL)
    assert any(what.startswith('line 2: $["n"]') for what in told)
