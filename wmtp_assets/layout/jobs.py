"""Job reset_storage: lists what it would remove; removes it only when told."""

import dagster as dg

from wmtp_assets.deployment import Deployment
from wmtp_assets.layout.reset import clear, plan_clearing
from wmtp_assets.printable import printable


class ResetConfig(dg.Config):
    """Nothing is removed unless `remove` is true."""

    remove: bool = False


@dg.op(description="Lists the stored files, and removes them when told.")
def clear_storage(
    context: dg.OpExecutionContext, config: ResetConfig, deployment: dg.ResourceParam[Deployment]
) -> None:
    clearing = plan_clearing(deployment.store)
    for path in clearing.files:
        context.log.info(f"{'remove' if config.remove else 'would remove'} {printable(path)}")
    for path in clearing.spared:
        context.log.info(f"spared {printable(path)}")
    amount = f"{len(clearing.files)} files, {clearing.size_bytes:,} bytes"
    if config.remove:
        clear(deployment.store, clearing)
        context.log.info(f"removed {amount}; the record of the assets stays, and is stale now")
    else:
        context.log.info(f"nothing removed; run with remove: true to remove {amount}")


@dg.job(
    description="Lists what clearing the storage removes (plan, Step 0); removes it when told.",
)
def reset_storage() -> None:
    clear_storage()
