"""The checks of the micro models: one table of check groups for the three of them."""

from dataclasses import replace

import dagster as dg

from wmtp_assets import store
from wmtp_assets.checks import checks_on
from wmtp_assets.findings import Finding
from wmtp_assets.models.micro import rho1
from wmtp_assets.models.micro.findings import EQUAL_SLICES, EQUAL_TIED
from wmtp_assets.models.micro.scored import SCORED_SET, SCORED_SPLIT, SCORED_TITLE
from wmtp_assets.models.micro.shared_checks import (
    OPENS_CHECKS,
    RUNS_CHECKS,
    SHARED_CHECKS,
    SMALL_CHECKS,
    values_checks,
)
from wmtp_assets.models.stored_model import ModelCheckGroup, StoredModel, check_groups_of
from wmtp_assets.propositions import ours


def _scores(stored: StoredModel) -> dict[str, Finding]:
    here, reference = stored.deployment.store, stored.folder
    policy = here.model(stored.deployment.catalog.micro("micro_mtp").folder)
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


_SCORES = ModelCheckGroup(
    _scores,
    {
        rho1.RHO1: ours(
            f"Rho-1 scores {SCORED_TITLE} rows with micro_mtp and it: same ids, finite losses",
            "this project made both models for it",
        )
    },
    deep=True,
)
# asset key -> its groups of checks
MICRO_CHECKS = {
    **check_groups_of(
        lambda catalog: catalog.micro("micro_mtp"),
        {
            "micro_mtp": (
                *SHARED_CHECKS,
                values_checks(EQUAL_SLICES),
                SMALL_CHECKS,
                RUNS_CHECKS,
            )
        },
    ),
    **check_groups_of(
        lambda catalog: catalog.micro("micro_mtp_untied"),
        {"micro_mtp_untied": (*SHARED_CHECKS, values_checks(EQUAL_TIED), RUNS_CHECKS)},
    ),
    **check_groups_of(
        lambda catalog: catalog.micro("micro_ref"),
        {
            "micro_ref": (
                *SHARED_CHECKS,
                values_checks(EQUAL_SLICES),
                SMALL_CHECKS,
                OPENS_CHECKS,
                _SCORES,
            )
        },
    ),
}

micro_checks = [checks_on(key, *groups) for key, groups in MICRO_CHECKS.items()]
