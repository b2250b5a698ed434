"""Benchmarks against a training set: what a model trained on it would have seen before.

Prompts are looked for in descriptions, solutions in solutions, as the splits are read
(`split_pass`). What is found is a warning for a reviewer, not an error: short solutions of known
tasks are alike by nature.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from wmtp_assets.catalog import Dataset
from wmtp_assets.checking.findings import Finding
from wmtp_assets.datasets.convert.culprits import Culprits
from wmtp_assets.datasets.convert.line_metadata import read_facts
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.stats.ngram_index import GRAM_WORDS
from wmtp_assets.datasets.stats.ngram_search import (
    CONTAINED,
    PROMPT,
    SOLUTION,
    BenchmarkText,
    BestMatch,
    first_shared,
)
from wmtp_assets.datasets.stats.range_facts import MATCHES
from wmtp_assets.datasets.stats.split_pass import Readings
from wmtp_assets.datasets.stats.texts import read_records
from wmtp_assets.folders import DatasetFolder

OVERLAPS = "overlaps"
# All that were found worst, in the metadata of the check; a row has about 200 bytes.
TABLE_ROWS = 200

Stored = tuple[Dataset, DatasetFolder]


def judge_leakage(
    benchmarks: Sequence[Stored], items: Sequence[BenchmarkText], readings: Readings
) -> dict[str, Finding]:
    """Say of each benchmark what was found of it in a training set.

    Args:
        items: The texts of the benchmarks, in the order in which they were looked for.
        readings: What the splits of the training set hold of them.

    Returns:
        Name of the benchmark -> what was found of it.

    Raises:
        BadInput: A JSONL of the training set is missing, or has a line that cannot be read.
    """
    readings.require(MATCHES)
    found: dict[BenchmarkText, BestMatch] = {}
    for part, of in ((PROMPT, readings.prompts.found()), (SOLUTION, readings.solutions)):
        mine = (item for item in items if item.part == part)
        found |= {item: of.get(place, BestMatch()) for place, item in enumerate(mine)}
    compared = {PROMPT: readings.prompts.seen, SOLUTION: readings.records}
    return {
        row.name: _judge(row, {i: b for i, b in found.items() if i.of == row.name}, compared)
        for row, _ in benchmarks
    }


def read_all_items(benchmarks: Iterable[Stored]) -> list[BenchmarkText]:
    """Prompt and solution of each record of several benchmarks.

    Raises:
        BadInput: A JSONL is missing, or has a line that cannot be read.
    """
    return [item for stored in benchmarks for item in read_items(*stored)]


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
        "shared": first_shared(item.text, best.text) or best.text,
    }
