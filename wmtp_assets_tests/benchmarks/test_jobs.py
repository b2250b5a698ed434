"""The benchmark of whole jobs: its catalog is that of its mirror, its numbers those of the run."""

import json
import math
import os
import sys
from collections import Counter
from dataclasses import replace

import pytest

from benchmarks import jobs_floor, memory
from benchmarks.datasets_shards import Shard, problem_name
from benchmarks.jobs_mirror import BLOCKS, model_row, problem_numbers, write_counted, write_model
from benchmarks.measure import run_tree
from benchmarks.orphans import LINUX
from benchmarks.reference import convert_codecontests
from benchmarks.usage import run_command
from wmtp_assets.models.checkpoint.torch_zip import index_checkpoint
from wmtp_assets.published import PUBLISHED
from wmtp_assets.sample.catalog import SAMPLE
from wmtp_assets.sample.checkpoints import TOKENIZER
from wmtp_assets.sample.installed import file_of_package

CONTRACT = {
    "job",
    "rows",
    "source_bytes",
    "seconds",
    "cpu_seconds",
    "conversion_seconds",
    "ratio_to_conversion",
    "floor_seconds",
    "ratio_to_floor",
    "busy_cores",
    "peak_pss_bytes",
    "read_bytes",
    "read_amplification",
    "written_bytes",
    "checks",
    "failed",
    "verify_quick_seconds",
    "verify_deep_seconds",
    "ratio_deep_to_sha256",
    "conversion_step_seconds",
    "sha256_seconds",
    "disk_read_bytes",
    "other_busy_cores",
}
TWO_DEEP = """
import subprocess, sys
child = "import time; end = time.process_time() + 0.5\\n"
child += "while time.process_time() < end: pass\\n"
child += "open('/dev/null', 'wb').write(bytes(200_000_000))"
running = subprocess.Popen([sys.executable, "-c", child])
{ends}
"""


def test_records_are_counted_as_the_reference_way_keeps_them(tmp_path):
    pytest.importorskip("tuetoken", reason="no wheel for Linux on ARM")
    tokenizer = file_of_package(*TOKENIZER, distribution="mistral-common")
    shard = Shard(tmp_path / "valid.parquet", range(1000, 1001))
    found = write_counted(shard, tokenizer)
    kept = convert_codecontests([shard.path], tmp_path / "valid.jsonl", tokenizer)
    assert found == Counter({True: kept["correct"], False: kept["incorrect"]})


@pytest.mark.parametrize("made_bytes", [0, 1, jobs_floor.CHUNK_BYTES + 1])
def test_the_floor_hashes_and_writes_each_byte_once_and_leaves_none(
    tmp_path, monkeypatch, made_bytes
):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"x" * (jobs_floor.CHUNK_BYTES + 5))
    settled = []
    monkeypatch.setattr(jobs_floor, "to_disk", lambda file, start, size: settled.append(size))
    assert jobs_floor.floor_seconds([source], made_bytes, target) > 0
    assert settled == 2 * [source.stat().st_size, made_bytes]
    assert not target.exists()


def test_no_name_of_the_published_size_stands_in_two_splits():
    splits = [set(map(problem_name, numbers)) for numbers in problem_numbers(13_328)]
    assert [len(numbers) for numbers in problem_numbers(13_328)] == [13_328, 117, 165]
    assert len(set.union(*splits)) == sum(map(len, splits))


@pytest.mark.parametrize("name", BLOCKS)
def test_a_whole_scale_is_the_published_model_and_a_small_one_has_four_blocks(name):
    published, few = PUBLISHED.model(name), model_row(name, 0.01)
    assert model_row(name, 1.0).geometry == published.geometry
    assert model_row(name, 1.0).parameters == published.parameters
    assert few.geometry == published.geometry | {BLOCKS[name]: 4}
    assert few.raw_bytes == 4 * few.parameters < published.raw_bytes


@pytest.mark.parametrize("name", BLOCKS)
def test_a_repository_is_written_in_the_size_of_its_row(tmp_path, name):
    sample = SAMPLE.model(name)
    row = replace(sample, geometry=sample.geometry | {BLOCKS[name]: 4}, raw_bytes=1)
    write_model(tmp_path, row)
    shards = [path for path in tmp_path.rglob("*") if path.suffix in (".pth", ".bin")]
    found = {k: t.shape for path in shards for k, t in index_checkpoint(path).tensors.items()}
    assert found == row.implementation.shapes(row.geometry)
    [settings] = tmp_path.rglob(row.implementation.settings_file)
    assert json.loads(settings.read_bytes())[BLOCKS[name]] == 4


@pytest.mark.skipif(not LINUX, reason="only Linux tells what orphans took")
@pytest.mark.parametrize("ends", ["running.wait()", ""], ids=["waited for", "outlives it"])
def test_what_a_grandchild_takes_counts(tmp_path, ends):
    program = TWO_DEEP.format(ends=ends)
    command = [sys.executable, "-c", program]
    used = run_command(command, folder=tmp_path, environment={}, log=tmp_path / "log")
    assert used.exit_code == 0
    assert 0.5 < used.cpu_seconds < 5
    assert 200_000_000 <= used.written_bytes < 210_000_000


@pytest.mark.skipif(not LINUX, reason="only Linux divides what processes share")
def test_memory_that_two_processes_share_counts_once(tmp_path):
    program = "import os, time; held = b'x' * 200_000_000; os.fork(); time.sleep(1.3)"
    command = [sys.executable, "-c", program]
    used = run_command(command, folder=tmp_path, environment={}, log=tmp_path / "log")
    assert 200_000_000 < used.peak_pss_bytes < 300_000_000


@pytest.mark.skipif(not LINUX, reason="elsewhere a look a second is all")
def test_memory_that_is_held_between_two_looks_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "LOOK_SECONDS", math.inf)
    program = "import time; time.sleep(.1); held = b'x' * 200_000_000; time.sleep(.3)"
    command = [sys.executable, "-c", program]
    used = run_command(command, folder=tmp_path, environment={}, log=tmp_path / "log")
    assert used.peak_pss_bytes > 200_000_000


@pytest.mark.skipif(not LINUX, reason="only Linux tells")
def test_bytes_of_a_map_are_not_read_by_calls(tmp_path):
    (tmp_path / "file").write_bytes(os.urandom(20_000_000))
    program = "import mmap; f = open('file', 'rb'); sum(mmap.mmap(f.fileno(), 0, prot=1)[::4096])"
    command = [sys.executable, "-c", program]
    used = run_command(command, folder=tmp_path, environment={}, log=tmp_path / "log")
    assert used.exit_code == 0
    assert used.read_bytes < 10_000_000


@pytest.mark.long
def test_a_small_run_has_the_numbers_of_the_contract_and_cleans_up(tmp_path):
    arguments = ["--problems", "3", "--folder", str(tmp_path), "--json"]
    table, last = run_tree(["benchmarks.jobs", *arguments]).output.rstrip().rsplit("\n", 1)
    found = json.loads(last)
    assert found.keys() >= CONTRACT
    assert found["failed"] == 0 and found["checks"] > 100
    assert found["rows"] > 30 and found["source_bytes"] > 1_000_000
    assert found["seconds"] > found["conversion_seconds"] > 0 < found["verify_deep_seconds"]
    if LINUX:
        # Each step had a process of its own, and its note was found.
        steps = [line.split() for line in table.split("\n\n")[0].splitlines()[1:]]
        assert {len(cells) for cells in steps} == {6}
        taken = sum(float(cells[2].replace(",", "")) for cells in steps)
        assert 0.5 * found["cpu_seconds"] < taken < found["cpu_seconds"]
    assert not list(tmp_path.iterdir())
