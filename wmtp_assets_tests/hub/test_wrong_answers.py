"""Whatever answers in place of the Hub is named, by a fetch, the watch and the doctor alike."""

import json
import subprocess
import sys

import pytest

from wmtp_assets_tests.hub.three_commands import COMMANDS, TOKEN
from wmtp_assets_tests.hub.wrong_answers import CASES

SECRETS = (TOKEN, "secret", "\x1b")
# What the error tells, where the server alone says too little.
TOLD = {
    "the page of a portal": "answers, and not as a Hub",
    "lists without end": "recursion limit exceeded",
    "a commit that is none": "names no commit",
    "a date that is none": "it is org/else now",
    "a redirect to itself": "without end",
    "a redirect to no address": "leads to what is no address",
    "a redirect to another scheme": "ftp://127.0.0.1",
    "a redirect with a password": "http://127.0.0.1:1 does not answer",
    "no gzip": "broken gzip",
    "half a gzip": "broken gzip",
    "a bomb": "sends more than 8,388,608 bytes",
    "an answer without end": "sends more than 8,388,608 bytes",
    "more announced than sent": "ended the connection",
    "another protocol": "ended the connection",
    "a status that is none": "sends what is no HTTP",
    "407": "the proxy wants a login",
    "511 with a page": "the network wants a login",
    "429 with rubbish": "limit",
}


@pytest.fixture(scope="module")
def told() -> list[str]:
    """The two lines that are printed."""
    done = subprocess.run(
        [sys.executable, "-m", "wmtp_assets_tests.hub.wrong_answers"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert not any(secret in done.stdout + done.stderr for secret in SECRETS)
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def found(told) -> dict:
    """Case -> command -> how it ended."""
    return json.loads(told[1])


@pytest.mark.parametrize("case", [*CASES, "an answer without end"])
def test_it_is_named_in_run_watch_and_doctor(found, case):
    ends = {name: (told["end"], told["says"]) for name, told in found[case].items()}
    assert ends.keys() == COMMANDS.keys()
    for name, (end, says) in ends.items():
        # The doctor warns of a rate limit, and does not fail.
        allowed = ("refused", "well") if (case, name) == ("429 with rubbish", "doctor") else None
        assert end in (allowed or ("refused",)), (name, says)
        assert "Fix: " in says or end == "well"
        assert TOLD.get(case, "") in says, (name, says)
        assert any(part in says for part in ("http://", "ftp://", "HF_", "org/thing")), says
    assert max(told["seconds"] for told in found[case].values()) < 10


def test_the_right_answers_end_well(found):
    assert {told["end"] for told in found["right"].values()} == {"well"}


def test_nothing_is_asked_but_what_the_commands_need(told):
    asked = {path.removeprefix("/api/").removeprefix("/org/thing/") for path in json.loads(told[0])}
    # huggingface_hub 2.4 asks for a list of programs beside, and reads it without bound.
    assert asked == {
        "models/org/thing/revision/main",
        "models/org/thing/auth-check",
        "whoami-v2",
        f"resolve/{'c' * 40}/config.json",
        f"resolve/{'c' * 40}/weights.parquet",
        "weights.parquet",  # the CDN
    }
