"""CodeContests conversion against a competent pipeline, the user's own script and `datasets.map`.

    python -m benchmarks.datasets [--problems 4000] [--rounds 1] [--folder DIR] [--json]

Generates a train split of the published shape (`datasets_shards`, `datasets_programs`), then runs
the ways (`datasets_ways`) one after the other, each from a cold cache in a process of its own, its
start and its pool included:

| way | of the problems | what it is |
|---|---|---|
| project | all | two workers: JSONL, line metadata, statistics, digests, all on the disk |
| tuetoken | all | a competent pipeline (`datasets_pipeline`), two processes: the JSONL alone |
| sentencepiece, tokenizers | all | the same with these counters |
| reference | the first 100 | the user's own script: one process, lists, each text encoded twice |
| map | the first 400 | `datasets.map` with two processes |

The last two would need hours for all: rows a second are compared. The run itself proves that all
did the same work, or fails: the JSONL of the pipelines has the bytes of the project's, and their
token counts are the project's; rows of the project and of the reference are compared as parsed
JSON, key order included; those of `datasets.map` by their texts and labels. With `--rounds` the
project and the pipelines take turns, and medians are compared.

Not compared: the checks of what was written, which are the larger part of a job (`jobs`). The
default is a third of the published train split: the one to two seconds that two processes need to
start weigh little there, and a quarter of the time at 1,000. Everything written is removed at the
end.
"""

import argparse
import json
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile, zip_longest
from pathlib import Path

from benchmarks.datasets_pipeline import COUNTERS
from benchmarks.datasets_shards import Shard, write_shard, write_shards
from benchmarks.machine import Load, require_disk, show
from benchmarks.measure import drop_cache, run_tree
from wmtp_assets.files import file_io

# What the pinned commit gives with the LLaMA tokenizer (domain facts, Datasets).
TRAIN_ROWS = 3_691_981
REFERENCE_PROBLEMS = 100
MAP_PROBLEMS = 400
# Parquet, the JSONL of one way with the parts that wait; and what the small ways write.
DISK_BYTES_A_PROBLEM, DISK_BYTES = 2_400_000, 3_000_000_000


@dataclass(frozen=True)
class Way:
    """One way, run: what it counted, wall time, memory of all its processes, where it wrote."""

    made: dict
    seconds: float
    peak_rss_bytes: int
    jsonl: Path

    @property
    def rows(self) -> int:
        return self.made["rows"]

    @property
    def rows_per_second(self) -> float:
        return self.rows / self.seconds


def compare(folder: Path, problems: int, rounds: int) -> dict:
    """Generate the shards, run all ways, and return the numbers of the contract.

    Raises:
        RuntimeError: A way did not do the same work: the ratios would say nothing.
    """
    write_shards(folder / "raw", problems, workers=2)
    heads = {
        "reference": min(REFERENCE_PROBLEMS, problems),
        "map": min(MAP_PROBLEMS, problems),
    }
    for name, count in heads.items():
        (folder / f"raw-{name}").mkdir()
        path = folder / f"raw-{name}" / "train-00000-of-00001.parquet"
        write_shard(Shard(path, range(count)))
    reference = run_way("reference", folder / "raw-reference", folder)
    mapped = run_way("map", folder / "raw-map", folder)
    if count_mismatches(reference.jsonl, mapped.jsonl, texts_and_label):
        raise RuntimeError("the rows of datasets.map are not those of the reference")
    runs: dict[str, list[Way]] = {name: [] for name in ("project", *COUNTERS)}
    for _ in range(rounds):
        for name, of_way in runs.items():
            of_way.append(run_way(name, folder / "raw", folder))
            if name == "project":
                sha256 = file_io.sha256_of(of_way[-1].jsonl)
                mismatches = count_mismatches(reference.jsonl, of_way[-1].jsonl)
                size = of_way[-1].jsonl.stat().st_size
            require_same(of_way[-1], runs["project"][0], sha256)
            shutil.rmtree(folder / name)
    ours = median(runs.pop("project"))
    pipelines = {name: median(of_way) for name, of_way in runs.items()}
    return {
        "problems": problems,
        "rows": ours.rows,
        "seconds": round(ours.seconds, 2),
        "rows_per_second": round(ours.rows_per_second),
        "bytes_per_row": round(size / ours.rows),
        **_compared({**pipelines, "reference": reference, "map": mapped}, ours),
        "peak_rss_bytes": ours.peak_rss_bytes,
        "projected_train_seconds": round(TRAIN_ROWS / ours.rows_per_second, 1),
        "mismatches": mismatches,
    }


def _compared(others: dict[str, Way], ours: Way) -> dict:
    return {
        key: value
        for name, way in others.items()
        for key, value in {
            f"{name}_rows": way.rows,
            f"{name}_rows_per_second": round(way.rows_per_second),
            f"ratio_to_{name}": round(ours.rows_per_second / way.rows_per_second, 1),
            f"{name}_peak_rss_bytes": way.peak_rss_bytes,
        }.items()
    }


def run_way(name: str, raw: Path, folder: Path) -> Way:
    """Run one way in a process of its own, from a cold cache."""
    for path in raw.iterdir():
        drop_cache(path)
    measured = run_tree(["benchmarks.datasets_ways", name, str(raw), str(folder / name)])
    said = json.loads(measured.output.splitlines()[-1])
    return Way(said["made"], measured.seconds, measured.peak_rss_bytes, Path(said["jsonl"]))


def median(runs: list[Way]) -> Way:
    """The run whose time is the median; the shorter of two."""
    seconds = statistics.median_low(run.seconds for run in runs)
    return next(run for run in runs if run.seconds == seconds)


def require_same(way: Way, project: Way, sha256: str) -> None:
    """Prove that a way did the project's work.

    Raises:
        RuntimeError: Other rows, other counts or other bytes.
    """
    if way.made != project.made:
        raise RuntimeError(f"{way.jsonl}: counted {way.made}, the project {project.made}")
    if file_io.sha256_of(way.jsonl) != sha256:
        raise RuntimeError(f"{way.jsonl}: other bytes than the project's")


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
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=None, help="where there is disk for it")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    load = Load()
    with tempfile.TemporaryDirectory(prefix="datasets-", dir=options.folder) as folder:
        needed = DISK_BYTES + options.problems * DISK_BYTES_A_PROBLEM
        require_disk(Path(folder), needed, "--folder on another disk, or fewer --problems")
        numbers = compare(Path(folder), options.problems, options.rounds) | load.numbers()
    show(numbers, options.json)


if __name__ == "__main__":
    main()
