"""The Sheared-LLaMA reference in the stored form; its safetensors folder opens by itself."""

import dagster as dg

from wmtp_assets import store
from wmtp_assets.deployment import Deployment
from wmtp_assets.hub.lock import locked_commit
from wmtp_assets.models.configs import CONFIG, GENERATION_CONFIG, require_geometry, with_dtype
from wmtp_assets.models.safetensors.opening import beside_weights
from wmtp_assets.models.shared.assets import metadata_asset, safetensors_asset, tokenizer_asset
from wmtp_assets.models.strict_json import read_object
from wmtp_assets.record import materialized

ref_sheared_tokenizer = tokenizer_asset(
    key=["ref_sheared", "tokenizer"],
    group="ref_sheared",
    row=lambda catalog: catalog.model("ref_sheared"),
    description="Sheared-LLaMA tokenizer: tokenizer.model, and a tokenizer.json with equal ids.",
)


@dg.asset(
    key=["ref_sheared", "configs"],
    group_name="ref_sheared",
    deps=[["ref_sheared", "raw"]],
    kinds={"json"},
    code_version="1",
    description="Sheared-LLaMA configs: config.json that says float16, generation_config.json.",
)
def ref_sheared_configs(deployment: dg.ResourceParam[Deployment]) -> dg.MaterializeResult:
    model = deployment.catalog.model("ref_sheared")
    folder = deployment.store.model(model.folder)
    config = read_object(folder.raw / CONFIG)
    require_geometry(config, model.geometry, folder.raw / CONFIG)
    generation = folder.raw / GENERATION_CONFIG
    read_object(generation)
    files = (
        store.write_json(folder.configs / CONFIG, with_dtype(config, model.dtype)),
        store.copy_file(generation, folder.configs / GENERATION_CONFIG),
    )
    commit = locked_commit(deployment.store.lock, model.repo)
    return materialized(
        deployment, folder.configs, files, repo=model.repo, commit=commit, dtype=model.dtype
    )


ref_sheared_safetensors = safetensors_asset(
    key=["ref_sheared", "safetensors"],
    group="ref_sheared",
    row=lambda catalog: catalog.model("ref_sheared"),
    deps=[["ref_sheared", "raw"], ["ref_sheared", "configs"], ["ref_sheared", "tokenizer"]],
    description="Sheared-LLaMA weights: merged float16 folder that transformers opens offline.",
    beside=beside_weights,
)

ref_sheared_metadata = metadata_asset(
    key=["ref_sheared", "metadata"],
    group="ref_sheared",
    row=lambda catalog: catalog.model("ref_sheared"),
    deps=[
        ["ref_sheared", "safetensors"],
        ["ref_sheared", "configs"],
        ["ref_sheared", "tokenizer"],
    ],
    description="Sheared-LLaMA metadata.json: version, dtype, digests, source, shared tokenizer.",
)

ref_sheared_assets = [
    ref_sheared_tokenizer,
    ref_sheared_configs,
    ref_sheared_safetensors,
    ref_sheared_metadata,
]
