"""<name>/stats: the dated summary of a dataset and its plots."""

import datetime
from typing import Any

import dagster as dg

from wmtp_assets.catalog import MAX_TOKENS
from wmtp_assets.datasets.convert.inputs import raw_commit
from wmtp_assets.datasets.convert.label_conflicts import LABELLED_BOTH
from wmtp_assets.datasets.convert.tally import DROPPED
from wmtp_assets.datasets.formats import TOTAL
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.stats.inputs import benchmark_splits, summary_content
from wmtp_assets.deployment import Deployment
from wmtp_assets.files import file_io
from wmtp_assets.priority import priority_tags
from wmtp_assets.record import materialized


def stats_asset(*, dataset: str) -> dg.AssetsDefinition:
    """The numbers and plots of one dataset."""
    splits = [f"{dataset}/{split}" for split in DATASETS[dataset].splits]

    @dg.asset(
        key=[dataset, "stats"],
        group_name=dataset,
        # A check on several assets sits on one downstream of all of them.
        deps=[dg.AssetKey(key.split("/")) for key in (*splits, *benchmark_splits(dataset))],
        kinds={"json", "file"},
        op_tags=priority_tags("stats"),
        code_version="4",
        description=DATASETS[dataset].stats,
    )
    def stats(
        context: dg.AssetExecutionContext, deployment: dg.ResourceParam[Deployment]
    ) -> dg.MaterializeResult:
        from wmtp_assets.datasets.schema.schema_json import read_stored_splits
        from wmtp_assets.datasets.stats import plots, tables
        from wmtp_assets.datasets.stats.sketches import draw_sketches
        from wmtp_assets.datasets.stats.summary import choose_summary, summary_bytes

        row = deployment.catalog.dataset(dataset)
        folder = deployment.store.dataset(dataset)
        splits = read_stored_splits(row, folder)
        content = summary_content(deployment.catalog, deployment.store, dataset, splits)
        path, day = choose_summary(folder.stats, content, datetime.date.today())
        drawn = plots.draw_plots(dataset, splits, MAX_TOKENS)
        files = [
            file_io.write_bytes(folder.stats / f"{day}_{name}.png", png)
            for name, png in drawn.items()
        ]
        files.append(file_io.write_bytes(path, summary_bytes(content, day)))
        pictures: dict[str, Any] = {
            name: dg.MetadataValue.md(sketch)
            for name, sketch in draw_sketches(dataset, splits, MAX_TOKENS).items()
        } | {
            f"{name}_png": dg.MetadataValue.md(plots.as_markdown(name, png))
            for name, png in drawn.items()
        }
        return materialized(
            deployment,
            folder.stats,
            files,
            repo=row.repo,
            commit=raw_commit(deployment.store, row),
            date=day,
            rows=content["rows"],
            **numbers(content["splits"]),
            quantiles=dg.MetadataValue.md(tables.as_markdown(tables.quantiles(splits))),
            **pictures,
        )

    return stats


def numbers(splits: dict[str, dict[str, Any]]) -> dict[str, int | float]:
    """What Dagster plots over time: of each split lengths, drops and contradictory labels."""
    plotted: dict[str, int | float] = {}
    for name, of in splits.items():
        lengths = of["token_lengths"][TOTAL]
        plotted |= {f"{name}_mean_tokens": lengths["mean"], f"{name}_max_tokens": lengths["max"]}
        plotted |= {f"{name}_{DROPPED}_{reason}": count for reason, count in of[DROPPED].items()}
        # Shorter than in the summary: the page cuts what is longer than its column of keys.
        for form, counts in of.get(LABELLED_BOTH, {}).items():
            plotted |= {f"{name}_both_{form}_{what}": n for what, n in counts.items()}
    return plotted


stats_assets = [stats_asset(dataset=dataset) for dataset in DATASETS]
