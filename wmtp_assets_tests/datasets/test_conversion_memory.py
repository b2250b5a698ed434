"""The memory of a conversion follows neither the rows nor the size of a row group."""

import random
import subprocess
import sys

import pytest

from wmtp_assets_tests.datasets.rows import problem, write_parquet

pytestmark = pytest.mark.long

# Arrow tells the peak of its memory since the process began: each conversion in one of its own.
PROGRAM = """
import pathlib, sys
import pyarrow as pa
from wmtp_assets.datasets.convert.split import convert_split
from wmtp_assets.folders import DatasetFolder
from wmtp_assets_tests.datasets.world import FILTER

source = pathlib.Path(sys.argv[1])
folder = DatasetFolder(source.parent / "out", source.parent / "small")
convert_split("codecontests", "train", [source], folder, FILTER)
print(pa.default_memory_pool().max_memory())
"""


def peak_of(folder, problems: int, row_group_size: int) -> int:
    """Arrow's peak for problems of 0.4 MB, nearly all of it in other languages."""
    noise = random.Random(1)
    rows = [
        problem(f"{n}", "d", [(3, "x"), *((2, noise.randbytes(10_000).hex()) for _ in range(20))])
        for n in range(problems)
    ]
    source = write_parquet("codecontests", rows, folder / "raw.parquet", row_group_size)
    run = subprocess.run([sys.executable, "-c", PROGRAM, str(source)], capture_output=True)
    return int(run.stdout)


def test_memory_follows_neither_rows_nor_row_groups(tmp_path):
    usual = peak_of(tmp_path, 64, 32)
    assert usual > 32 * 400_000
    assert peak_of(tmp_path, 256, 32) < 1.2 * usual
    # Of a row group four times as large its pages are held, as they lie in the file.
    assert peak_of(tmp_path, 128, 128) < 3 * usual
