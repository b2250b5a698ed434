"""A script without a main guard is told so, not that memory ran out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wmtp_assets.datasets.convert import pool
from wmtp_assets_tests.datasets.rows import CODECONTESTS, write_parquet

PROJECT = Path(__file__).parents[2]
SCRIPT = """
import pathlib, sys
from wmtp_assets.datasets.convert import pool
from wmtp_assets.datasets.convert.split import convert_split
from wmtp_assets.folders import DatasetFolder
from wmtp_assets_tests.datasets.world import FILTER

pool.POOL_WORTH_BYTES = 0
home = pathlib.Path(sys.argv[1])
folder = DatasetFolder(home / "out", home / "small")
"""
CALL = """convert_split(
    "codecontests", "train", [home / "raw.parquet"], folder, FILTER, unit_bytes=1, workers=2
)
"""
GUARDED = SCRIPT + 'if __name__ == "__main__":\n    ' + CALL.replace("\n", "\n    ")
TOLD = "a script without a main guard cannot start processes"


def ran(folder: Path, script: str, *, by_pipe: bool = False) -> subprocess.CompletedProcess:
    write_parquet("codecontests", CODECONTESTS["valid"], folder / "raw.parquet", 1)
    (folder / "script.py").write_text(script)
    named = "-" if by_pipe else str(folder / "script.py")
    return subprocess.run(
        [sys.executable, named, str(folder)],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        input=script if by_pipe else None,
        capture_output=True,
        text=True,
    )


@pytest.mark.long
def test_a_script_without_a_guard_is_told_so_and_with_one_it_converts(tmp_path):
    without = ran(tmp_path, SCRIPT + CALL)
    assert without.returncode == 1
    # multiprocessing may warn of its semaphores behind it, on a busy machine.
    [named] = [line for line in without.stderr.splitlines() if TOLD in line]
    assert "script.py" in named and "memory" not in named
    assert ran(tmp_path, GUARDED).returncode == 0
    assert (tmp_path / "out" / "processed" / "train.jsonl").is_file()


@pytest.mark.long
def test_a_script_from_a_pipe_converts_or_is_told_why_not(tmp_path):
    told = ran(tmp_path, SCRIPT + CALL, by_pipe=True)
    assert told.returncode == 0 or TOLD in told.stderr


@pytest.mark.parametrize(
    ("script", "without"), [("import x\nx.run()\n", True), (GUARDED, False), (None, True)]
)
def test_a_guard_is_looked_for_in_the_main_script(tmp_path, monkeypatch, script, without):
    path = tmp_path / "script.py"
    if script is not None:
        path.write_text(script)
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(path), raising=False)
    assert pool.script_without_guard() == (str(path) if without else None)


def test_where_there_is_no_main_script_none_is_named(monkeypatch):
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    assert pool.script_without_guard() is None
