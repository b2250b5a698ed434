"""docs/extending.md, done as it says: its blocks applied to a copy of the project, then run."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.long

PROJECT = Path(__file__).parents[1]
PAGE = (PROJECT / "docs" / "extending.md").read_text("utf-8")
BLOCK = re.compile(r"^`([\w./]+)`\n\n```(python|diff)\n(.*?)^```$", re.M | re.S)
DATASET, MODEL, CHECK = "gsm8k", "small_sheared", "card_states_the_licence"

# Heading of the page, folder of the module, its name.
ROWS = (("A dataset", "datasets", DATASET), ("A model", "models", MODEL))


class Block(NamedTuple):
    """A file that is new (`python`), or the change of one (`diff`)."""

    path: str
    kind: str
    text: str


def blocks_of(section: str) -> list[Block]:
    """The blocks below a heading of the page, in order."""
    text = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    found = [Block(*of) for of in BLOCK.findall(text)]
    assert len(found) == len(re.findall(r"^```(?:python|diff)$", text, re.M)), "one has no file"
    return found


def apply(block: Block, root: Path) -> None:
    """Do what a reader of the page does."""
    file = root / block.path
    if block.kind == "python":
        assert not file.exists(), block.path
        file.write_text(block.text, "utf-8")
        return
    source = file.read_text("utf-8")
    for hunk in block.text.split("@@\n"):
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        after = "".join(line[1:] for line in lines if line[0] in " +")
        assert f"\n{source}".count(f"\n{before}") == 1, f"{block.path} has not one place:\n{before}"
        source = source.replace(before, after)
    file.write_text(source, "utf-8")


class Copy(NamedTuple):
    """The project with all blocks of the page applied."""

    root: Path

    def run(self, *arguments: str) -> str:
        """Run a module of the copy; what it printed."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("WMTP_")}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", *arguments],
            cwd=self.root,
            env=environment | {"PYTHONPATH": str(self.root)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"[-4000:]
        return done.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    root = tmp_path_factory.mktemp("copy")
    for package in ("wmtp_assets", "wmtp_assets_tests", "benchmarks"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / package, root / package, ignore=ignored)
    shutil.copy(PROJECT / "pyproject.toml", root)
    for block in BLOCK.findall(PAGE):
        apply(Block(*block), root)
    return Copy(root)


@pytest.fixture(scope="module")
def checks(copy: Copy, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool | None]:
    """`asset check` of the new dataset and the new model -> whether it passed."""
    root = str(tmp_path_factory.mktemp("storage"))
    told = copy.run("wmtp_assets_tests.extended", root, DATASET, MODEL)
    return json.loads(told.splitlines()[-1])


@pytest.mark.parametrize(("section", "room", "name"), ROWS)
def test_a_row_is_two_files_beside_its_sample(section, room, name):
    touched = {block.path for block in blocks_of(section)}
    assert {path for path in touched if not path.startswith("wmtp_assets/sample/")} == {
        f"wmtp_assets/{room}/{name}.py",
        f"wmtp_assets/{room}/rows.py",
    }


@pytest.mark.parametrize(("section", "room", "name"), ROWS)
def test_every_check_of_a_row_passes_and_the_page_tells_their_number(checks, section, room, name):
    judged = {check: passed for check, passed in checks.items() if check.startswith(f"{name}/")}
    assert [check for check, passed in judged.items() if not passed] == []
    assets = {check.split()[0] for check in judged}
    own = [check for check in judged if not check.endswith(f" {CHECK}")]
    assert f"{len(assets)} assets {name}/..., {len(own)} checks on them" in PAGE


def test_the_added_check_passes_on_what_the_fourth_dataset_stored(checks):
    assert checks[f"{DATASET}/schema {CHECK}"]


def test_all_else_follows_from_the_rows_and_the_added_check_fails_on_its_fixture(copy):
    tests = ("test_datasets.py", "test_models.py", "test_source.py", "datasets/test_licence.py")
    files = [f"wmtp_assets_tests/{name}" for name in tests]
    told = copy.run("pytest", "-vv", "-m", "not long", *files)
    assert [told.count(f"[{name}] PASSED") for name in (DATASET, MODEL)] == [3, 4]
    assert "fails_and_names_it PASSED" in told


def test_the_page_of_checks_has_all_of_them(copy):
    page = copy.run("wmtp_assets.checks_page")
    assert f"`{DATASET}/train`" in page and f"`no_overlap_with_{DATASET}`" in page
    assert f"`{MODEL}/safetensors`" in page
    assert f"| `{CHECK}` | The card states the licence of the data |" in page


def test_the_code_of_the_page_is_in_the_style_of_the_project(copy):
    paths = [block[0] for block in BLOCK.findall(PAGE)]
    copy.run("ruff", "check", *paths)
    copy.run("ruff", "format", "--check", *paths)
