"""An earlier proof in the Dagster record, for a source that has been removed since."""

import datetime
from collections.abc import Iterator

import dagster as dg

from wmtp_assets.checking.check_group import AssetState
from wmtp_assets.checking.findings import Finding
from wmtp_assets.content_version import content_version
from wmtp_assets.deployment import Deployment
from wmtp_assets.record import CONTENT, SUCCEEDED, result_of, results_on, storage_history


def recorded_proof(deployment: Deployment, state: AssetState, key: str, check: str) -> Finding:
    """Whether a run on this storage proved the bytes that are on disk now."""
    content = content_version(state.digests, deployment.store.locate)
    for evaluation, timestamp in _passes(deployment, state, key, check):
        proven = evaluation.metadata.get(CONTENT)
        if proven is not None and proven.value == content:
            day = datetime.datetime.fromtimestamp(timestamp, datetime.UTC).date()
            sentence = (
                f"the source is no longer on disk; the proof of {day} stands, the digest of the "
                f"stored files is unchanged since ({content})"
            )
            return Finding(True, sentence, {"compared_values": 0, "proof_recorded": str(day)})
    return Finding(
        False,
        "the source is no longer on disk, and no run proved the bytes that are there now; "
        "fetch the raw asset again",
        {"compared_values": 0},
    )


def _passes(
    deployment: Deployment, state: AssetState, key: str, check: str
) -> Iterator[tuple[dg.AssetCheckEvaluation, float]]:
    """The passes of a check by runs on this storage, newest first, with their times."""
    if state.context is None:
        return
    check_key = dg.AssetCheckKey(dg.AssetKey(key.split("/")), check)
    instance = state.context.instance
    here = storage_history(instance, deployment.store)
    for record in results_on(instance, check_key, here, {SUCCEEDED}):
        yield result_of(record), record.create_timestamp
