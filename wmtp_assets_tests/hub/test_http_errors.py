"""What a server asks to wait for is believed where it is a time; of its words only known ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmtp_assets.hub.http_errors import Refused, asked_wait, http_error
from wmtp_assets.hub.retry import Busy


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
        ({"ratelimit": '"api";r=0;t=55'}, 55.0),
        ({"Retry-After": "x", "ratelimit": '"api";r=0;t=55'}, 55.0),
        ({"ratelimit": '"api";r=3;t=55'}, None),
        ({"Retry-After": "9" * 5000}, None),
        ({"Retry-After": "\u00b2"}, None),
        ({"Retry-After": "Mon, 99 Zzz 99999 25:61"}, None),
        ({"ratelimit": '"api";r=0;t=' + "9" * 5000}, None),
        ({}, None),
    ],
)
def test_a_time_to_wait_is_one_of_a_clock_or_none(headers, seconds):
    assert asked_wait(headers) == seconds


@given(st.text(), st.text())
def test_no_text_of_a_header_raises(after, limit):
    assert asked_wait({"Retry-After": after, "ratelimit": limit}) is None or after


@pytest.mark.parametrize(
    ("status", "code", "known"),
    [(404, "EntryNotFound", "EntryNotFound"), (404, "\x1b[2J", ""), (418, "", "")],
)
def test_only_known_words_of_a_server_are_repeated(status, code, known):
    error = http_error(None, "it", "https://hub", status, {"X-Error-Code": code})
    assert isinstance(error, Refused) and (error.status, error.code) == (status, known)
    assert "\x1b" not in str(error) and f"HTTP {status}" in str(error)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_waited_for(status):
    assert isinstance(http_error(None, "it", "https://hub", status, {}), Busy)
