"""The Sheared-LLaMA reference in the stored form; its safetensors folder opens by itself."""

import datetime
import time

import dagster as dg

from wmtp_assets import store
from wmtp_assets.catalog import Files
from wmtp_assets.hub.fetch import fetch_files
from wmtp_assets.record import materialized
from wmtp_assets.setup import Setup
from wmtp_assets.weights.configs import (
    CONFIG,
    GENERATION_CONFIG,
    model_shapes,
    require_geometry,
    with_dtype,
)
from wmtp_assets.weights.convert import convert
from wmtp_assets.weights.metadata import describe_model, locked_commit, write_dated
from wmtp_assets.weights.selection import DROPPED
from wmtp_assets.weights.strict_json import read_object
from wmtp_assets.weights.tokenizer import (
    TOKENIZER_FILES,
    TOKENIZER_MODEL,
    build_tokenizer_folder,
)


@dg.asset(
    key=["ref_sheared", "tokenizer"],
    group_name="ref_sheared",
    deps=["storage_layout"],
    kinds={"huggingface", "json"},
    code_version="1",
    description="Sheared-LLaMA tokenizer: tokenizer.model, and a tokenizer.json with equal ids.",
)
def ref_sheared_tokenizer(
    context: dg.AssetExecutionContext, setup: dg.ResourceParam[Setup]
) -> dg.MaterializeResult:
    model, lock = setup.catalog.ref_sheared, setup.store.lock
    folder = setup.store.model(model.folder).tokenizer
    wanted = (Files(TOKENIZER_MODEL),)
    fetched = fetch_files(setup.source, model.repo, wanted, folder, lock, context.log.info)
    files = build_tokenizer_folder(folder, setup.catalog.tokenizer_sha256)
    return materialized(setup, folder, files, repo=model.repo, commit=fetched.commit)


@dg.asset(
    key=["ref_sheared", "configs"],
    group_name="ref_sheared",
    deps=[["ref_sheared", "raw"]],
    kinds={"json"},
    code_version="1",
    description="Sheared-LLaMA configs: config.json that says float16, generation_config.json.",
)
def ref_sheared_configs(setup: dg.ResourceParam[Setup]) -> dg.MaterializeResult:
    model = setup.catalog.ref_sheared
    folder = setup.store.model(model.folder)
    config = read_object(folder.raw / CONFIG)
    require_geometry(config, model.geometry, folder.raw / CONFIG)
    generation = folder.raw / GENERATION_CONFIG
    read_object(generation)
    files = (
        store.write_json(folder.configs / CONFIG, with_dtype(config, model.dtype)),
        store.copy_file(generation, folder.configs / GENERATION_CONFIG),
    )
    return materialized(setup, folder.configs, files, repo=model.repo, dtype=model.dtype)


@dg.asset(
    key=["ref_sheared", "safetensors"],
    group_name="ref_sheared",
    deps=[["ref_sheared", "raw"], ["ref_sheared", "configs"], ["ref_sheared", "tokenizer"]],
    kinds={"pytorch", "safetensors"},
    code_version="1",
    description="Sheared-LLaMA weights: merged float16 folder that transformers opens offline.",
)
def ref_sheared_safetensors(
    context: dg.AssetExecutionContext, setup: dg.ResourceParam[Setup]
) -> dg.MaterializeResult:
    started = time.monotonic()
    model = setup.catalog.ref_sheared
    folder = setup.store.model(model.folder)
    done = convert(
        folder.raw / model.checkpoint,
        folder.weights,
        model_shapes(model, folder),
        dropped=DROPPED[model.implementation],
        dtype=model.dtype,
        report=context.log.info,
    )
    beside = [
        store.copy_file(original, folder.safetensors / original.name)
        for original in (
            folder.configs / CONFIG,
            folder.configs / GENERATION_CONFIG,
            *(folder.tokenizer / name for name in TOKENIZER_FILES),
        )
    ]
    sums = store.write_sums(folder.sums, [done.file, *beside])
    return materialized(
        setup,
        folder.safetensors,
        [done.file, *beside, sums],
        repo=model.repo,
        commit=locked_commit(setup.store.lock, model.repo),
        started=started,
        work_bytes=done.source_bytes,
        **done.as_metadata(),
    )


@dg.asset(
    key=["ref_sheared", "metadata"],
    group_name="ref_sheared",
    deps=[
        ["ref_sheared", "safetensors"],
        ["ref_sheared", "configs"],
        ["ref_sheared", "tokenizer"],
    ],
    kinds={"json"},
    code_version="1",
    description="Sheared-LLaMA metadata.json: version, dtype, digests, source, shared tokenizer.",
)
def ref_sheared_metadata(setup: dg.ResourceParam[Setup]) -> dg.MaterializeResult:
    model = setup.catalog.ref_sheared
    path = setup.store.model(model.folder).metadata
    facts = describe_model(setup.store, model)
    file = write_dated(path, facts, datetime.datetime.now(datetime.UTC))
    return materialized(setup, path, [file], n_params=facts["n_params"], dtype=facts["dtype"])


ref_sheared_assets = [
    ref_sheared_tokenizer,
    ref_sheared_configs,
    ref_sheared_safetensors,
    ref_sheared_metadata,
]
