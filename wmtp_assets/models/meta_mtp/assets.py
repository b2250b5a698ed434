"""Meta's multi-token model in the stored form: tokenizer, configs, weights, metadata.json."""

import dagster as dg

from wmtp_assets import store
from wmtp_assets.deployment import Deployment
from wmtp_assets.hub.lock import locked_commit
from wmtp_assets.models.configs import (
    ADAPTER,
    PARAMS,
    adapter_bytes,
    adapter_of,
    read_params,
    require_geometry,
    require_known_params,
)
from wmtp_assets.models.shared.assets import metadata_asset, safetensors_asset, tokenizer_asset
from wmtp_assets.record import materialized

meta_mtp_tokenizer = tokenizer_asset(
    key=["meta_mtp", "tokenizer"],
    group="meta_mtp",
    row=lambda catalog: catalog.model("meta_mtp"),
    description="Meta MTP tokenizer: tokenizer.model, and a tokenizer.json with equal ids.",
)


@dg.asset(
    key=["meta_mtp", "configs"],
    group_name="meta_mtp",
    deps=[["meta_mtp", "raw"]],
    kinds={"json", "yaml"},
    code_version="1",
    description="Meta MTP configs: params.json as published, meta_adapter.yaml from it.",
)
def meta_mtp_configs(deployment: dg.ResourceParam[Deployment]) -> dg.MaterializeResult:
    model = deployment.catalog.model("meta_mtp")
    folder = deployment.store.model(model.folder)
    source = (folder.raw / model.checkpoint).with_name(PARAMS)
    params = read_params(source)
    require_known_params(params, source)
    require_geometry(params, model.geometry, source)
    adapter = adapter_of(params, model.dtype)
    files = (
        store.copy_file(source, folder.configs / PARAMS),
        store.write_bytes(folder.configs / ADAPTER, adapter_bytes(adapter)),
    )
    commit = locked_commit(deployment.store.lock, model.repo)
    return materialized(
        deployment, folder.configs, files, repo=model.repo, commit=commit, **adapter
    )


meta_mtp_safetensors = safetensors_asset(
    key=["meta_mtp", "safetensors"],
    group="meta_mtp",
    row=lambda catalog: catalog.model("meta_mtp"),
    deps=[["meta_mtp", "raw"], ["meta_mtp", "configs"]],
    description="Meta MTP weights: float16 safetensors with Meta's key names, SHA256SUMS.",
)

meta_mtp_metadata = metadata_asset(
    key=["meta_mtp", "metadata"],
    group="meta_mtp",
    row=lambda catalog: catalog.model("meta_mtp"),
    deps=[
        ["meta_mtp", "safetensors"],
        ["meta_mtp", "configs"],
        ["meta_mtp", "tokenizer"],
        ["ref_sheared", "tokenizer"],
    ],
    description="Meta MTP metadata.json: version, dtype, digests, source, licence.",
)

meta_mtp_assets = [
    meta_mtp_tokenizer,
    meta_mtp_configs,
    meta_mtp_safetensors,
    meta_mtp_metadata,
]
