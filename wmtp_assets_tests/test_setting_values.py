"""Where the record may lie, and which folders `datasets` opens: named before Dagster breaks."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy.exc import SQLAlchemyError

from wmtp_assets.setting_values import PATTERNS, patterns_in, wrong_with_record

BROKEN = ["a?b", "a%41", "%2Fb"]
FINE = ["a b", "é한글", "a%b", "100%", "a#b", "[1]", "a*b", "a::b", "{a}", "a'b", "a&b"]


@pytest.mark.parametrize("name", BROKEN)
def test_a_record_that_sqlite_would_put_elsewhere_is_named(tmp_path: Path, name: str):
    (tmp_path / name).mkdir()
    assert "takes for part of an address" in wrong_with_record(str(tmp_path / name))


@pytest.mark.parametrize("name", FINE)
def test_a_record_lies_in_a_folder_of_any_other_name(tmp_path: Path, name: str):
    (tmp_path / name).mkdir()
    assert wrong_with_record(str(tmp_path / name)) == ""


@pytest.mark.long
@pytest.mark.parametrize("name", [*BROKEN, *FINE])
def test_dagster_keeps_its_record_in_exactly_the_folders_that_are_allowed(
    tmp_path: Path, monkeypatch, name: str
):
    """When it learns the others, they need not be refused."""
    (tmp_path / name).mkdir()
    (tmp_path / name / "dagster.yaml").touch()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / name))
    try:
        with dg.DagsterInstance.get() as instance:
            instance.report_runless_asset_event(dg.AssetMaterialization("a"))
        kept = list(tmp_path.iterdir()) == [tmp_path / name]
    except SQLAlchemyError:
        kept = False
    assert kept == (name in FINE)


@pytest.mark.parametrize(
    ("home", "says"),
    [
        (None, "is not set"),
        ("", "is not set"),
        ("relative", "is not absolute: relative"),
        ("~/home", "is not absolute: ~/home"),
        ("/nowhere/at/all", "is not an existing folder"),
        ("/dev/null", "is not an existing folder"),
        ("'/tmp'", "has quotes around it"),
        ("$HOME/record", "has a variable that nothing expanded"),
        ("/tmp\n", "has a newline"),
    ],
)
def test_what_else_cannot_hold_a_record_is_named(home: str | None, says: str):
    assert says in wrong_with_record(home)


@pytest.mark.parametrize("command", ["signoff status", "signoff moved /old"])
def test_each_command_says_so_in_one_line(tmp_path: Path, command: str):
    home = tmp_path / "a?b%41"
    home.mkdir()
    done = run(tmp_path, command, DAGSTER_HOME=str(home))
    [line] = done.stderr.splitlines()
    assert line.startswith("no record to read: DAGSTER_HOME has a `?` or a `%`") and "Fix:" in line
    assert (done.returncode, done.stdout) == (1, "")
    assert list(tmp_path.iterdir()) == [home] and list(home.iterdir()) == []


def test_a_command_names_a_wrong_place_in_one_line(tmp_path: Path):
    done = run(tmp_path, "ui", WMTP_STORAGE_ROOT="s3://bucket/st")
    [line] = done.stderr.splitlines()
    assert line.startswith("settings: WMTP_STORAGE_ROOT is an address, not a folder")


def run(folder: Path, command: str, **settings: str) -> subprocess.CompletedProcess:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WMTP_")}
    environment |= {"PYTHONPATH": str(Path(__file__).parents[1]), **settings}
    module, *rest = command.split()
    return subprocess.run(
        [sys.executable, "-m", f"wmtp_assets.{module}", *rest],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.long
@pytest.mark.parametrize(
    "name", ["a b", "é한글", "{a,b}", "a#b", "a%41", "a'b", "a:b", "x[1]", "a*b", "a?b", "a::b"]
)
def test_load_dataset_opens_exactly_the_folders_that_are_allowed(tmp_path: Path, name: str):
    """A star finds the rows of the neighbours too: worse than nothing."""
    import datasets

    for folder in (tmp_path / name, tmp_path / "a1b", tmp_path / "a12b"):
        folder.mkdir(exist_ok=True)
        (folder / "train.jsonl").write_text('{"a":1}\n')
    try:
        rows = datasets.load_dataset(
            str(tmp_path / name), split="train", cache_dir=str(tmp_path / "cache")
        )
        opened = len(rows) == 1
    except (OSError, ValueError, datasets.exceptions.DatasetsError):
        opened = False
    assert opened == (patterns_in(tmp_path / name) == "")
    assert all(mark in PATTERNS for mark in patterns_in(tmp_path / name).split())
