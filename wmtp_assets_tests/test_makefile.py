"""make, in folders of every name: each target runs its commands there, with the record there."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
NAMES = ["plain", "a b", "é 한글 (1)", "it's", "a & b; c"]
# Makes a virtual environment of nothing but itself; then tells where it runs and what.
PYTHON = """#!/bin/sh
case "$*" in
    *"venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *) printf '%s|%s|%s\\n' "$PWD" "$DAGSTER_HOME" "$*" >> told ;;
esac
"""


@pytest.fixture(params=NAMES)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / request.param
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "dagster.yaml"):
        shutil.copy(PROJECT / name, folder)
    python = tmp_path / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    return folder


def make(folder: Path, target: str) -> list[list[str]]:
    """Run a target on a new checkout; where each command ran, with which record, and which."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("WMTP_", "MAKE"))}
    environment |= {"DAGSTER_HOME": ""}
    done = subprocess.run(
        ["make", target, f"PYTHON={folder.parent / 'python'}"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = [line.split("|") for line in (folder / "told").read_text().splitlines()]
    assert {row[0] for row in told} == {str(folder)}
    return told


def test_make_sample_sets_up_and_runs_with_its_own_record(folder: Path):
    install, sample = make(folder, "sample")
    assert install[2].endswith("-c constraints.txt -e .[sign]")
    home = folder / ".sample" / "dagster_home"
    assert sample[1:] == [str(home), "-m wmtp_assets.sample"]
    assert (home / "dagster.yaml").is_file()
    assert {p.name for p in folder.parent.iterdir()} == {folder.name, "python"}


def test_make_ui_looks_at_its_record_and_port_first(folder: Path):
    _, record, port, ui = make(folder, "ui")
    assert "wrong_with_record" in record[2] and "socket" in port[2]
    home = str(folder / ".sample" / "dagster_home")
    assert ui[1:] == [home, "-m dagster dev -h 127.0.0.1 -p 3000 -m wmtp_assets.definitions"]


def test_make_test_and_lint_set_up_once_and_run(folder: Path):
    assert [row[2].split()[1] for row in make(folder, "test")] == ["pip", "pip", "pytest"]
    (folder / "told").unlink()
    assert [row[2] for row in make(folder, "lint")] == [
        "-m ruff check .",
        "-m ruff format --check .",
    ]
