"""The checks of <name>/stats, which lies downstream of all splits of its dataset."""

from dataclasses import replace
from pathlib import Path

import dagster as dg

from wmtp_assets.checks import Reading, Seen, checks_on
from wmtp_assets.corpora.culprits import accept
from wmtp_assets.corpora.formats import FORMATS
from wmtp_assets.corpora.sources import dataset_row, length_filter, locked_commit
from wmtp_assets.corpora.tokens import load_counter
from wmtp_assets.errors import BadInput
from wmtp_assets.findings import Finding
from wmtp_assets.setup import Setup
from wmtp_assets.stats import inspection
from wmtp_assets.stats.summary import SUFFIX, summarise

SAYS = {inspection.EQUAL_RECOUNT: "The summary equals a recount of the JSONL, encoded again"}
SAYS_ACROSS = {inspection.SHARE_NO_PROBLEM: "No problem name or description is in two splits"}
SAYS_NEAR = {inspection.NO_NEAR_DUPLICATES: "No description nearly repeats in another split"}


def recorded_summary(setup: Setup, seen: Seen) -> Path:
    """The summary that the latest materialization wrote."""
    for relative in seen.files:
        if relative.endswith(SUFFIX):
            return setup.store.locate(relative)
    raise BadInput("the record names no summary", sorted(seen.files), "materialize the stats")


def stats_readings(*, dataset: str) -> list[Reading]:
    """The looks at the numbers and plots of one dataset, and across its splits."""
    key = f"{dataset}/stats"
    several = len(FORMATS[dataset].splits) > 1

    def recount(setup: Setup, seen: Seen) -> dict[str, Finding]:
        row, folder = dataset_row(setup.catalog, dataset), setup.store.dataset(dataset)
        settings = length_filter(setup.catalog, setup.store)
        counter = load_counter(settings.tokenizer, settings.tokenizer_sha256)
        findings = inspection.inspect_stats(row, folder, recorded_summary(setup, seen), counter)
        return accept(findings, key, setup.catalog.accepted_findings)

    def near(setup: Setup, seen: Seen) -> dict[str, Finding]:
        row = dataset_row(setup.catalog, dataset)
        found = inspection.inspect_near_duplicates(row, setup.store.dataset(dataset))
        findings = accept(
            {inspection.NO_NEAR_DUPLICATES: found}, key, setup.catalog.accepted_findings
        )
        return {name: _with_table(finding) for name, finding in findings.items()}

    def described(setup: Setup, seen: Seen) -> dict[str, Finding]:
        from wmtp_assets.corpora.schema.schema_json import read_stored_splits

        row, folder = dataset_row(setup.catalog, dataset), setup.store.dataset(dataset)
        settings = length_filter(setup.catalog, setup.store)
        splits = read_stored_splits(row, folder)
        content = summarise(row, locked_commit(setup.store, row), splits, settings)
        found = inspection.judge_summary(content, recorded_summary(setup, seen))
        return {inspection.SUMMARY_AGREES: found}

    def pictures(setup: Setup, seen: Seen) -> dict[str, Finding]:
        day = recorded_summary(setup, seen).name.removesuffix(SUFFIX)
        folder = setup.store.dataset(dataset).stats
        return {inspection.PLOTS_PRESENT: inspection.judge_plots(dataset, folder, day)}

    readings = [
        Reading(recount, SAYS | (SAYS_ACROSS if several else {}), deep=True),
        Reading(described, {inspection.SUMMARY_AGREES: "The summary says what the splits state"}),
        Reading(pictures, {inspection.PLOTS_PRESENT: "Each plot is there and a whole PNG"}),
    ]
    if several:
        readings.append(Reading(near, SAYS_NEAR, deep=True, warn=True))
    return readings


def _with_table(finding: Finding) -> Finding:
    pairs = finding.evidence.get(inspection.PAIRS)
    if not pairs:
        return finding
    table = dg.MetadataValue.table([dg.TableRecord(pair) for pair in pairs])
    return replace(finding, evidence={**finding.evidence, inspection.PAIRS: table})


stats_checks = [
    checks_on(f"{dataset}/stats", *stats_readings(dataset=dataset)) for dataset in FORMATS
]
