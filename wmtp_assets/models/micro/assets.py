"""The micro models: cut out of the stored ones, small enough for a laptop."""

import datetime

import dagster as dg

from wmtp_assets.catalog import Micro
from wmtp_assets.deployment import Deployment
from wmtp_assets.models.metadata import write_dated
from wmtp_assets.models.micro.folder import describe_micro, write_micro
from wmtp_assets.models.micro.scored import SCORED_KEY
from wmtp_assets.record import materialized


@dg.asset(
    group_name="micro",
    deps=[["meta_mtp", "safetensors"], ["meta_mtp", "configs"], ["meta_mtp", "tokenizer"]],
    kinds={"pytorch", "safetensors"},
    code_version="1",
    description="Micro multi-token model: 4 blocks, 512 wide, tied output, under 50 MB.",
)
def micro_mtp(deployment: dg.ResourceParam[Deployment]) -> dg.MaterializeResult:
    return _made(deployment, deployment.catalog.micro("micro_mtp"))


@dg.asset(
    group_name="micro",
    deps=["micro_mtp"],
    kinds={"pytorch", "safetensors"},
    code_version="1",
    description="micro_mtp with output.weight stored, for loaders with a strict key set.",
)
def micro_mtp_untied(deployment: dg.ResourceParam[Deployment]) -> dg.MaterializeResult:
    return _made(deployment, deployment.catalog.micro("micro_mtp_untied"))


@dg.asset(
    group_name="micro",
    deps=[
        ["ref_sheared", "safetensors"],
        ["ref_sheared", "configs"],
        ["ref_sheared", "tokenizer"],
        # Read by rho1_compatible alone.
        "micro_mtp",
        SCORED_KEY,
    ],
    kinds={"pytorch", "safetensors"},
    code_version="1",
    description="Micro reference: 4 blocks of Sheared-LLaMA, 512 wide; opens with transformers.",
)
def micro_ref(deployment: dg.ResourceParam[Deployment]) -> dg.MaterializeResult:
    return _made(deployment, deployment.catalog.micro("micro_ref"))


def _made(deployment: Deployment, micro: Micro) -> dg.MaterializeResult:
    """Write a micro model, metadata.json last: it names the digests of all other files."""
    folder = deployment.store.model(micro.folder)
    files = write_micro(deployment.store, deployment.catalog, micro)
    facts = describe_micro(deployment.store, deployment.catalog, micro)
    metadata = write_dated(folder.metadata, facts, datetime.datetime.now(datetime.UTC))
    return materialized(
        deployment,
        folder.root,
        [*files, metadata],
        n_params=facts["n_params"],
        weights_bytes=folder.weights.stat().st_size,
        kept=facts["kept"],
    )


micro_assets = [micro_mtp, micro_mtp_untied, micro_ref]
