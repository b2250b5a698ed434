"""`dg`, Dagster's present command, finds the graph from the root of the project."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long
PROJECT = Path(__file__).parent.parent


def dg_says(home: Path, *arguments: str) -> str:
    """What a command of dg prints, with a home of its own and no way out.

    The proxy is a closed port: what asks the network fails, or waits.
    """
    shutil.copy(PROJECT / "dagster.yaml", home)
    settings = {k: v for k, v in os.environ.items() if not k.startswith("WMTP_")}
    settings |= {"DAGSTER_HOME": str(home), "HOME": str(home), "WMTP_SOURCE": "sample"}
    settings |= {"PYTHONWARNINGS": "ignore", "https_proxy": "http://127.0.0.1:9"}
    program = [str(Path(sys.executable).parent / "dg"), *arguments]
    done = subprocess.run(program, cwd=PROJECT, env=settings, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


def test_dg_checks_the_definitions_and_says_nothing_else(tmp_path):
    assert dg_says(tmp_path, "check", "defs").splitlines() == [
        "All component YAML validated successfully.",
        "All definitions loaded successfully.",
    ]


def test_dg_lists_what_the_graph_holds(tmp_path):
    listed = json.loads(dg_says(tmp_path, "list", "defs", "--json"))
    assets = {asset["asset_key"] for asset in listed["assets"]}
    assert {"micro_mtp", "mbpp/train", "signoff/approval", "upstream/mbpp"} <= assets
    assert {"phase1", "report"} <= {job["name"] for job in listed["jobs"]}
