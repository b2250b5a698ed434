"""make, in folders of every name: each target sets up and runs its commands there."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
NAMES = ["plain", "a b", "é 한글 (1)", "it's", "a & b; c"]
# Sets up a virtual environment of nothing but itself; tells where it runs and what.
PYTHON = """#!/bin/sh
printf '%s|%s\\n' "$PWD" "$*" >> told
case "$1" in tools/set_up.py) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;; esac
"""


@pytest.fixture(params=NAMES)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return checkout(tmp_path / request.param)


def checkout(folder: Path) -> Path:
    """A folder with the Makefile, beside it a Python that only tells."""
    folder.mkdir()
    shutil.copy(PROJECT / "Makefile", folder)
    for name in ("python", "python3"):
        python = folder.parent / name
        python.write_text(PYTHON)
        python.chmod(0o755)
    return folder


def make(folder: Path, target: str, *variables: str) -> str:
    """Run a target; what it printed."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("WMTP_", "MAKE"))}
    environment.pop("PYTHON", None)
    environment["PATH"] = f"{folder.parent}:{environment['PATH']}"
    done = subprocess.run(
        ["make", *filter(None, [target]), *variables],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def told(folder: Path) -> list[str]:
    """What was run by the Pythons, all of it in the folder."""
    rows = [line.split("|") for line in (folder / "told").read_text().splitlines()]
    assert {row[0] for row in rows} == {str(folder)}
    assert {p.name for p in folder.parent.iterdir()} == {folder.name, "python", "python3"}
    return [row[1] for row in rows]


@pytest.mark.parametrize("target", ["sample", "ui"])
def test_make_sample_and_ui_set_up_and_run_the_commands_of_the_wheel(folder: Path, target: str):
    make(folder, target)
    assert told(folder) == ["tools/set_up.py sign", f"-m wmtp_assets.{target}"]


def test_make_test_and_lint_set_up_and_run(folder: Path):
    make(folder, "test")
    make(folder, "lint")
    asked = [command.split(" -n")[0] for command in told(folder)]
    assert asked == [
        "tools/set_up.py dev",
        "-m pytest",
        "tools/set_up.py dev",
        "-m ruff check .",
        "-m ruff format --check .",
        "-m pyright",
    ]


def test_a_python_that_was_asked_for_has_to_be_the_one_of_the_environment(tmp_path: Path):
    folder = checkout(tmp_path / "plain")
    make(folder, "setup")
    make(folder, "setup", f"PYTHON={tmp_path / 'python'}")
    assert told(folder) == ["tools/set_up.py sign", "tools/set_up.py --exact sign"]


def test_make_alone_lists_the_targets_with_what_they_cost(tmp_path: Path):
    folder = checkout(tmp_path / "plain")
    listed = make(folder, "")
    assert not (folder / "told").exists()
    phony = (PROJECT / "Makefile").read_text().split(".PHONY:")[1].splitlines()[0].split()
    missing = {name for name in phony if f"make {name} " not in listed}
    assert missing == {"help", "setup", "setup-dev"}
    assert "1.8 GB" in listed and "minutes" in listed


@pytest.mark.parametrize("target", ["clean", "distclean"])
def test_cleaning_says_what_it_leaves_and_never_takes_the_real_run(tmp_path: Path, target: str):
    folder = checkout(tmp_path / "plain")
    real = {".dagster_home", "storage", "docs"}
    made = {".sample", ".venv", ".venv.aside-1", "wmtp_assets.egg-info"}
    for name in real | made:
        (folder / name / "x").mkdir(parents=True)
    said = make(folder, target)
    left = {path.name for path in folder.iterdir()} - {"Makefile"}
    assert left == real | (made - {".sample"} if target == "clean" else set())
    assert all(name in said.splitlines()[-1] for name in real)
