"""Files that people edit by hand: whatever is no JSON text ends as a named error."""

from pathlib import Path

import pytest

from wmtp_assets.errors import BadInput
from wmtp_assets.models.strict_json import parse_object


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": 1, "b": 1}}',
        b'{"a": \xff}',
        b'{"a":' * 100_000,
        b'{"a": "\\ud800"}',
        b'{"a": ["\\udfff\\ud800"]}',
        b'{"\\ud800": 1}',
        b'{"a": "\xed\xa0\x80"}',
    ],
)
def test_what_is_no_sound_object_is_named_with_a_fix(data):
    with pytest.raises(BadInput, match=r"a\.json.*Fix: "):
        parse_object(data, Path("a.json"))


def test_a_pair_of_surrogates_is_one_character():
    assert parse_object(b'{"a": "\\ud83d\\ude00"}', Path("a.json")) == {"a": "\U0001f600"}
