"""Every answer of the Hub, damaged: each command ends well or refused by name, within bounds.

`python -m wmtp_assets_tests.hub.fuzz_answers --examples 4000` looks longer.
"""

import json
import subprocess
import sys

import pytest

from wmtp_assets_tests.hub.fuzz_answers import SWEPT

pytestmark = pytest.mark.long


def test_no_damaged_answer_ends_in_anything_but_right_bytes_or_a_named_error():
    done = subprocess.run(
        [sys.executable, "-m", "wmtp_assets_tests.hub.fuzz_answers", "--examples", "100"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    numbers = json.loads(done.stdout.splitlines()[-1])
    assert numbers["faults"] == []
    assert numbers["examples"] >= 700 and numbers["peak_mib"] < 1024
    asked = {"GET auth-check", "GET config.json", "GET whoami-v2", "HEAD config.json"}
    assert numbers["kinds"].keys() == asked | {*SWEPT}, "nothing else is asked of the Hub"
    assert min(numbers["ends"][f"{name} well"] for name in ("fetch", "watch", "doctor")) > 10
