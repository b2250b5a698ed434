"""The checks of <name>/stats, which lies downstream of all splits of its dataset."""

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
from wmtp_assets.datasets.stats.inputs import state_content, stored_benchmarks
from wmtp_assets.datasets.stats.summary import SUFFIX
from wmtp_assets.datasets.stored_dataset import StoredDataset, bind_dataset
from wmtp_assets.errors import BadInput


def recorded_summary(stored: StoredDataset) -> Path:
    """The summary that the latest materialization wrote."""
    files = stored.state.files
    for relative in files:
        if relative.endswith(SUFFIX):
            return stored.deployment.store.locate(relative)
    raise BadInput("the record names no summary", sorted(files), "materialize the stats")


def _recount(stored: StoredDataset) -> dict[str, Finding]:
    return inspection.inspect_stats(stored.row, stored.folder, recorded_summary(stored))


def _summary(stored: StoredDataset) -> dict[str, Finding]:
    from wmtp_assets.datasets.schema.schema_json import read_stored_splits

    catalog, store = stored.deployment.catalog, stored.deployment.store
    splits = read_stored_splits(stored.row, stored.folder)
    content = state_content(catalog, store, stored.row.name, splits)
    found = inspection.judge_summary(content, recorded_summary(stored))
    return {inspection.SUMMARY_AGREES: found}


def _plots(stored: StoredDataset) -> dict[str, Finding]:
    day = recorded_summary(stored).name.removesuffix(SUFFIX)
    found = inspection.judge_plots(stored.row.name, stored.folder.stats, day)
    return {inspection.PLOTS_PRESENT: found}


def _text(stored: StoredDataset) -> dict[str, Finding]:
    return {inspection.TEXT_IS_UTF8: inspection.judge_text(stored.row, stored.folder)}


def _near_duplicates(stored: StoredDataset) -> dict[str, Finding]:
    found = inspection.inspect_near_duplicates(stored.row, stored.folder)
    return {inspection.NO_NEAR_DUPLICATES: _with_table(found)}


def _overlap(stored: StoredDataset) -> dict[str, Finding]:
    catalog, store = stored.deployment.catalog, stored.deployment.store
    benchmarks = stored_benchmarks(catalog, store, stored.row.name)
    found = leakage.find_in((stored.row, stored.folder), benchmarks)
    return {no_overlap_with(name): _with_table(of) for name, of in found.items()}


def _with_table(finding: Finding) -> Finding:
    """The finding with its lists of records as tables, which the UI shows as such."""
    tables = {
        name: dg.MetadataValue.table([dg.TableRecord(row) for row in rows])
        for name in (inspection.PAIRS, leakage.OVERLAPS)
        if (rows := finding.evidence.get(name))
    }
    return replace(finding, evidence={**finding.evidence, **tables})


COUNTS = {
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
NEAR_DUPLICATES = CheckGroup(
    _near_duplicates,
    {
        inspection.NO_NEAR_DUPLICATES: upstream(
            "No problem nearly repeats in another split",
            "the splits are upstream's, and short problems are alike by nature",
        )
    },
    deep=True,
)


def stats_check_groups(*, dataset: str) -> tuple[CheckGroup, ...]:
    """The check groups of numbers, plots and splits of one dataset, and of benchmarks in it."""
    several = len(DATASETS[dataset].splits) > 1
    counts = CheckGroup(_recount, COUNTS | (ACROSS_SPLITS if several else {}), deep=True)
    groups = (counts, *QUICK_CHECKS, *((NEAR_DUPLICATES,) if several else ()))
    if overlaps := {no_overlap_with(name): _no_overlap(name) for name in benchmarks_of(dataset)}:
        groups = (*groups, CheckGroup(_overlap, overlaps, deep=True))
    return bind_dataset(f"{dataset}/stats", groups)


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
