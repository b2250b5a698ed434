"""Meta's multi-token model in the stored form: tokenizer, configs, weights, metadata.json."""

import datetime
import time

import dagster as dg

from wmtp_assets import store
from wmtp_assets.catalog import Files
from wmtp_assets.hub.fetch import fetch_files
from wmtp_assets.record import materialized
from wmtp_assets.setup import Setup
from wmtp_assets.weights.configs import (
    ADAPTER,
    PARAMS,
    adapter_bytes,
    adapter_of,
    model_shapes,
    read_params,
    require_geometry,
    require_known_params,
)
from wmtp_assets.weights.convert import convert
from wmtp_assets.weights.metadata import describe_model, locked_commit, write_dated
from wmtp_assets.weights.selection import DROPPED
from wmtp_assets.weights.tokenizer import TOKENIZER_MODEL, build_tokenizer_folder


@dg.asset(
    key=["meta_mtp", "tokenizer"],
    group_name="meta_mtp",
    deps=["storage_layout"],
    kinds={"huggingface", "json"},
    code_version="1",
    description="Meta MTP tokenizer: tokenizer.model, and a tokenizer.json with equal ids.",
)
def meta_mtp_tokenizer(
    context: dg.AssetExecutionContext, setup: dg.ResourceParam[Setup]
) -> dg.MaterializeResult:
    model, lock = setup.catalog.meta_mtp, setup.store.lock
    folder = setup.store.model(model.folder).tokenizer
    wanted = (Files(TOKENIZER_MODEL),)
    fetched = fetch_files(setup.source, model.repo, wanted, folder, lock, context.log.info)
    files = build_tokenizer_folder(folder, setup.catalog.tokenizer_sha256)
    return materialized(setup, folder, files, repo=model.repo, commit=fetched.commit)


@dg.asset(
    key=["meta_mtp", "configs"],
    group_name="meta_mtp",
    deps=[["meta_mtp", "raw"]],
    kinds={"json", "yaml"},
    code_version="1",
    description="Meta MTP configs: params.json as published, meta_adapter.yaml from it.",
)
def meta_mtp_configs(setup: dg.ResourceParam[Setup]) -> dg.MaterializeResult:
    model = setup.catalog.meta_mtp
    folder = setup.store.model(model.folder)
    source = (folder.raw / model.checkpoint).with_name(PARAMS)
    params = read_params(source)
    require_known_params(params, source)
    require_geometry(params, model.geometry, source)
    adapter = adapter_of(params, model.dtype)
    files = (
        store.copy_file(source, folder.configs / PARAMS),
        store.write_bytes(folder.configs / ADAPTER, adapter_bytes(adapter)),
    )
    return materialized(setup, folder.configs, files, repo=model.repo, **adapter)


@dg.asset(
    key=["meta_mtp", "safetensors"],
    group_name="meta_mtp",
    deps=[["meta_mtp", "raw"], ["meta_mtp", "configs"]],
    kinds={"pytorch", "safetensors"},
    code_version="1",
    description="Meta MTP weights: float16 safetensors with Meta's key names, SHA256SUMS.",
)
def meta_mtp_safetensors(
    context: dg.AssetExecutionContext, setup: dg.ResourceParam[Setup]
) -> dg.MaterializeResult:
    started = time.monotonic()
    model = setup.catalog.meta_mtp
    folder = setup.store.model(model.folder)
    done = convert(
        folder.raw / model.checkpoint,
        folder.weights,
        model_shapes(model, folder),
        dropped=DROPPED[model.implementation],
        dtype=model.dtype,
        report=context.log.info,
    )
    sums = store.write_sums(folder.sums, [done.file])
    return materialized(
        setup,
        folder.safetensors,
        [done.file, sums],
        repo=model.repo,
        commit=locked_commit(setup.store.lock, model.repo),
        started=started,
        work_bytes=done.source_bytes,
        **done.as_metadata(),
    )


@dg.asset(
    key=["meta_mtp", "metadata"],
    group_name="meta_mtp",
    deps=[
        ["meta_mtp", "safetensors"],
        ["meta_mtp", "configs"],
        ["meta_mtp", "tokenizer"],
        ["ref_sheared", "tokenizer"],
    ],
    kinds={"json"},
    code_version="1",
    description="Meta MTP metadata.json: version, dtype, digests, source, licence.",
)
def meta_mtp_metadata(setup: dg.ResourceParam[Setup]) -> dg.MaterializeResult:
    model = setup.catalog.meta_mtp
    path = setup.store.model(model.folder).metadata
    facts = describe_model(setup.store, model)
    file = write_dated(path, facts, datetime.datetime.now(datetime.UTC))
    return materialized(setup, path, [file], n_params=facts["n_params"], dtype=facts["dtype"])


meta_mtp_assets = [
    meta_mtp_tokenizer,
    meta_mtp_configs,
    meta_mtp_safetensors,
    meta_mtp_metadata,
]
