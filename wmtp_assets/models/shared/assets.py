"""The assets that stored models have in common: tokenizer, weights, metadata.json.

Siblings that differ by their row in the catalog and by what stands at the call. Configs are each
model's own, beside the calls.
"""

import datetime
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import dagster as dg

from wmtp_assets import store
from wmtp_assets.catalog import Files
from wmtp_assets.deployment import Deployment
from wmtp_assets.folders import ModelFolder
from wmtp_assets.hub.fetch import fetch_files
from wmtp_assets.hub.lock import locked_commit
from wmtp_assets.models.architecture import SHAPES
from wmtp_assets.models.checkpoint.naming import naming_of
from wmtp_assets.models.checkpoint.selection import dropped_rules
from wmtp_assets.models.configs import model_settings
from wmtp_assets.models.metadata import describe_model, write_dated
from wmtp_assets.models.safetensors.convert import convert
from wmtp_assets.models.stored_model import Row
from wmtp_assets.models.tokenizer.files import TOKENIZER_MODEL, build_tokenizer_folder
from wmtp_assets.printable import reporter
from wmtp_assets.record import materialized


def tokenizer_asset(
    *, key: Sequence[str], group: str, row: Row, description: str
) -> dg.AssetsDefinition:
    """The tokenizer folder of a stored model: the published vocabulary, and files made of it."""

    @dg.asset(
        key=key,
        group_name=group,
        deps=["storage_layout"],
        kinds={"huggingface", "json"},
        code_version="1",
        description=description,
    )
    def tokenizer(
        context: dg.AssetExecutionContext, deployment: dg.ResourceParam[Deployment]
    ) -> dg.MaterializeResult:
        repo, lock = row(deployment.catalog).repo, deployment.store.lock
        folder = deployment.store.model(row(deployment.catalog).folder).tokenizer
        wanted = (Files(TOKENIZER_MODEL),)
        fetched = fetch_files(
            deployment.source, repo, wanted, folder, lock, reporter(context.log.info)
        )
        files = build_tokenizer_folder(folder, deployment.catalog.tokenizer_sha256)
        return materialized(deployment, folder, files, repo=repo, commit=fetched.commit)

    return tokenizer


def safetensors_asset(
    *,
    key: Sequence[str],
    group: str,
    row: Row,
    deps: Sequence[Sequence[str]],
    description: str,
    beside: Callable[[ModelFolder], Iterable[Path]] = lambda folder: (),
) -> dg.AssetsDefinition:
    """The safetensors folder of a stored model.

    Args:
        beside: The stored files that are copied into the folder next to the weights.
    """

    @dg.asset(
        key=key,
        group_name=group,
        deps=deps,
        kinds={"pytorch", "safetensors"},
        code_version="1",
        description=description,
    )
    def safetensors(
        context: dg.AssetExecutionContext, deployment: dg.ResourceParam[Deployment]
    ) -> dg.MaterializeResult:
        started = time.monotonic()
        model = row(deployment.catalog)
        folder = deployment.store.model(model.folder)
        settings = model_settings(model, folder)
        done = convert(
            folder.raw / model.checkpoint,
            folder.weights,
            SHAPES[model.implementation](settings),
            dropped=dropped_rules(model.implementation, settings),
            dtype=model.dtype,
            naming=naming_of(model),
            report=reporter(context.log.info),
        )
        copies = [
            store.copy_file(original, folder.safetensors / original.name)
            for original in beside(folder)
        ]
        sums = store.write_sums(folder.sums, [done.file, *copies])
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


def metadata_asset(
    *,
    key: Sequence[str],
    group: str,
    row: Row,
    deps: Sequence[Sequence[str]],
    description: str,
) -> dg.AssetsDefinition:
    """The metadata.json of a stored model."""

    @dg.asset(
        key=key,
        group_name=group,
        deps=deps,
        kinds={"json"},
        code_version="1",
        description=description,
    )
    def metadata(deployment: dg.ResourceParam[Deployment]) -> dg.MaterializeResult:
        model = row(deployment.catalog)
        path = deployment.store.model(model.folder).metadata
        facts = describe_model(deployment.store, model)
        file = write_dated(path, facts, datetime.datetime.now(datetime.UTC))
        return materialized(
            deployment, path, [file], n_params=facts["n_params"], dtype=facts["dtype"]
        )

    return metadata
