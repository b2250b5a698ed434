"""<name>/stats: the dated summary of a dataset and its plots."""

import datetime

import dagster as dg

from wmtp_assets import store
from wmtp_assets.catalog import MAX_TOKENS
from wmtp_assets.corpora.formats import FORMATS, TOTAL
from wmtp_assets.corpora.sources import dataset_row, length_filter, locked_commit
from wmtp_assets.record import materialized
from wmtp_assets.setup import Setup

DESCRIPTIONS = {
    "codecontests": "CodeContests: counts, label and difficulty distribution, token lengths.",
    "mbpp": "MBPP: counts and token lengths.",
    "humaneval": "HumanEval: counts and token lengths.",
}


def stats_asset(*, dataset: str, description: str) -> dg.AssetsDefinition:
    """The numbers and plots of one dataset."""

    @dg.asset(
        key=[dataset, "stats"],
        group_name=dataset,
        deps=[dg.AssetKey([dataset, split]) for split in FORMATS[dataset].splits],
        kinds={"json", "file"},
        code_version="1",
        description=description,
    )
    def stats(
        context: dg.AssetExecutionContext, setup: dg.ResourceParam[Setup]
    ) -> dg.MaterializeResult:
        from wmtp_assets.corpora.schema.schema_json import read_stored_splits
        from wmtp_assets.stats import plots
        from wmtp_assets.stats.summary import choose_summary, summarise, summary_bytes

        row = dataset_row(setup.catalog, dataset)
        folder = setup.store.dataset(dataset)
        commit = locked_commit(setup.store, row)
        splits = read_stored_splits(row, folder)
        content = summarise(row, commit, splits, length_filter(setup.catalog, setup.store))
        path, day = choose_summary(folder.stats, content, datetime.date.today())
        drawn = plots.draw_plots(dataset, splits, MAX_TOKENS)
        files = [
            store.write_bytes(folder.stats / f"{day}_{name}.png", png)
            for name, png in drawn.items()
        ]
        files.append(store.write_bytes(path, summary_bytes(content, day)))
        lengths = {name: of["token_lengths"][TOTAL] for name, of in content["splits"].items()}
        return materialized(
            setup,
            folder.stats,
            files,
            repo=row.repo,
            commit=commit,
            date=day,
            rows=content["rows"],
            **{f"{name}_mean_tokens": of["mean"] for name, of in lengths.items()},
            **{f"{name}_max_tokens": of["max"] for name, of in lengths.items()},
            **{
                name: dg.MetadataValue.md(plots.as_markdown(name, png))
                for name, png in drawn.items()
            },
        )

    return stats


stats_assets = [
    stats_asset(dataset=dataset, description=description)
    for dataset, description in DESCRIPTIONS.items()
]
