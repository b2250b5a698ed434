"""The micro models: cut out of the stored ones, small enough for a laptop."""

import datetime

import dagster as dg

from wmtp_assets.deployment import Deployment
from wmtp_assets.files import file_io
from wmtp_assets.models.metadata import write_dated
from wmtp_assets.models.micro.folder import describe_micro, micro_card, write_micro
from wmtp_assets.models.micro.row import MicroRow
from wmtp_assets.models.micro.rows import MICROS, is_made_of_micro
from wmtp_assets.models.micro.scored_rows import SCORED_KEY
from wmtp_assets.record import materialized


def micro_asset(*, row: MicroRow) -> dg.AssetsDefinition:
    """One micro model, metadata.json written last: it names the digests of all other files."""

    @dg.asset(
        name=row.name,
        group_name="micro",
        deps=_deps(row),
        kinds={"pytorch", "safetensors"},
        code_version="3",
        description=row.description,
    )
    def micro_model(deployment: dg.ResourceParam[Deployment]) -> dg.MaterializeResult:
        store, catalog = deployment.store, deployment.catalog
        micro = catalog.micro(row.name)
        folder = store.model(micro.folder)
        files = write_micro(store, catalog, micro)
        facts = describe_micro(store, catalog, micro)
        card = micro_card(store, catalog, row, facts)
        metadata = write_dated(folder.metadata, facts, datetime.datetime.now(datetime.UTC))
        return materialized(
            deployment,
            folder.root,
            [*files, file_io.write_bytes(folder.card, card), metadata],
            n_params=facts["n_params"],
            weights_bytes=folder.weights.stat().st_size,
            kept=facts["kept"],
            card=dg.MetadataValue.md(card.decode().split("---\n", 2)[2]),
        )

    return micro_model


def _deps(row: MicroRow) -> list[list[str]]:
    source = row.published.source
    parts = ("safetensors", "configs", "tokenizer")
    read = [[source]] if is_made_of_micro(row) else [[source, part] for part in parts]
    # Read by rho1_compatible alone.
    return read + ([[row.scored_with], SCORED_KEY] if row.scored_with else [])


micro_assets = [micro_asset(row=row) for row in MICROS.values()]
