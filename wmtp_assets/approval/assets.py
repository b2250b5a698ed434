"""The approval in the graph: looked at, never made there."""

from collections.abc import Iterator

import dagster as dg

from wmtp_assets.approval.chain import read_chain
from wmtp_assets.approval.events import APPROVAL_KEY, decision_materialization
from wmtp_assets.deployment import Deployment
from wmtp_assets.record import DATA_VERSION_TAG, STORAGE_ROOT, observable

SPEC = dg.AssetSpec(
    key=APPROVAL_KEY,
    group_name="signoff",
    deps=[["signoff", "checklist"]],
    kinds={"json"},
    description="Approval of the storage by a reviewer; written by job review_phase1 alone.\n\n"
    "Its check says what stands now and what is in the way. To decide: the launchpad of job "
    "review_phase1, or `python -m wmtp_assets.signoff approve`, which can sign. *Observe* notes "
    "which decision is the newest, and changes nothing.",
)


def newest_decision(deployment: dg.ResourceParam[Deployment]) -> Iterator[dg.ObserveResult]:
    """What lies in signoff/; whether it counts, the check says."""
    store = deployment.store
    entries = read_chain(store.signoff).entries
    if not entries:
        yield dg.ObserveResult(metadata={STORAGE_ROOT: str(store.root), "decision": 0})
        return
    made = decision_materialization(store, entries[-1])
    version = dg.DataVersion((made.tags or {})[DATA_VERSION_TAG])
    yield dg.ObserveResult(metadata=made.metadata, data_version=version)


approval = observable(SPEC, newest_decision)
