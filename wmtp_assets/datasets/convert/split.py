"""One split: published parquet files -> <split>.jsonl, then <split>_metadata.json.

One process appends what it converts. Others, of `pool`, or of `cluster` where a scheduler is given,
make parts, which are joined in order. A part is a file that is removed, as a rule before the system
brings it to the disk: no memory costs less. Every way to join copies: sendfile and copy_file_range
take as long as reading and writing, file systems share whole blocks only, and with a map an error
of the disk would end this process.

Both files are complete on disk before the first of them is renamed, and the metadata, which names
the digest of its JSONL, is renamed last. What is written is counted; counts that do not balance
leave the earlier files as they are.
"""

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wmtp_assets.datasets.convert.cluster import convert_on_cluster
from wmtp_assets.datasets.convert.label_conflicts import LABELLED_BOTH, Counts, LabelConflicts
from wmtp_assets.datasets.convert.line_metadata import REPEATED_NAMES, write_line_metadata
from wmtp_assets.datasets.convert.pool import convert_units
from wmtp_assets.datasets.convert.read_problems import RepeatedName, find_repeated_names
from wmtp_assets.datasets.convert.tally import SplitCounts
from wmtp_assets.datasets.convert.tokens import LengthFilter
from wmtp_assets.datasets.convert.units import UNIT_BYTES, Part, keep_first, plan_units
from wmtp_assets.datasets.formats import INVALID_UTF8
from wmtp_assets.datasets.invalid_text import InvalidText
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.file_io import StoredFile
from wmtp_assets.files.full_disk import full_disk_named
from wmtp_assets.files.regular import open_unbuffered
from wmtp_assets.files.writer import HashingWriter
from wmtp_assets.folders import DatasetFolder
from wmtp_assets.progress import Progress

ROWS_PER_SECOND = "rows_per_second"
# 7.6 GB of parquet become 15 GB of JSONL in the published train split.
WRITTEN_PER_SOURCE_BYTE = 2


@dataclass(frozen=True)
class ConvertedSplit:
    """A converted split, as it lies on the disk."""

    files: tuple[StoredFile, StoredFile]
    stats: dict[str, Any]
    source_bytes: int
    seconds: float


def convert_split(
    dataset: str,
    split: str,
    sources: Sequence[Path],
    folder: DatasetFolder,
    settings: LengthFilter,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    unit_bytes: int = UNIT_BYTES,
    report: Callable[[str], None] = lambda line: None,
) -> ConvertedSplit:
    """Convert the parquet files of one split, in the order given.

    Args:
        workers: Processes to use; the bytes written are the same for any number.
        scheduler: Address of a Dask scheduler whose workers take all units, whatever their size;
            the bytes are the same again.
        report: Called with the progress, with rate and remaining time, every five seconds.

    Raises:
        BadInput: Damaged or unusable input, a cluster or a storage that fails, or counts that do
            not add up; nothing is replaced.
    """
    started = time.monotonic()
    form = DATASETS[dataset].format
    source_bytes = sum(path.stat().st_size for path in sources)
    file_io.require_free_space(folder.processed, WRITTEN_PER_SOURCE_BYTE * source_bytes)
    repeated = find_repeated_names(sources) if "name" in form.columns else []
    units = plan_units(dataset, sources, repeated, settings, unit_bytes)
    jsonl, metadata = folder.jsonl(split), folder.line_metadata(split)
    progress = Progress(f"{dataset}/{split}", sum(u.size_bytes for u in units), report)
    tally = SplitCounts()
    labels = LabelConflicts()
    runs: list[tuple[bytes, int]] = []
    invalid: list[InvalidText] = []
    # Leaving: the inner file is renamed first, the outer one, which names its digest, last.
    with (
        full_disk_named(jsonl),
        file_io.atomic_writer(metadata) as items,
        file_io.atomic_writer(jsonl) as lines,
    ):
        with _parts_beside(jsonl) as new_part:
            if scheduler:
                converted = convert_on_cluster(units, new_part, scheduler)
            else:
                converted = convert_units(units, new_part, workers, lines)
            with contextlib.closing(converted):
                for unit, part in converted:
                    if part.path:
                        _append(part, part.path, lines)
                        part.path.unlink(missing_ok=True)
                    tally.add(part.tally)
                    labels.add(part.labels)
                    runs += part.runs
                    keep_first(invalid, part.invalid)
                    progress.advance(unit.size_bytes, tally.rows)
        tally.require_balance(f"{dataset}/{split}")
        stats = stats_of(tally, labels.counts(), dataset, repeated, invalid)
        head = {"dataset": dataset, "split": split, "source_file": jsonl.name}
        write_line_metadata(items, {**head, "sha256": lines.sha256, "stats": stats}, runs)
    files = (
        StoredFile(jsonl, lines.size_bytes, lines.sha256),
        StoredFile(metadata, items.size_bytes, items.sha256),
    )
    return ConvertedSplit(files, stats, source_bytes, time.monotonic() - started)


def stats_of(
    tally: SplitCounts,
    labels: Counts,
    dataset: str,
    repeated: Sequence[RepeatedName],
    invalid: Sequence[InvalidText] = (),
) -> dict[str, Any]:
    """The stored counts of a split.

    Solutions with both labels are counted where a dataset has labels, names that repeat listed
    where it has names, text that is not UTF-8 where it cost candidates.
    """
    form = DATASETS[dataset].format
    stats = tally.as_stats(form)
    if form.labelled:
        stats[LABELLED_BOTH] = labels
    if "name" in form.columns:
        stats[REPEATED_NAMES] = [asdict(r) for r in repeated]
    if invalid:
        stats[INVALID_UTF8] = [asdict(i) for i in invalid]
    return stats


def _append(part: Part, path: Path, out: HashingWriter) -> None:
    """Append a part, proven to be as long as it was written.

    Raises:
        BadInput: It is not: a shared file system may lag behind, or lose what a worker wrote.
    """
    found = 0
    with contextlib.suppress(FileNotFoundError), open_unbuffered(path) as handle:
        while chunk := handle.read(file_io.CHUNK_BYTES):
            found += out.write(chunk)
    if found != part.size_bytes:
        raise BadInput(
            "a part of a split is not as it was written",
            [f"{path}: {found:,} bytes, {part.size_bytes:,} were written"],
            "look at the disk or the shared storage below it, then materialize again",
        )


@contextlib.contextmanager
def _parts_beside(jsonl: Path) -> Iterator[Callable[[], Path]]:
    """Give paths for parts in a folder of their own, removed at the end, however it ends.

    This process holds the folder, and with it the parts that workers of other machines write. A
    worker of a cluster that was cut off, and comes with its part when another has made it in its
    place, finds no folder and can leave nothing behind.
    """
    numbers = itertools.count()
    with file_io.folder_beside(jsonl) as folder:
        yield lambda: folder / f"{next(numbers):04}"
