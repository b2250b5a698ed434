"""<name>/small: a stratified sample of each split, for a laptop."""

import dagster as dg

from wmtp_assets import store
from wmtp_assets.corpora.sources import raw_commit
from wmtp_assets.corpora.tally import CORRECT, INCORRECT, ROWS
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.record import materialized
from wmtp_assets.setup import Setup


def small_asset(*, dataset: str) -> dg.AssetsDefinition:
    """The small sets of one dataset."""

    @dg.asset(
        key=[dataset, "small"],
        group_name=dataset,
        deps=[dg.AssetKey([dataset, split]) for split in DATASETS[dataset].splits],
        kinds={"dataset", "json"},
        code_version="2",
        description=DATASETS[dataset].small,
    )
    def small(
        context: dg.AssetExecutionContext, setup: dg.ResourceParam[Setup]
    ) -> dg.MaterializeResult:
        from wmtp_assets.corpora.small.card import build_small_card
        from wmtp_assets.corpora.small.select import write_small_set

        row = setup.catalog.dataset(dataset)
        folder = setup.store.dataset(dataset)
        sets = {split.name: write_small_set(dataset, split, folder) for split in row.splits}
        commit = raw_commit(setup.store, row)
        card = store.write_bytes(folder.small / "README.md", build_small_card(row, commit, sets))
        counts = {
            f"{split}_{name}": written.stats[name]
            for split, written in sets.items()
            for name in (ROWS, CORRECT, INCORRECT)
            if name in written.stats
        }
        return materialized(
            setup,
            folder.small,
            [card, *(file for written in sets.values() for file in written.files)],
            repo=row.repo,
            commit=commit,
            **{"dagster/row_count": sum(w.stats[ROWS] for w in sets.values())},
            **counts,
        )

    return small


small_assets = {dataset: small_asset(dataset=dataset) for dataset in DATASETS}
