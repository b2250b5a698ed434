"""Benchmarks against a training set: what a model trained on it would have seen before.

Prompts are looked for in descriptions, solutions in solutions, in one pass over all splits. What is
found is a warning for a reviewer, not an error: short solutions of known tasks are alike by nature.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from wmtp_assets.catalog import Dataset
from wmtp_assets.checking.findings import Finding
from wmtp_assets.datasets.convert.culprits import Culprits
from wmtp_assets.datasets.convert.line_metadata import read_facts
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.stats.ngram_search import (
    CONTAINED,
    GRAM_WORDS,
    BenchmarkText,
    BestMatch,
    NgramSearch,
)
from wmtp_assets.datasets.stats.texts import Record, read_records
from wmtp_assets.folders import DatasetFolder

PROMPT, SOLUTION = "prompt", "solution"
OVERLAPS = "overlaps"
# All that were found worst, in the metadata of the check; a row has about 200 bytes.
TABLE_ROWS = 200

Stored = tuple[Dataset, DatasetFolder]


def find_in(training: Stored, benchmarks: Sequence[Stored]) -> dict[str, Finding]:
    """Look for every item of the benchmarks in every record of a training set.

    Returns:
        Name of the benchmark -> what was found of it.

    Raises:
        BadInput: A JSONL is missing, or has a line that cannot be read.
    """
    dataset, folder = training
    items = [item for stored in benchmarks for item in read_items(*stored)]
    search = {
        part: NgramSearch([i for i in items if i.part == part]) for part in (PROMPT, SOLUTION)
    }
    for split in dataset.splits:
        for record in read_records(folder.jsonl(split.name), DATASETS[dataset.name].format):
            where = _naming(split.name, record)
            if record.opens:
                search[PROMPT].see(record.instruction, where)
            search[SOLUTION].see(record.output, where)
    found = {
        item: best
        for part in search.values()
        for item, best in zip(part.items, part.results(), strict=True)
    }
    compared = {part: of.seen for part, of in search.items()}
    return {
        row.name: _judge(row, {i: b for i, b in found.items() if i.of == row.name}, compared)
        for row, _ in benchmarks
    }


def read_items(dataset: Dataset, folder: DatasetFolder) -> list[BenchmarkText]:
    """Prompt and solution of each record of a benchmark."""
    return [
        BenchmarkText(dataset.name, f"{split.name} {record.task_id}", part, text)
        for split in dataset.splits
        for record in read_records(folder.jsonl(split.name), DATASETS[dataset.name].format)
        for part, text in ((PROMPT, record.instruction), (SOLUTION, record.output))
    ]


def benchmark_digests(benchmarks: Sequence[Stored]) -> dict[str, str]:
    """<name>/<split> -> sha256 of the JSONL, as its line metadata states it."""
    return {
        f"{row.name}/{split.name}": read_facts(
            folder.line_metadata(split.name), DATASETS[row.name].format
        ).sha256
        for row, folder in benchmarks
        for split in row.splits
    }


def _naming(split: str, record: Record) -> Callable[[], str]:
    return lambda: f"{split} {record.task_id}"


def _judge(
    row: Dataset, found: Mapping[BenchmarkText, BestMatch], compared: Mapping[str, int]
) -> Finding:
    """The finding of one benchmark, its worst items first."""
    ranked = sorted(found.items(), key=lambda pair: -pair[1].containment)
    over = [(item, best) for item, best in ranked if best.containment >= CONTAINED]
    rule = f"{CONTAINED:.0%} of the word {GRAM_WORDS}-grams of"
    highest = f"; the highest is {_told(*ranked[0])}" if ranked and ranked[0][1].where else ""
    tenths = {part: Counter() for part in (PROMPT, SOLUTION)}
    for item, best in ranked:
        tenths[item.part][f"{int(best.containment * 10) / 10:.1f}"] += 1
    return Culprits(_told(item, best) for item, best in over).finding(
        f"no record of {compared[SOLUTION]:,} has {rule} one of {len(ranked):,} prompts and "
        f"solutions of {row.title}{highest}",
        f"{len(over):,} of {len(ranked):,} prompts and solutions of {row.title} have {rule} "
        "them in one record",
        threshold=CONTAINED,
        gram_words=GRAM_WORDS,
        items=len(ranked),
        items_compared_as_a_whole=sum(item.too_short for item in found),
        exact=sum(best.exact for best in found.values()),
        **{f"{part}s_read": count for part, count in compared.items()},
        items_by_containment={part: dict(sorted(of.items())) for part, of in tenths.items()},
        **{OVERLAPS: [_as_row(item, best) for item, best in over[:TABLE_ROWS]]},
    )


def _told(item: BenchmarkText, best: BestMatch) -> str:
    share = "equal" if best.exact else f"{best.containment:.2f}"
    others = f" and {best.records - 1:,} more" if best.records > 1 else ""
    return f"{item.name} {item.part} {share} in {best.where}{others}"


def _as_row(item: BenchmarkText, best: BestMatch) -> dict[str, str | float | int | bool]:
    return {
        "item": item.name,
        "part": item.part,
        "containment": round(best.containment, 4),
        "exact": best.exact,
        "records": best.records,
        "where": best.where,
        "shared": best.shared,
    }
