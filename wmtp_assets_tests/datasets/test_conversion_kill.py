"""kill -9 at any moment of a conversion: no process lingers, and the next run is as if it had not
been."""

import os
import signal
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool

import pytest

from wmtp_assets.datasets.convert import pool
from wmtp_assets.errors import BadInput
from wmtp_assets_tests.datasets.rows import CODECONTESTS
from wmtp_assets_tests.datasets.test_conversion import convert

pytestmark = pytest.mark.long

EARLIER, LATER = CODECONTESTS["valid"], CODECONTESTS["train"]
NAMES = ["train.jsonl", "train_metadata.json"]

# Kills itself when the named function is called for the n-th time, six units on two workers.
PROGRAM = """
import os, sys, pathlib
from wmtp_assets.files import file_io
from wmtp_assets.datasets.convert import pool, split
from wmtp_assets_tests.datasets.test_conversion import convert, CODECONTESTS

def killing(function, left):
    def call(*arguments):
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), 9)
        left -= 1
        return function(*arguments)
    return call

if __name__ == "__main__":
    module = {"split": split, "os": file_io.os}[sys.argv[2]]
    setattr(module, sys.argv[3], killing(getattr(module, sys.argv[3]), int(sys.argv[4])))
    pool.POOL_WORTH_BYTES = 0
    convert(pathlib.Path(sys.argv[1]), CODECONTESTS["train"], unit_bytes=1, workers=2)
"""


def killed_at(folder, module, function, call):
    """Run the conversion until it kills itself; its output ends when its last process has."""
    command = [sys.executable, "-c", PROGRAM, str(folder), module, function, str(call)]
    run = subprocess.run(command, capture_output=True, timeout=60)
    assert run.returncode == -signal.SIGKILL, run.stderr.decode()


@pytest.mark.parametrize(
    ("module", "function", "call", "replaced"),
    [
        ("split", "_append", 0, 0),
        ("split", "_append", 4, 0),
        ("split", "write_line_metadata", 0, 0),
        ("os", "replace", 0, 0),
        ("os", "replace", 1, 1),
    ],
)
def test_a_killed_run_leaves_whole_files_and_the_next_run_the_same_bytes(
    tmp_path, module, function, call, replaced
):
    later = convert(tmp_path / "usual", LATER)
    earlier = convert(tmp_path / "killed", EARLIER)
    out = tmp_path / "killed" / "out" / "processed"
    killed_at(tmp_path / "killed", module, function, call)
    found = tuple((out / name).read_bytes() for name in NAMES)
    # The metadata, which names the digest of its JSONL, is the last to change.
    assert found == (*later[:replaced], *earlier[replaced:2])
    assert len(list(out.iterdir())) > len(NAMES)
    assert convert(tmp_path / "killed", LATER) == later
    assert sorted(path.name for path in out.iterdir()) == NAMES


def test_a_worker_that_is_killed_ends_the_run_with_a_named_error(tmp_path, monkeypatch):
    earlier = convert(tmp_path, EARLIER)
    monkeypatch.setattr(pool, "POOL_WORTH_BYTES", 0)
    monkeypatch.setattr(pool, "convert_unit", _end_abruptly)
    with pytest.raises(BadInput, match=r"process that converts died.*raw\.parquet, from row group"):
        convert(tmp_path, LATER, unit_bytes=1, workers=2)
    out = tmp_path / "out" / "processed"
    assert sorted(path.name for path in out.iterdir()) == NAMES
    assert tuple((out / name).read_bytes() for name in NAMES) == earlier[:2]


def test_a_pool_that_broke_before_it_is_given_a_unit_is_a_named_error(tmp_path, monkeypatch):
    def broken(*arguments):
        raise BrokenProcessPool

    monkeypatch.setattr(pool, "POOL_WORTH_BYTES", 0)
    monkeypatch.setattr(pool.ProcessPoolExecutor, "submit", broken)
    with pytest.raises(BadInput, match=r"process that converts died.*raw\.parquet, from row group"):
        convert(tmp_path, LATER, unit_bytes=1, workers=2)


def _end_abruptly(unit, part):
    part.write_bytes(b"half a li")
    os.kill(os.getpid(), signal.SIGKILL)
