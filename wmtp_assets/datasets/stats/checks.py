"""The checks of <name>/stats, which lies downstream of all splits of its dataset."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import dagster as dg

from wmtp_assets.checking.asset_checks import checks_on
from wmtp_assets.checking.check_group import CheckGroup
from wmtp_assets.checking.findings import Finding
from wmtp_assets.checking.propositions import Proposition, ours, upstream
from wmtp_assets.datasets.rows import DATASETS, benchmarks_of
from wmtp_assets.datasets.stats import benchmark_leakage as leakage
from wmtp_assets.datasets.stats import inspection
from wmtp_assets.datasets.stats.inputs import stored_benchmarks, summary_content
from wmtp_assets.datasets.stats.ngram_search import BenchmarkText
from wmtp_assets.datasets.stats.range_facts import COUNTS, MATCHES, TEXTS
from wmtp_assets.datasets.stats.split_pass import Readings, read_splits
from wmtp_assets.datasets.stats.summary import SUFFIX
from wmtp_assets.datasets.stored_dataset import StoredDataset, bind_dataset
from wmtp_assets.errors import BadInput

READINGS = "readings of the splits"


def recorded_summary(stored: StoredDataset) -> Path:
    """The summary that the latest materialization wrote."""
    files = stored.state.files
    for relative in files:
        if relative.endswith(SUFFIX):
            return stored.deployment.store.locate(relative)
    raise BadInput("the record names no summary", sorted(files), "materialize the stats")


def _read(stored: StoredDataset) -> Readings:
    """The splits, read once for all checks of this run that need them."""
    state, shared = stored.state, stored.state.shared
    if READINGS not in shared:
        checks = deep_checks(stored.row.name).items()
        parts = {part for part, names in checks if state.runs(names)}
        items = _items(stored) if MATCHES in parts else ()
        workers = stored.deployment.workers
        shared[READINGS] = read_splits(
            stored.row,
            stored.folder,
            parts,
            items,
            workers=workers,
            begin_reading=lambda name, total: state.reading(f"{stored.key}: {name}", total),
        )
    return shared[READINGS]


def _items(stored: StoredDataset) -> Sequence[BenchmarkText]:
    """The texts of the benchmarks; none if they cannot be read, which `_overlap` says."""
    try:
        return leakage.read_all_items(_benchmarks(stored))
    except (BadInput, OSError):
        return ()


def _benchmarks(stored: StoredDataset) -> list[leakage.Stored]:
    return stored_benchmarks(stored.deployment.catalog, stored.deployment.store, stored.row.name)


def _recount(stored: StoredDataset) -> dict[str, Finding]:
    summary = recorded_summary(stored)
    return inspection.inspect_stats(stored.row, stored.folder, summary, lambda: _read(stored))


def _summary(stored: StoredDataset) -> dict[str, Finding]:
    from wmtp_assets.datasets.schema.schema_json import read_stored_splits

    catalog, store = stored.deployment.catalog, stored.deployment.store
    splits = read_stored_splits(stored.row, stored.folder)
    content = summary_content(catalog, store, stored.row.name, splits)
    found = inspection.judge_summary(content, recorded_summary(stored))
    return {inspection.SUMMARY_AGREES: found}


def _plots(stored: StoredDataset) -> dict[str, Finding]:
    day = recorded_summary(stored).name.removesuffix(SUFFIX)
    found = inspection.judge_plots(stored.row.name, stored.folder.stats, day)
    return {inspection.PLOTS_PRESENT: found}


def _text(stored: StoredDataset) -> dict[str, Finding]:
    return {inspection.TEXT_IS_UTF8: inspection.judge_text(stored.row, stored.folder)}


def _near_duplicates(stored: StoredDataset) -> dict[str, Finding]:
    found = inspection.inspect_near_duplicates(stored.row, _read(stored))
    return {inspection.NO_NEAR_DUPLICATES: _with_table(found)}


def _overlap(stored: StoredDataset) -> dict[str, Finding]:
    benchmarks = _benchmarks(stored)
    items = leakage.read_all_items(benchmarks)
    found = leakage.judge_leakage(benchmarks, items, _read(stored))
    return {no_overlap_with(name): _with_table(of) for name, of in found.items()}


def _with_table(finding: Finding) -> Finding:
    """The finding with its lists of records as tables, which the UI shows as such."""
    tables = {
        name: dg.MetadataValue.table([dg.TableRecord(row) for row in rows])
        for name in (inspection.PAIRS, leakage.OVERLAPS)
        if (rows := finding.evidence.get(name))
    }
    return replace(finding, evidence={**finding.evidence, **tables})


RECOUNT = {
    inspection.EQUAL_RECOUNT: ours(
        "Rows, labels and difficulties equal a recount of the JSONL", "this project counted"
    )
}
ACROSS_SPLITS = {
    inspection.SHARE_NO_PROBLEM: upstream(
        "No problem name or description is in two splits",
        "the splits are upstream's, and the rows stay as published",
    )
}
QUICK_CHECKS = (
    CheckGroup(
        _summary,
        {
            inspection.SUMMARY_AGREES: ours(
                "The summary says what the splits state", "this project wrote it"
            )
        },
    ),
    CheckGroup(
        _plots,
        {
            inspection.PLOTS_PRESENT: ours(
                "Each plot is there and a whole PNG", "this project drew it"
            )
        },
    ),
    CheckGroup(
        _text,
        {
            inspection.TEXT_IS_UTF8: upstream(
                "No candidate was dropped because its text is not UTF-8",
                "the bytes are upstream's, and what is dropped is named",
            )
        },
    ),
)
NEAR_DUPLICATES = {
    inspection.NO_NEAR_DUPLICATES: upstream(
        "No problem nearly repeats in another split",
        "the splits are upstream's, and short problems are alike by nature",
    )
}


def deep_checks(dataset: str) -> dict[str, dict[str, Proposition]]:
    """The checks that the texts of a dataset are read for, by what they need of them."""
    several = len(DATASETS[dataset].splits) > 1
    overlaps = {no_overlap_with(name): _no_overlap(name) for name in benchmarks_of(dataset)}
    checks = {
        COUNTS: RECOUNT | (ACROSS_SPLITS if several else {}),
        TEXTS: NEAR_DUPLICATES if several else {},
        MATCHES: overlaps,
    }
    return {part: of for part, of in checks.items() if of}


def stats_check_groups(*, dataset: str) -> tuple[CheckGroup, ...]:
    """The check groups of numbers, plots and splits of one dataset, and of benchmarks in it."""
    evaluate = {COUNTS: _recount, TEXTS: _near_duplicates, MATCHES: _overlap}
    counts, *others = [
        CheckGroup(evaluate[part], of, deep=True) for part, of in deep_checks(dataset).items()
    ]
    return bind_dataset(f"{dataset}/stats", (counts, *QUICK_CHECKS, *others))


def no_overlap_with(benchmark: str) -> str:
    """The check that a benchmark is not in the training data."""
    return f"no_overlap_with_{benchmark}"


def _no_overlap(benchmark: str) -> Proposition:
    row = DATASETS[benchmark]
    return upstream(
        f"No record has 70% of the word 8-grams of {row.article} {row.title} prompt or solution",
        f"both are upstream's, and short {row.facts.solutions} are alike by nature",
    )


stats_checks = [
    checks_on(f"{dataset}/stats", *stats_check_groups(dataset=dataset)) for dataset in DATASETS
]
