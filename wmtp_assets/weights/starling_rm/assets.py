"""The Starling reward model in the stored form: optional, dtype kept as published."""

import datetime
import time

import dagster as dg

from wmtp_assets import store
from wmtp_assets.record import materialized
from wmtp_assets.setup import Setup
from wmtp_assets.weights.configs import CONFIG, model_shapes, require_geometry, with_dtype
from wmtp_assets.weights.convert import convert
from wmtp_assets.weights.metadata import describe_model, locked_commit, write_dated
from wmtp_assets.weights.selection import DROPPED
from wmtp_assets.weights.strict_json import read_object


@dg.asset(
    key=["starling_rm", "configs"],
    group_name="reward",
    deps=[["starling_rm", "raw"]],
    kinds={"json"},
    code_version="1",
    description="Starling reward model config.json; says the dtype of the stored weights.",
)
def starling_rm_configs(setup: dg.ResourceParam[Setup]) -> dg.MaterializeResult:
    model = setup.catalog.starling_rm
    folder = setup.store.model(model.folder)
    config = read_object(folder.raw / CONFIG)
    require_geometry(config, model.geometry, folder.raw / CONFIG)
    file = store.write_json(folder.configs / CONFIG, with_dtype(config, model.dtype))
    return materialized(setup, folder.configs, [file], repo=model.repo, dtype=model.dtype)


@dg.asset(
    key=["starling_rm", "safetensors"],
    group_name="reward",
    deps=[["starling_rm", "raw"], ["starling_rm", "configs"]],
    kinds={"pytorch", "safetensors"},
    code_version="1",
    description="Starling reward model weights: safetensors, names and dtype as published.",
)
def starling_rm_safetensors(
    context: dg.AssetExecutionContext, setup: dg.ResourceParam[Setup]
) -> dg.MaterializeResult:
    started = time.monotonic()
    model = setup.catalog.starling_rm
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
    key=["starling_rm", "metadata"],
    group_name="reward",
    deps=[["starling_rm", "safetensors"], ["starling_rm", "configs"]],
    kinds={"json"},
    code_version="1",
    description="Starling reward model metadata.json; status optional.",
)
def starling_rm_metadata(setup: dg.ResourceParam[Setup]) -> dg.MaterializeResult:
    model = setup.catalog.starling_rm
    path = setup.store.model(model.folder).metadata
    facts = describe_model(setup.store, model)
    file = write_dated(path, facts, datetime.datetime.now(datetime.UTC))
    return materialized(setup, path, [file], n_params=facts["n_params"], dtype=facts["dtype"])


starling_rm_assets = [starling_rm_configs, starling_rm_safetensors, starling_rm_metadata]
