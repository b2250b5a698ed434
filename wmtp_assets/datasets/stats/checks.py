"""The checks of <name>/stats, which lies downstream of all splits of its dataset."""

from dataclasses import replace
from pathlib import Path

import dagster as dg

from wmtp_assets.checks import AssetState, CheckGroup, checks_on
from wmtp_assets.datasets.rows import DATASETS, benchmarks_of
from wmtp_assets.datasets.stats import inspection, leakage
from wmtp_assets.datasets.stats.inputs import state_content, stored_benchmarks, stored_dataset
from wmtp_assets.datasets.stats.summary import SUFFIX
from wmtp_assets.deployment import Deployment
from wmtp_assets.errors import BadInput
from wmtp_assets.findings import Finding
from wmtp_assets.propositions import Proposition, ours, upstream

SAYS = {
    inspection.EQUAL_RECOUNT: ours(
        "Rows, labels and difficulties equal a recount of the JSONL", "this project counted"
    )
}
SAYS_TEXT = {
    inspection.TEXT_IS_UTF8: upstream(
        "No candidate was dropped because its text is not UTF-8",
        "the bytes are upstream's, and what is dropped is named",
    )
}
SAYS_ACROSS = {
    inspection.SHARE_NO_PROBLEM: upstream(
        "No problem name or description is in two splits",
        "the splits are upstream's, and the rows stay as published",
    )
}
SAYS_NEAR = {
    inspection.NO_NEAR_DUPLICATES: upstream(
        "No problem nearly repeats in another split",
        "the splits are upstream's, and short problems are alike by nature",
    )
}


def recorded_summary(deployment: Deployment, state: AssetState) -> Path:
    """The summary that the latest materialization wrote."""
    for relative in state.files:
        if relative.endswith(SUFFIX):
            return deployment.store.locate(relative)
    raise BadInput("the record names no summary", sorted(state.files), "materialize the stats")


def stats_readings(*, dataset: str) -> list[CheckGroup]:
    """The looks at the numbers and plots of one dataset, across its splits, and at benchmarks."""
    several = len(DATASETS[dataset].splits) > 1
    benchmarks = benchmarks_of(dataset)

    def recount(deployment: Deployment, state: AssetState) -> dict[str, Finding]:
        row, folder = stored_dataset(deployment.catalog, deployment.store, dataset)
        return inspection.inspect_stats(row, folder, recorded_summary(deployment, state))

    def near(deployment: Deployment, state: AssetState) -> dict[str, Finding]:
        row, folder = stored_dataset(deployment.catalog, deployment.store, dataset)
        found = inspection.inspect_near_duplicates(row, folder)
        return {inspection.NO_NEAR_DUPLICATES: _with_table(found)}

    def overlap(deployment: Deployment, state: AssetState) -> dict[str, Finding]:
        training = stored_dataset(deployment.catalog, deployment.store, dataset)
        found = leakage.find_in(
            training, stored_benchmarks(deployment.catalog, deployment.store, dataset)
        )
        return {no_overlap_with(name): _with_table(of) for name, of in found.items()}

    def described(deployment: Deployment, state: AssetState) -> dict[str, Finding]:
        from wmtp_assets.datasets.schema.schema_json import read_stored_splits

        splits = read_stored_splits(*stored_dataset(deployment.catalog, deployment.store, dataset))
        content = state_content(deployment.catalog, deployment.store, dataset, splits)
        found = inspection.judge_summary(content, recorded_summary(deployment, state))
        return {inspection.SUMMARY_AGREES: found}

    def texts(deployment: Deployment, state: AssetState) -> dict[str, Finding]:
        row, folder = stored_dataset(deployment.catalog, deployment.store, dataset)
        return {inspection.TEXT_IS_UTF8: inspection.judge_text(row, folder)}

    def pictures(deployment: Deployment, state: AssetState) -> dict[str, Finding]:
        day = recorded_summary(deployment, state).name.removesuffix(SUFFIX)
        folder = deployment.store.dataset(dataset).stats
        return {inspection.PLOTS_PRESENT: inspection.judge_plots(dataset, folder, day)}

    groups = [
        CheckGroup(recount, SAYS | (SAYS_ACROSS if several else {}), deep=True),
        CheckGroup(
            described,
            {
                inspection.SUMMARY_AGREES: ours(
                    "The summary says what the splits state", "this project wrote it"
                )
            },
        ),
        CheckGroup(
            pictures,
            {
                inspection.PLOTS_PRESENT: ours(
                    "Each plot is there and a whole PNG", "this project drew it"
                )
            },
        ),
        CheckGroup(texts, SAYS_TEXT),
    ]
    if several:
        groups.append(CheckGroup(near, SAYS_NEAR, deep=True))
    if benchmarks:
        says = {no_overlap_with(name): says_of_benchmark(name) for name in benchmarks}
        groups.append(CheckGroup(overlap, says, deep=True))
    return groups


def no_overlap_with(benchmark: str) -> str:
    """The check that a benchmark is not in the training data."""
    return f"no_overlap_with_{benchmark}"


def says_of_benchmark(name: str) -> Proposition:
    """What the check of one benchmark says."""
    row = DATASETS[name]
    return upstream(
        f"No record has 70% of the word 8-grams of {row.article} {row.title} prompt or solution",
        "both are upstream's, and short programs are alike by nature",
    )


def _with_table(finding: Finding) -> Finding:
    """The finding with its lists of records as tables, which the UI shows as such."""
    tables = {
        name: dg.MetadataValue.table([dg.TableRecord(row) for row in rows])
        for name in (inspection.PAIRS, leakage.OVERLAPS)
        if (rows := finding.evidence.get(name))
    }
    return replace(finding, evidence={**finding.evidence, **tables})


stats_checks = [
    checks_on(f"{dataset}/stats", *stats_readings(dataset=dataset)) for dataset in DATASETS
]
