"""<name>/small: a stratified sample of each split, for a laptop."""

import dagster as dg

from wmtp_assets.datasets.convert.inputs import raw_commit
from wmtp_assets.datasets.convert.tally import CORRECT, INCORRECT, ROWS
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.deployment import Deployment
from wmtp_assets.files import file_io
from wmtp_assets.record import materialized


def small_asset(*, dataset: str) -> dg.AssetsDefinition:
    """The small sets of one dataset."""

    @dg.asset(
        key=[dataset, "small"],
        group_name=dataset,
        deps=[dg.AssetKey([dataset, split]) for split in DATASETS[dataset].splits],
        kinds={"dataset", "json"},
        code_version="3",
        description=DATASETS[dataset].small,
    )
    def small(
        context: dg.AssetExecutionContext, deployment: dg.ResourceParam[Deployment]
    ) -> dg.MaterializeResult:
        from wmtp_assets.datasets.small.card import build_small_card
        from wmtp_assets.datasets.small.select import write_small_set

        row = deployment.catalog.dataset(dataset)
        folder = deployment.store.dataset(dataset)
        sets = {
            split.name: write_small_set(dataset, split, folder, deployment.workers)
            for split in row.splits
        }
        commit = raw_commit(deployment.store, row)
        card = file_io.write_bytes(folder.small / "README.md", build_small_card(row, commit, sets))
        counts = {
            f"{split}_{name}": written.stats[name]
            for split, written in sets.items()
            for name in (ROWS, CORRECT, INCORRECT)
            if name in written.stats
        }
        return materialized(
            deployment,
            folder.small,
            [card, *(file for written in sets.values() for file in written.files)],
            repo=row.repo,
            commit=commit,
            **{"dagster/row_count": sum(w.stats[ROWS] for w in sets.values())},
            **counts,
        )

    return small


small_assets = {dataset: small_asset(dataset=dataset) for dataset in DATASETS}
