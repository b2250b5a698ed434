"""The assets of the stored models, once for all rows: tokenizer, configs, weights, metadata."""

import datetime
import time

import dagster as dg

from wmtp_assets.catalog import Files
from wmtp_assets.deployment import Deployment
from wmtp_assets.files import file_io
from wmtp_assets.hub.fetch import fetch_files
from wmtp_assets.hub.lock import locked_commit
from wmtp_assets.models.card import build_card
from wmtp_assets.models.checkpoint.naming import naming_of
from wmtp_assets.models.checkpoint.selection import dropped_rules
from wmtp_assets.models.configs import model_settings
from wmtp_assets.models.metadata import describe_model, write_dated
from wmtp_assets.models.row import (
    CONFIGS,
    METADATA,
    SAFETENSORS,
    TOKENIZER,
    ModelRow,
    no_extra_files,
)
from wmtp_assets.models.rows import MODELS
from wmtp_assets.models.safetensors.convert import convert
from wmtp_assets.models.tokenizer.files import TOKENIZER_MODEL, build_tokenizer_folder
from wmtp_assets.printable import reporter
from wmtp_assets.priority import priority_tags
from wmtp_assets.record import materialized


def tokenizer_asset(row: ModelRow) -> dg.AssetsDefinition:
    """The tokenizer folder of a stored model: the published vocabulary, and files made of it."""

    @dg.asset(
        key=[row.name, TOKENIZER],
        group_name=row.group_name,
        deps=["storage_layout"],
        kinds={"huggingface", "json"},
        code_version="1",
        description=row.descriptions[TOKENIZER],
    )
    def tokenizer(
        context: dg.AssetExecutionContext, deployment: dg.ResourceParam[Deployment]
    ) -> dg.MaterializeResult:
        model, lock = deployment.catalog.model(row.name), deployment.store.lock
        folder = deployment.store.model(model.folder).tokenizer
        wanted = (Files(TOKENIZER_MODEL),)
        fetched = fetch_files(
            deployment.source, model.repo, wanted, folder, lock, reporter(context.log.info)
        )
        files = build_tokenizer_folder(folder, deployment.catalog.tokenizer_sha256)
        return materialized(deployment, folder, files, repo=model.repo, commit=fetched.commit)

    return tokenizer


def configs_asset(row: ModelRow) -> dg.AssetsDefinition:
    """The configs of a stored model, as its form writes them."""

    @dg.asset(
        key=[row.name, CONFIGS],
        group_name=row.group_name,
        deps=[[row.name, "raw"]],
        kinds=set(row.form.configs_kinds),
        code_version="1",
        description=row.descriptions[CONFIGS],
    )
    def configs(deployment: dg.ResourceParam[Deployment]) -> dg.MaterializeResult:
        model = deployment.catalog.model(row.name)
        folder = deployment.store.model(model.folder)
        written = row.form.write_configs(model, folder)
        commit = locked_commit(deployment.store.lock, model.repo)
        return materialized(
            deployment,
            folder.configs,
            written.files,
            repo=model.repo,
            commit=commit,
            **written.facts,
        )

    return configs


def safetensors_asset(row: ModelRow) -> dg.AssetsDefinition:
    """The safetensors folder of a stored model: the weights, and what its form puts beside them."""
    copied = [CONFIGS] if row.form.beside is no_extra_files else [CONFIGS, TOKENIZER]

    @dg.asset(
        key=[row.name, SAFETENSORS],
        group_name=row.group_name,
        deps=[[row.name, part] for part in ("raw", *copied)],
        kinds={"pytorch", "safetensors"},
        op_tags=priority_tags(SAFETENSORS),
        code_version="2",
        description=row.descriptions[SAFETENSORS],
    )
    def safetensors(
        context: dg.AssetExecutionContext, deployment: dg.ResourceParam[Deployment]
    ) -> dg.MaterializeResult:
        started = time.monotonic()
        model = deployment.catalog.model(row.name)
        folder = deployment.store.model(model.folder)
        settings = model_settings(model, folder)
        done = convert(
            folder.raw / model.checkpoint,
            folder.weights,
            model.implementation.shapes(settings),
            dropped=dropped_rules(model.implementation, settings),
            dtype=model.dtype,
            naming=naming_of(model),
            report=reporter(context.log.info),
        )
        copies = [
            file_io.copy_file(original, folder.safetensors / original.name)
            for original in row.form.beside(folder)
        ]
        sums = file_io.write_sums(folder.sums, [done.file, *copies])
        return materialized(
            deployment,
            folder.safetensors,
            [done.file, *copies, sums],
            repo=model.repo,
            commit=locked_commit(deployment.store.lock, model.repo),
            started=started,
            work_bytes=done.source_bytes,
            **done.as_metadata(),
        )

    return safetensors


def metadata_asset(row: ModelRow) -> dg.AssetsDefinition:
    """The metadata.json and the card of a stored model."""
    described = [[row.name, part] for part in row.parts if part != METADATA]

    @dg.asset(
        key=[row.name, METADATA],
        group_name=row.group_name,
        deps=[*described, *(key.split("/") for key in row.extra_deps)],
        kinds={"json", "file"},
        code_version="3",
        description=row.descriptions[METADATA],
    )
    def metadata(deployment: dg.ResourceParam[Deployment]) -> dg.MaterializeResult:
        model = deployment.catalog.model(row.name)
        folder = deployment.store.model(model.folder)
        facts = describe_model(deployment.store, deployment.catalog, model)
        card = build_card(facts, row.summary, model.repo, model.implementation)
        files = [
            write_dated(folder.metadata, facts, datetime.datetime.now(datetime.UTC)),
            file_io.write_bytes(folder.card, card),
        ]
        return materialized(
            deployment,
            folder.root,
            files,
            n_params=facts["n_params"],
            dtype=facts["dtype"],
            card=dg.MetadataValue.md(card.decode().split("---\n", 2)[2]),
        )

    return metadata


# In the order in which they are made.
MAKERS = {
    TOKENIZER: tokenizer_asset,
    CONFIGS: configs_asset,
    SAFETENSORS: safetensors_asset,
    METADATA: metadata_asset,
}
model_assets = [
    make(row) for row in MODELS.values() for part, make in MAKERS.items() if part in row.parts
]
