"""<name>/schema: schema.json, dataset card and croissant.json of a processed dataset."""

import dagster as dg

from wmtp_assets.datasets.convert.inputs import length_filter, raw_commit
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.deployment import Deployment
from wmtp_assets.files import file_io
from wmtp_assets.record import materialized


def schema_asset(*, dataset: str) -> dg.AssetsDefinition:
    """The files that describe one processed dataset; load_dataset needs the card."""

    @dg.asset(
        key=[dataset, "schema"],
        group_name=dataset,
        deps=[dg.AssetKey([dataset, split]) for split in DATASETS[dataset].splits],
        kinds={"json", "file"},
        code_version="2",
        description=f"{DATASETS[dataset].title}: schema.json, dataset card and croissant.json.",
    )
    def schema(
        context: dg.AssetExecutionContext, deployment: dg.ResourceParam[Deployment]
    ) -> dg.MaterializeResult:
        from wmtp_assets.datasets.schema.card import build_card
        from wmtp_assets.datasets.schema.croissant import build_croissant
        from wmtp_assets.datasets.schema.schema_json import build_schema, read_stored_splits

        row = deployment.catalog.dataset(dataset)
        folder = deployment.store.dataset(dataset)
        settings = length_filter(deployment.catalog, deployment.store)
        commit = raw_commit(deployment.store, row)
        splits = read_stored_splits(row, folder)
        card = build_card(row, commit, splits, settings)
        files = [
            file_io.write_bytes(folder.processed / "README.md", card),
            file_io.write_json(folder.processed / "croissant.json", build_croissant(row, splits)),
            file_io.write_json(
                folder.processed / "schema.json", build_schema(row, commit, splits, settings)
            ),
        ]
        rows = sum(split.facts.tally.rows for split in splits)
        return materialized(
            deployment,
            folder.processed,
            files,
            repo=row.repo,
            commit=commit,
            splits=len(splits),
            rows=rows,
            card=dg.MetadataValue.md(card.decode().split("---\n", 2)[2]),
        )

    return schema


schema_assets = {dataset: schema_asset(dataset=dataset) for dataset in DATASETS}
