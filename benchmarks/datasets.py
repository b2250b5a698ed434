"""CodeContests conversion against the reference way and `datasets.map`, in one run.

    python -m benchmarks.datasets [--problems 4000] [--folder DIR] [--json]

Generates a train split of the published shape (`datasets_shards`, `datasets_programs`), then runs
three ways (`datasets_ways`), each from a cold cache in a process of its own: the reference way on
its first 100 problems, the `datasets` way with two processes on its first 400, because rows a
second are compared and those ways would need hours; this project with two workers on all. Rows of
the project and of the reference are compared as parsed JSON, key order included, on the problems
that both have. Everything written is removed at the end.

The default is a third of the published train split: the one to two seconds that two processes need
to start weigh little there, and a quarter of the time at 1,000 problems.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile, zip_longest
from pathlib import Path

from benchmarks.datasets_shards import Shard, write_shard, write_shards
from benchmarks.measure import drop_cache, run_tree

# What the pinned commit gives with the LLaMA tokenizer (domain facts, Datasets).
TRAIN_ROWS = 3_691_981
REFERENCE_PROBLEMS = 100
MAP_PROBLEMS = 400


@dataclass(frozen=True)
class Way:
    """One way, run: its rows, wall time, memory of all its processes, and where it wrote."""

    rows: int
    seconds: float
    peak_rss_bytes: int
    jsonl: Path

    @property
    def rows_per_second(self) -> float:
        return self.rows / self.seconds


def compare(folder: Path, problems: int) -> dict:
    """Generate the shards, run all ways, and return the numbers of the contract."""
    write_shards(folder / "raw", problems, workers=2)
    heads = {
        "reference": min(REFERENCE_PROBLEMS, problems),
        "map": min(MAP_PROBLEMS, problems),
    }
    for name, count in heads.items():
        (folder / f"raw-{name}").mkdir()
        path = folder / f"raw-{name}" / "train-00000-of-00001.parquet"
        write_shard(Shard(path, range(count)))
    ours = run_way("project", folder / "raw", folder)
    reference = run_way("reference", folder / "raw-reference", folder)
    mapped = run_way("map", folder / "raw-map", folder)
    mismatches = count_mismatches(reference.jsonl, ours.jsonl)
    # The baselines must do the same work, or the ratios say nothing.
    if count_mismatches(reference.jsonl, mapped.jsonl, texts_and_label):
        raise RuntimeError("the rows of datasets.map are not those of the reference")
    return {
        "problems": problems,
        "rows": ours.rows,
        "seconds": round(ours.seconds, 2),
        "rows_per_second": round(ours.rows_per_second),
        "bytes_per_row": round(ours.jsonl.stat().st_size / ours.rows),
        "reference_rows": reference.rows,
        "reference_rows_per_second": round(reference.rows_per_second),
        "ratio_to_reference": round(ours.rows_per_second / reference.rows_per_second, 1),
        "map_rows": mapped.rows,
        "map_rows_per_second": round(mapped.rows_per_second),
        "ratio_to_map": round(ours.rows_per_second / mapped.rows_per_second, 1),
        "peak_rss_bytes": ours.peak_rss_bytes,
        "map_peak_rss_bytes": mapped.peak_rss_bytes,
        "reference_peak_rss_bytes": reference.peak_rss_bytes,
        "projected_train_seconds": round(TRAIN_ROWS / ours.rows_per_second, 1),
        "mismatches": mismatches,
    }


def run_way(name: str, raw: Path, folder: Path) -> Way:
    """Run one way in a process of its own, from a cold cache."""
    for path in raw.iterdir():
        drop_cache(path)
    measured = run_tree(["benchmarks.datasets_ways", name, str(raw), str(folder / name)])
    said = json.loads(measured.output.splitlines()[-1])
    return Way(said["rows"], measured.seconds, measured.peak_rss_bytes, Path(said["jsonl"]))


def count_mismatches(
    reference: Path, other: Path, compared: Callable[[dict], object] = json.dumps
) -> int:
    """Count the rows that differ on the problems of the reference, which come first in both.

    Args:
        compared: What of a row must be equal; as JSON, its keys in their order and its values.
    """
    known = {row["instruction"] for row in parsed(reference)}
    common = takewhile(lambda row: row["instruction"] in known, parsed(other))
    pairs = zip_longest(map(compared, parsed(reference)), map(compared, common))
    return sum(wanted != found for wanted, found in pairs)


def texts_and_label(row: dict) -> tuple:
    """What a row teaches."""
    return row["instruction"], row["input"], row["output"], row["is_correct"]


def parsed(path: Path) -> Iterator[dict]:
    """The rows of a JSONL file, one at a time."""
    with open(path, "rb") as handle:
        yield from map(json.loads, handle)


def main() -> None:
    """Parse the command line, compare, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.datasets")
    parser.add_argument("--problems", type=int, default=4000)
    parser.add_argument("--folder", type=Path, default=None, help="where there is disk for it")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="datasets-", dir=options.folder) as folder:
        numbers = compare(Path(folder), options.problems)
    for name, value in numbers.items():
        print(f"{name:>26}  {value:,}")
    if options.json:
        print(json.dumps(numbers))


if __name__ == "__main__":
    main()
