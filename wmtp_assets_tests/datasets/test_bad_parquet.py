"""Input that cannot be used ends in one error that names the file, the row or the column."""

import os
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wmtp_assets.datasets.convert import parquet
from wmtp_assets.datasets.convert.read_problems import find_repeated_names
from wmtp_assets.datasets.convert.split import convert_split
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.errors import BadInput
from wmtp_assets.folders import DatasetFolder
from wmtp_assets_tests.datasets.rows import (
    CODECONTESTS,
    HUMANEVAL,
    MBPP,
    SCHEMAS,
    problem,
    write_parquet,
)
from wmtp_assets_tests.datasets.world import FILTER

CODE = DATASETS["codecontests"].format.columns["solutions"]
GOOD = problem("good", "d", [(3, "a")])


def convert(path, dataset="codecontests"):
    folder = DatasetFolder(path.parent / "out", path.parent / "small")
    return convert_split(dataset, "train", [path], folder, FILTER)


def uneven(column, **lists):
    return {**GOOD, column: {**GOOD[column], **lists}}


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({**GOOD, "description": None}, "description is null"),
        ({**GOOD, "name": None}, "name is null"),
        ({**GOOD, "difficulty": None}, "difficulty is null"),
        ({**GOOD, "solutions": None}, "solutions is null"),
        ({**GOOD, "incorrect_solutions": None}, "incorrect_solutions is null"),
        ({**GOOD, "public_tests": None}, "public_tests is null"),
        (uneven("solutions", solution=None), "solutions is null"),
        (uneven("solutions", solution=["a", "b"]), "1 languages and 2 solutions"),
        (uneven("solutions", language=[3, 3]), "2 languages and 1 solutions"),
        (uneven("incorrect_solutions", language=[3]), "1 languages and 0 solutions"),
        (uneven("solutions", solution=[None]), "solutions holds a null"),
        (uneven("solutions", language=[None]), "solutions holds a null"),
        (uneven("public_tests", output=[None]), "public_tests holds a null"),
        (uneven("public_tests", output=None), "public_tests is null"),
    ],
)
def test_an_unusable_row_is_named_with_its_file_and_number(tmp_path, row, says):
    path = write_parquet("codecontests", [GOOD] * 4 + [row, GOOD], tmp_path / "raw.parquet")
    with pytest.raises(BadInput) as error:
        convert(path)
    assert says in str(error.value)
    assert "row 4" in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("dataset", "rows", "column"),
    [
        ("mbpp", MBPP["test"], column)
        for column in ("task_id", "text", "code", "test_list", "test_setup_code")
    ]
    + [("humaneval", HUMANEVAL["test"][:2], column) for column in SCHEMAS["humaneval"].names],
)
def test_a_null_in_the_other_datasets_is_named(tmp_path, dataset, rows, column):
    rows = [rows[0], {**rows[1], column: None}]
    path = write_parquet(dataset, rows, tmp_path / "raw.parquet")
    with pytest.raises(BadInput, match=rf"raw\.parquet.*row 1: {column} is null"):
        convert(path, dataset)


def test_a_missing_and_a_retyped_column_are_named_together(tmp_path):
    path = write_parquet("codecontests", CODECONTESTS["valid"], tmp_path / "raw.parquet")
    table = pq.read_table(path).drop_columns("description")
    texts = pa.array([str(value) for value in table["difficulty"].to_pylist()])
    place = table.schema.get_field_index("difficulty")
    pq.write_table(table.set_column(place, "difficulty", texts), path)
    with pytest.raises(BadInput) as error:
        convert(path)
    assert "column description is missing" in error.value.culprits
    assert "column difficulty is string, not int64" in error.value.culprits


def test_the_order_of_struct_fields_and_columns_does_not_matter(tmp_path):
    path = write_parquet("codecontests", CODECONTESTS["valid"], tmp_path / "raw.parquet")
    before = convert(path).files[0].sha256
    table = pq.read_table(path)
    turned = pa.struct([("solution", pa.list_(pa.string())), ("language", pa.list_(pa.int64()))])
    rows = [
        {**row, "solutions": dict(reversed(row["solutions"].items()))} for row in table.to_pylist()
    ]
    fields = [pa.field(f.name, turned if f.name == "solutions" else f.type) for f in table.schema]
    pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(fields[::-1])), path)
    assert convert(path).files[0].sha256 == before


def test_files_that_are_cut_short_empty_or_no_parquet_are_named(tmp_path):
    path = write_parquet("codecontests", CODECONTESTS["train"], tmp_path / "raw.parquet")
    whole = path.read_bytes()
    for data in (whole[: len(whole) // 2], whole[:-1], b"", b"not parquet at all", whole[4:]):
        path.write_bytes(data)
        with pytest.raises(BadInput, match=r"parquet file cannot be read.*raw\.parquet"):
            convert(path)
    path.unlink()
    with pytest.raises(BadInput, match=r"missing.*raw\.parquet"):
        find_repeated_names([path])


def test_damaged_pages_end_in_an_error_or_in_other_rows_never_in_a_crash(tmp_path):
    path = write_parquet("codecontests", CODECONTESTS["train"], tmp_path / "raw.parquet")
    whole = path.read_bytes()
    named = 0
    for place in range(5, len(whole) - 8, 701):
        data = bytearray(whole)
        data[place] ^= 0x5A
        path.write_bytes(data)
        try:
            convert(path)
        except BadInput as error:
            named += "raw.parquet" in str(error)
    assert named > 2


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({**GOOD, "description": "d" * 2000}, "description: 2,000"),
        ({**GOOD, "solutions": {"language": [3], "solution": ["s" * 1500]}}, "solutions: 1,500"),
        ({**GOOD, "public_tests": {"input": ["1", "i" * 1200], "output": []}}, "public_tests: 1,2"),
    ],
)
def test_a_text_that_is_longer_than_any_is_named_before_it_is_copied(
    tmp_path, monkeypatch, row, named
):
    monkeypatch.setattr(parquet, "MOST_TEXT_BYTES", 1000)
    path = write_parquet("codecontests", [GOOD] * 9 + [row], tmp_path / "raw.parquet", 20)
    with pytest.raises(BadInput, match=r"rows 8 to 9: texts have more than 1,000 bytes") as error:
        convert(path)
    assert named in str(error.value) and str(path) in str(error.value)


def test_many_texts_of_usual_length_are_none(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "MOST_TEXT_BYTES", 1000)
    row = {**GOOD, "solutions": {"language": [3] * 50, "solution": ["s" * 900] * 50}}
    path = write_parquet("codecontests", [row] * 4, tmp_path / "raw.parquet")
    assert len(list(parquet.read_rows(path, {"solutions": CODE}))) == 4


def test_a_row_group_beyond_its_bound_is_refused_by_what_the_footer_says(tmp_path, monkeypatch):
    small, large = GOOD, {**GOOD, "description": "d" * 9000}
    path = write_parquet("codecontests", [small, large, small], tmp_path / "raw.parquet", 1)
    monkeypatch.setattr(parquet, "MOST_GROUP_BYTES", 5000)
    with pytest.raises(BadInput, match=r"row group 1: \d+,\d+\. Fix: .* smaller row groups"):
        convert(path)
    # The bulk of a file, which nobody reads, does not count.
    assert parquet.count_rows(path, {"name": ("string",)}) == 3


@pytest.mark.parametrize("size", [20_000_000, 1_000_000_000])
def test_a_footer_beyond_its_bound_is_refused_unread(tmp_path, size):
    path = tmp_path / "raw.parquet"
    with path.open("wb") as out:
        out.write(b"PAR1")
        out.truncate(size + 12)
        out.seek(size + 4)
        out.write(size.to_bytes(4, "little") + b"PAR1")
    with pytest.raises(BadInput, match=f"a parquet footer of {size:,} bytes"):
        convert(path)


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1\x08\0\0\0PAR1", b"PAR1\xff\xff\xff\0PAR1"])
def test_a_file_that_is_nearly_nothing_is_named(tmp_path, data):
    (tmp_path / "raw.parquet").write_bytes(data)
    with pytest.raises(BadInput, match=r"raw\.parquet"):
        convert(tmp_path / "raw.parquet")


def test_a_fifo_in_the_place_of_a_parquet_file_is_named(tmp_path):
    os.mkfifo(tmp_path / "raw.parquet")
    with pytest.raises(BadInput, match="a FIFO where a regular file should be"):
        convert(tmp_path / "raw.parquet")


# Reads a file with so many MiB of address space beside what Python itself has.
UNDER_A_LIMIT = """
import pathlib, resource, sys
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.convert.parquet import read_rows
status = pathlib.Path("/proc/self/status").read_text()
most = int(status.split("VmSize:")[1].split()[0]) * 1024 + (int(sys.argv[2]) << 20)
resource.setrlimit(resource.RLIMIT_AS, (most, most))
for row in read_rows(pathlib.Path(sys.argv[1]), DATASETS["codecontests"].format.columns):
    row[1]["description"].as_py()
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("room", "named"), [(300, "not enough memory"), (1100, "texts have more than 8,388,608 bytes")]
)
def test_a_page_of_200_mb_under_a_memory_limit_is_named(tmp_path, room, named):
    if sys.platform != "linux":
        pytest.skip("only Linux limits the address space")
    row = problem("large", "x" * 200_000_000, [(3, "x" * 50_000_000)])
    path = write_parquet("codecontests", [row], tmp_path / "raw.parquet")
    ran = subprocess.run(
        [sys.executable, "-c", UNDER_A_LIMIT, str(path), str(room)], capture_output=True, text=True
    )
    assert ran.returncode == 1 and "BadInput" in ran.stderr and named in ran.stderr
