"""The Starling reward model in the stored form: optional, dtype kept as published."""

import dagster as dg

from wmtp_assets import store
from wmtp_assets.deployment import Deployment
from wmtp_assets.hub.lock import locked_commit
from wmtp_assets.models.configs import CONFIG, require_geometry, with_dtype
from wmtp_assets.models.safetensors.plan import kept_dtype
from wmtp_assets.models.shared.assets import metadata_asset, safetensors_asset
from wmtp_assets.models.strict_json import read_object
from wmtp_assets.record import materialized


@dg.asset(
    key=["starling_rm", "configs"],
    group_name="reward",
    deps=[["starling_rm", "raw"]],
    kinds={"json"},
    code_version="1",
    description="Starling reward model config.json; says the dtype of the stored weights.",
)
def starling_rm_configs(deployment: dg.ResourceParam[Deployment]) -> dg.MaterializeResult:
    model = deployment.catalog.model("starling_rm")
    folder = deployment.store.model(model.folder)
    config = read_object(folder.raw / CONFIG)
    require_geometry(config, model.geometry, folder.raw / CONFIG)
    dtype = kept_dtype(model, config, folder)
    file = store.write_json(folder.configs / CONFIG, with_dtype(config, dtype))
    commit = locked_commit(deployment.store.lock, model.repo)
    return materialized(
        deployment, folder.configs, [file], repo=model.repo, commit=commit, dtype=dtype
    )


starling_rm_safetensors = safetensors_asset(
    key=["starling_rm", "safetensors"],
    group="reward",
    row=lambda catalog: catalog.model("starling_rm"),
    deps=[["starling_rm", "raw"], ["starling_rm", "configs"]],
    description="Starling reward model weights: safetensors, names and dtype as published.",
)

starling_rm_metadata = metadata_asset(
    key=["starling_rm", "metadata"],
    group="reward",
    row=lambda catalog: catalog.model("starling_rm"),
    deps=[["starling_rm", "safetensors"], ["starling_rm", "configs"]],
    description="Starling reward model metadata.json; status optional.",
)

starling_rm_assets = [starling_rm_configs, starling_rm_safetensors, starling_rm_metadata]
