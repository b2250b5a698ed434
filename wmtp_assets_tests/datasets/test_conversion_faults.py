"""A conversion that fails, is killed or has no room loses nothing; the next run is right."""

import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wmtp_assets.datasets.convert import pool, split
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.folders import DatasetFolder
from wmtp_assets_tests.datasets.rows import CODECONTESTS, problem, write_parquet
from wmtp_assets_tests.datasets.test_conversion import convert
from wmtp_assets_tests.datasets.world import FILTER
from wmtp_assets_tests.hub.test_transfer_disk import mounted, needs_mount


def test_a_failed_run_leaves_the_earlier_files_and_no_temporaries(tmp_path):
    usual = convert(tmp_path, CODECONTESTS["train"])
    broken = [*CODECONTESTS["train"], {**CODECONTESTS["train"][0], "description": None}]
    with pytest.raises(BadInput, match="row 18: description is null"):
        convert(tmp_path, broken)
    out = tmp_path / "out" / "processed"
    assert sorted(path.name for path in out.iterdir()) == ["train.jsonl", "train_metadata.json"]
    assert (out / "train.jsonl").read_bytes() == usual[0]
    assert (out / "train_metadata.json").read_bytes() == usual[1]


def test_counts_that_do_not_add_up_leave_the_earlier_files(tmp_path, monkeypatch):
    usual = convert(tmp_path, CODECONTESTS["train"])
    real = split.convert_units

    def forgetful(*arguments):
        for unit, part in real(*arguments):
            part.tally.candidates += 1
            yield unit, part

    monkeypatch.setattr(split, "convert_units", forgetful)
    with pytest.raises(BadInput, match="do not add up: 106 candidates, 105 kept or dropped"):
        convert(tmp_path, CODECONTESTS["train"])
    assert (tmp_path / "out" / "processed" / "train.jsonl").read_bytes() == usual[0]


def test_what_a_killed_run_left_is_swept_and_the_next_run_writes_the_same_bytes(tmp_path):
    usual = convert(tmp_path / "usual", CODECONTESTS["train"])
    program = (
        "import os, sys, pathlib\n"
        "from wmtp_assets.datasets.convert import split\n"
        "from wmtp_assets_tests.datasets.test_conversion import convert, CODECONTESTS\n"
        "split.keep_first = lambda *invalid: os.kill(os.getpid(), 9)\n"
        "convert(pathlib.Path(sys.argv[1]), CODECONTESTS['train'])\n"
    )
    killed = tmp_path / "killed"
    run = subprocess.run([sys.executable, "-c", program, str(killed)], check=False)
    out = killed / "out" / "processed"
    assert run.returncode == -9
    assert len(list(out.glob(".train*.tmp"))) == 3
    assert not (out / "train.jsonl").exists()
    assert convert(killed, CODECONTESTS["train"]) == usual
    assert len(list(out.iterdir())) == 2


def test_a_disk_that_is_too_small_is_refused_before_the_first_byte(tmp_path, monkeypatch):
    monkeypatch.setattr(split, "WRITTEN_PER_SOURCE_BYTE", 10**12)
    with pytest.raises(BadInput, match="disk too small"):
        convert(tmp_path, CODECONTESTS["valid"])
    assert not (tmp_path / "out").exists()


@needs_mount
@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_disk_that_becomes_full_is_one_error_and_leaves_the_earlier_files(
    tmp_path, monkeypatch, workers
):
    monkeypatch.setattr(pool, "POOL_WORTH_BYTES", 0)
    monkeypatch.setattr(split, "WRITTEN_PER_SOURCE_BYTE", 0)
    with mounted(tmp_path / "out", "-t", "tmpfs", "-o", "size=64k", "none") as out:
        earlier = convert(tmp_path, CODECONTESTS["valid"])
        many = [problem(f"{n}", "word " * 200, [(3, "x")] * 20) for n in range(9)]
        with pytest.raises(BadInput, match=r"disk became full while train\.jsonl was written"):
            convert(tmp_path, many, unit_bytes=1, workers=workers)
        names = ["train.jsonl", "train_metadata.json"]
        assert sorted(path.name for path in (out / "processed").iterdir()) == names
        assert tuple((out / "processed" / name).read_bytes() for name in names) == earlier[:2]


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-100])


def without_a_column(path):
    pq.write_table(pq.read_table(path).drop_columns("solutions"), path)


def with_a_retyped_column(path):
    table = pq.read_table(path)
    place = table.schema.get_field_index("difficulty")
    texts = table["difficulty"].cast(pa.string())
    pq.write_table(table.set_column(place, "difficulty", texts), path)


def with_a_null_at_its_end(path):
    bad = {**problem("bad", "b", [(3, "x")]), "incorrect_solutions": None}
    write_parquet("codecontests", [*CODECONTESTS["train"], bad], path)


def with_uneven_lists_at_its_end(path):
    bad = {**problem("bad", "b", []), "solutions": {"language": [3], "solution": []}}
    write_parquet("codecontests", [*CODECONTESTS["train"], bad], path)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (cut_short, r"cannot be read.*raw\.parquet"),
        (without_a_column, "column solutions is missing"),
        (with_a_retyped_column, "column difficulty is string, not int64"),
        (with_a_null_at_its_end, r"raw\.parquet.*row 18: incorrect_solutions is null"),
        (with_uneven_lists_at_its_end, "row 18: solutions has 1 languages and 0 solutions"),
    ],
)
def test_damaged_parquet_leaves_the_earlier_files_alone(
    tmp_path, monkeypatch, damage, says, workers
):
    monkeypatch.setattr(pool, "POOL_WORTH_BYTES", 0)
    convert(tmp_path, CODECONTESTS["valid"])
    out = tmp_path / "out" / "processed"
    before = {path.name: file_io.sha256_of(path) for path in out.iterdir()}
    path = write_parquet("codecontests", CODECONTESTS["train"], tmp_path / "raw.parquet")
    damage(path)
    folder = DatasetFolder(tmp_path / "out", tmp_path / "small")
    options = {"workers": workers, "unit_bytes": 1}
    with pytest.raises(BadInput, match=says):
        split.convert_split("codecontests", "train", [path], folder, FILTER, **options)
    assert {path.name: file_io.sha256_of(path) for path in out.iterdir()} == before
