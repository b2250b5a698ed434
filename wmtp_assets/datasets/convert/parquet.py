"""Rows of a published parquet file, column by column and row group by row group.

Only the needed columns are read (generated_tests, the bulk of CodeContests, is not among them),
and a few rows at a time, so that memory is bounded by one row group. Whatever is wrong with a file
becomes one error that names it; a file that would need more memory than any published one is
refused by what its footer says, before anything of it is read.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from wmtp_assets.errors import BadInput
from wmtp_assets.files.regular import open_regular

# A row of CodeContests has about 1 MB. Of 100 at a time Arrow held 176 MB, of 32 it held 108, of 8
# 50, and was no slower.
BATCH_ROWS = 8
# Pages are read through a buffer; without one, a column of a whole row group is held.
BUFFER_BYTES = 1024 * 1024
# The needed columns of the largest row group that is published have 100 MB (units.py). A page is
# unpacked whole, and may be as large as its row group.
MOST_GROUP_BYTES = 1024 * 1024 * 1024
MOST_FOOTER_BYTES = 16 * 1024 * 1024
FOOTER_END = 8  # its length in four bytes, and PAR1
# Judges take programs of 64 KB to 512 KB. For a text of 200 MB Arrow's copy for Python (pyarrow 26)
# and the tokenizer, which takes 45 times its size, abort the process where memory ends.
MOST_TEXT_BYTES = 8 * 1024 * 1024
MEMORY_FIX = (
    "give the process more memory (ulimit -v, the limit of the container), or lower WMTP_WORKERS"
)
SMALLER_FIX = (
    "materialize the raw asset again; if the bytes are the published ones, write the file anew "
    "with smaller row groups and offer it in a mirror"
)
FIX = "materialize the raw asset again; if the bytes are the published ones, see the catalog"

Columns = Mapping[str, tuple[str, ...]]
Row = Mapping[str, pa.Scalar]


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn an error of pyarrow about a damaged file into one that names the file."""
    try:
        with memory_named(path):
            yield
    except FileNotFoundError as error:
        raise BadInput("the parquet file is missing", [path], FIX) from error
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        lines = str(error).splitlines() or [type(error).__name__]
        raise BadInput(f"the parquet file cannot be read ({lines[0]})", [path], FIX) from error


@contextlib.contextmanager
def memory_named(path: Path) -> Iterator[None]:
    """Name the file that there is not enough memory for."""
    try:
        yield
    except MemoryError as error:  # of Python, or Arrow's
        detail = f" ({error})" if str(error) else ""
        raise BadInput(f"not enough memory for a file{detail}", [path], MEMORY_FIX) from error


def open_parquet(path: Path, columns: Columns) -> pq.ParquetFile:
    """Open a file and prove that it has the columns.

    Raises:
        BadInput: Not parquet, truncated, larger than any published file where it is held in memory,
            or columns missing or of another type; all are named.
    """
    with reading(path):
        _require_small_footer(path)
        file = pq.ParquetFile(path, buffer_size=BUFFER_BYTES)
        schema = file.schema_arrow
    wrong = []
    for name, accepted in columns.items():
        index = schema.get_field_index(name)
        if index < 0:
            wrong.append(f"column {name} is missing")
        elif (found := type_name(schema.field(index).type)) not in accepted:
            wrong.append(f"column {name} is {found}, not {' or '.join(accepted)}")
    if wrong:
        raise BadInput(f"{path} has not the published columns", wrong, FIX)
    sizes = {group: needed_bytes(file, group, columns) for group in range(file.num_row_groups)}
    large = [
        f"row group {group}: {size:,}" for group, size in sizes.items() if size > MOST_GROUP_BYTES
    ]
    if large:
        raise BadInput(
            f"{path}: the needed columns of a row group have more than {MOST_GROUP_BYTES:,} bytes",
            large,
            SMALLER_FIX,
        )
    return file


def _require_small_footer(path: Path) -> None:
    with open_regular(path) as handle:
        handle.seek(max(0, handle.seek(0, os.SEEK_END) - FOOTER_END))
        end = handle.read(FOOTER_END)
    size = int.from_bytes(end[:4], "little")
    if end[4:] == b"PAR1" and size > MOST_FOOTER_BYTES:  # another end is what pyarrow refuses
        raise BadInput(
            f"a parquet footer of {size:,} bytes, at most {MOST_FOOTER_BYTES:,} are read",
            [path],
            FIX,
        )


def type_name(kind: pa.DataType) -> str:
    """Write an Arrow type; fields of a struct in alphabetical order, list items without a name."""
    if pa.types.is_struct(kind):
        fields = sorted((field.name, type_name(field.type)) for field in kind)
        return f"struct<{', '.join(f'{name}: {of}' for name, of in fields)}>"
    if pa.types.is_list(kind):
        return f"list<{type_name(kind.value_type)}>"
    return str(kind)


def read_rows(
    path: Path, columns: Columns, row_groups: Sequence[int] | None = None
) -> Iterator[tuple[int, Row]]:
    """Yield (row number in the file, column -> scalar) of some or all row groups, in file order.

    Text need not be UTF-8: a scalar that holds other bytes raises UnicodeDecodeError when it is
    made a Python value, and only then, so that text nobody asks for stops nobody.

    Raises:
        BadInput: As `open_parquet`, or a page that cannot be decoded.
    """
    with open_parquet(path, columns) as file:
        for group in range(file.num_row_groups) if row_groups is None else row_groups:
            number = sum(file.metadata.row_group(g).num_rows for g in range(group))
            batches = file.iter_batches(
                BATCH_ROWS, row_groups=[group], columns=list(columns), use_threads=False
            )
            while True:
                with reading(path):
                    batch = next(batches, None)
                    if batch is None:
                        break
                    _require_sound(batch)
                _require_short_texts(batch, path, number)
                for index in range(batch.num_rows):
                    yield number, {name: batch[name][index] for name in columns}
                    number += 1


def row_group_of(path: Path, columns: Columns, number: int) -> int:
    """The row group of a row, by its number in the file."""
    with open_parquet(path, columns) as file:
        group = 0
        while (rows := file.metadata.row_group(group).num_rows) <= number:
            number, group = number - rows, group + 1
        return group


def _require_sound(batch: pa.RecordBatch) -> None:
    """Prove offsets and lengths; where bytes are not UTF-8, of the same data as bytes."""
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid:
        for column in batch.columns:
            column.view(_as_bytes(column.type)).validate(full=True)


def _require_short_texts(batch: pa.RecordBatch, path: Path, number: int) -> None:
    if batch.nbytes <= MOST_TEXT_BYTES:
        return
    sizes = {name: _longest(batch[name]) for name in batch.schema.names}
    if long := [f"{name}: {size:,}" for name, size in sizes.items() if size > MOST_TEXT_BYTES]:
        raise BadInput(
            f"{path}, rows {number} to {number + batch.num_rows - 1}: texts have more than "
            f"{MOST_TEXT_BYTES:,} bytes",
            long,
            FIX,
        )


def _longest(column: pa.Array) -> int:
    """The bytes of the longest text in a column, in lists and structs too; nothing is copied."""
    kind = column.type
    if pa.types.is_struct(kind):
        return max((_longest(field) for field in column.flatten()), default=0)
    if pa.types.is_list(kind):
        return _longest(column.flatten())
    text = pa.types.is_string(kind) or pa.types.is_binary(kind)
    if not text:
        return 0
    # pyarrow makes its functions when it is imported, and declares none.
    longest = pc.max(pc.binary_length(column))  # pyright: ignore[reportAttributeAccessIssue]
    return longest.as_py() or 0


def _as_bytes(kind: pa.DataType) -> pa.DataType:
    """A type with the same layout, in which text is bytes."""
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_as_bytes(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_as_bytes(kind.value_type)))
    return pa.binary() if pa.types.is_string(kind) else kind


def needed_bytes(file: pq.ParquetFile, group: int, columns: Columns) -> int:
    """Uncompressed bytes of the needed columns in one row group, by which work is divided."""
    metadata = file.metadata.row_group(group)
    return sum(
        column.total_uncompressed_size
        for column in map(metadata.column, range(metadata.num_columns))
        if column.path_in_schema.split(".")[0] in columns
    )


def count_rows(path: Path, columns: Columns) -> int:
    """The rows that the footer of a file states."""
    with open_parquet(path, columns) as file:
        return file.metadata.num_rows
