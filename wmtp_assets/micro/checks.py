"""The checks of the micro models: one table of readings for the three of them."""

from dataclasses import replace

import dagster as dg

from wmtp_assets import store
from wmtp_assets.checks import checks_on
from wmtp_assets.findings import Finding
from wmtp_assets.micro import rho1
from wmtp_assets.micro.findings import EQUAL_SLICES, EQUAL_TIED
from wmtp_assets.micro.readings import (
    OPENS_READING,
    RUNS_READING,
    SHARED_READINGS,
    SMALL_READING,
    values_reading,
)
from wmtp_assets.micro.scored import SCORED_SET, SCORED_SPLIT, SCORED_TITLE
from wmtp_assets.propositions import ours
from wmtp_assets.weights.stored_model import ModelReading, StoredModel, readings_of


def _scores(stored: StoredModel) -> dict[str, Finding]:
    here, reference = stored.setup.store, stored.folder
    policy = here.model(stored.setup.catalog.micro_mtp.folder)
    rows = here.dataset(SCORED_SET).small_jsonl(SCORED_SPLIT)
    found = rho1.rho1_finding(policy, reference, rows)
    # The record's digest is that of micro_ref alone: name the rest of what was judged.
    read = {
        here.relative(path): store.sha256_of(path)
        for path in (policy.weights, reference.weights, rows)
    }
    evidence = {**found.evidence, "scored_sha256": read}
    if found.passed:
        evidence[rho1.EXCESS_TABLE] = dg.MetadataValue.md(evidence[rho1.EXCESS_TABLE])
    return {rho1.RHO1: replace(found, evidence=evidence)}


_SCORES = ModelReading(
    _scores,
    {
        rho1.RHO1: ours(
            f"Rho-1 scores {SCORED_TITLE} rows with micro_mtp and it: same ids, finite losses",
            "this project made both models for it",
        )
    },
    deep=True,
)
# asset key -> its readings
MICRO_READINGS = {
    **readings_of(
        lambda catalog: catalog.micro_mtp,
        {
            "micro_mtp": (
                *SHARED_READINGS,
                values_reading(EQUAL_SLICES),
                SMALL_READING,
                RUNS_READING,
            )
        },
    ),
    **readings_of(
        lambda catalog: catalog.micro_mtp_untied,
        {"micro_mtp_untied": (*SHARED_READINGS, values_reading(EQUAL_TIED), RUNS_READING)},
    ),
    **readings_of(
        lambda catalog: catalog.micro_ref,
        {
            "micro_ref": (
                *SHARED_READINGS,
                values_reading(EQUAL_SLICES),
                SMALL_READING,
                OPENS_READING,
                _SCORES,
            )
        },
    ),
}

micro_checks = [checks_on(key, *readings) for key, readings in MICRO_READINGS.items()]
