"""storage_layout: makes folders, and sweeps unfinished files of killed runs; touches no other."""

import hashlib

import dagster as dg

from wmtp_assets.beside import walk_storage
from wmtp_assets.deployment import Deployment
from wmtp_assets.files.temporaries import sweep_all
from wmtp_assets.layout.skeleton import SKELETON
from wmtp_assets.record import materialized
from wmtp_assets.store import Store


def layout_digest(store: Store) -> str:
    """The data version of the skeleton: which of its folders exist."""
    there = "\n".join(folder for folder in SKELETON if (store.root / folder).is_dir())
    return "sha256:" + hashlib.sha256(there.encode()).hexdigest()


@dg.asset(
    group_name="layout",
    kinds={"file"},
    code_version="1",
    description="Folder skeleton of storage v2: models, datasets, small sets (plan, Step 1).",
)
def storage_layout(deployment: dg.ResourceParam[Deployment]) -> dg.MaterializeResult:
    for folder in SKELETON:
        (deployment.store.root / folder).mkdir(parents=True, exist_ok=True)
    sweep_all(walk_storage(deployment.store.root))
    return materialized(
        deployment,
        deployment.store.root,
        (),
        content=layout_digest(deployment.store),
        folders=len(SKELETON),
    )
