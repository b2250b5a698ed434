"""tools/set_up.py: the version first, nothing half made, nothing of others removed.

The long tests set up a package of nothing with the real venv and pip, from no index.
"""

import ast
import json
import os
import re
import runpy
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
SCRIPT = PROJECT / "tools" / "set_up.py"
SET_UP = runpy.run_path(str(SCRIPT))
# Another Python, as far as the script can tell.
AS_VERSION = """
import platform, runpy, sys
version, sys.argv = sys.argv[1], sys.argv[2:]
platform.python_version = lambda: version
runpy.run_path(sys.argv[0], run_name="__main__")
"""
# Builds a package without a module; on demand as slowly as one that is downloaded.
BACKEND = """
import os, pathlib, time, zipfile

FILES = {
    "METADATA": ("Metadata-Version: 2.1", "Name: nothing", "Version: 1.0",
                 "Provides-Extra: sign", "Provides-Extra: dev"),
    "WHEEL": ("Wheel-Version: 1.0", "Generator: x", "Root-Is-Purelib: true", "Tag: py3-none-any"),
    "RECORD": (),
}

def build_editable(folder, config_settings=None, metadata_directory=None):
    if begun := os.environ.get("SLOW"):
        pathlib.Path(begun).touch()
        time.sleep(5)
    name = "nothing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        for file, lines in FILES.items():
            wheel.writestr(f"nothing-1.0.dist-info/{file}", "".join(f"{x}\\n" for x in lines))
    return name
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "nothing"
version = "1.0"
optional-dependencies = {sign = [], dev = []}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "backend.py").write_text(BACKEND)
    (tmp_path / "constraints.txt").touch()
    return tmp_path


def start(project: Path, *arguments: str, version: str = "", **settings: str) -> subprocess.Popen:
    """Start a set-up in a group of its own."""
    command = [str(SCRIPT), *arguments]
    if version:
        command = ["-c", AS_VERSION, version, *command]
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=project,
        env=os.environ | {"PIP_NO_INDEX": "1", "PIP_NO_CACHE_DIR": "1"} | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def set_up(project: Path, *arguments: str, version: str = "", code: int = 0) -> list[str]:
    """Set up; the lines it printed."""
    process = start(project, *arguments, version=version)
    said = process.communicate()[0]
    assert process.returncode == code, said
    return said.splitlines()


def is_whole(project: Path) -> bool:
    """Whether the environment runs and holds the package."""
    ask = "from importlib.metadata import version; print(version('nothing'))"
    done = subprocess.run(
        [project / ".venv/bin/python", "-c", ask], capture_output=True, text=True, cwd="/"
    )
    return done.stdout.strip() == "1.0"


@pytest.mark.parametrize("version", ["3.10.13", "3.14.0"])
def test_another_python_is_named_in_one_line_before_anything_is_made(project: Path, version: str):
    before = sorted(project.iterdir())
    [line] = set_up(project, "sign", version=version, code=1)
    assert line.startswith(f"Python {version} was found ({sys.executable})")
    assert "wanted is 3.11, 3.12, 3.13" in line
    assert re.search(r"as in make sample PYTHON=python3\.1[123]$", line)
    assert sorted(project.iterdir()) == before


def test_the_fix_names_a_python_of_this_machine_where_there_is_one():
    wrong = SET_UP["wrong_python"]
    assert wrong("3.9.1", "/x", "python3.13").endswith("make sample PYTHON=python3.13")
    assert "install one, and add PYTHON=python3.12" in wrong("3.9.1", "/x", "")


def test_the_wanted_versions_are_those_of_pyproject():
    wanted = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["requires-python"]
    first, last = SET_UP["WANTED"][0], SET_UP["WANTED"][-1]
    assert wanted == f">={first},<3.{int(last.split('.')[1]) + 1}"


def test_an_old_python_can_read_the_script():
    ast.parse(SCRIPT.read_text("utf-8"), feature_version=(3, 7))


def test_the_lines_of_pip_become_progress():
    how_far = SET_UP["how_far"]
    lines = ["Obtaining file:///x\n", "Collecting torch==2.13.0 (from x)\n"]
    assert how_far(lines, 2) == "asks the package index"
    lines += ["  Downloading torch-2.13.0.whl (180 MB)\n"]
    assert how_far(lines, 2) == "1 packages found; Downloading torch-2.13.0.whl (180 MB)"
    lines += ["Installing collected packages: a, b, torch\n"]
    assert how_far(lines, 2) == "2 packages installed of 3"


@pytest.mark.long
def test_a_set_up_is_done_once_and_again_where_python_pins_or_parts_are_others(project: Path):
    said = set_up(project, "sign")
    assert "1.8 GB" in said[0] and "minutes" in said[0]
    assert "packages are there after" in said[-1]
    assert is_whole(project)
    assert set_up(project, "sign") == []

    assert [line for line in set_up(project, "dev") if "makes .venv" in line] == []
    (project / "constraints.txt").write_text("# other pins\n")
    assert set_up(project, "sign") != []
    marker = json.loads((project / ".venv/set_up.json").read_text())
    assert marker["extra"] == "dev"  # what was there is not taken away

    # Another Python, asked for: made anew. Not asked for: what is there will do.
    assert set_up(project, "dev", version="3.12.99") == []
    assert set_up(project, "dev", version="3.10.13") == []
    said = set_up(project, "--exact", "sign", version="3.12.99")
    assert "made anew" in said[0] and "Python 3.12.99 makes .venv" in said[1]
    assert is_whole(project)


@pytest.mark.long
def test_a_killed_set_up_does_not_spoil_the_next(project: Path):
    begun = project / "begun"
    process = start(project, "sign", SLOW=str(begun))
    until = time.monotonic() + 60
    while not begun.exists() and time.monotonic() < until:
        time.sleep(0.05)
    process.kill()
    waited, anew, *_ = set_up(project, "sign")
    assert "another one is under way" in waited  # the pip of the killed one goes on for a while
    assert "made anew" in anew
    assert is_whole(project)
    assert not (project / ".venv.removed").exists()


@pytest.mark.long
def test_an_environment_of_others_is_moved_aside_and_a_link_left_alone(project: Path):
    (project / ".venv").mkdir()
    (project / ".venv" / "theirs").touch()
    assert "moved to .venv.aside-1" in set_up(project, "sign")[0]
    assert (project / ".venv.aside-1" / "theirs").exists()
    assert is_whole(project)

    (project / ".venv").rename(project / "elsewhere")
    (project / ".venv").symlink_to("elsewhere")
    assert set_up(project, "sign") == []
    [line] = set_up(project, "dev", code=1)
    assert ".venv is a link" in line
    assert is_whole(project)
