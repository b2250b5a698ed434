"""The checks of the micro models: which groups each has follows from its row."""

from dataclasses import replace

import dagster as dg

from wmtp_assets.checking.asset_checks import checks_on
from wmtp_assets.checking.check_group import CheckGroup
from wmtp_assets.checking.findings import Finding
from wmtp_assets.checking.propositions import ours
from wmtp_assets.files import file_io
from wmtp_assets.models.micro import rho1
from wmtp_assets.models.micro.findings import EQUAL_SLICES, EQUAL_TIED
from wmtp_assets.models.micro.folder import describe_micro, micro_card
from wmtp_assets.models.micro.row import MicroRow
from wmtp_assets.models.micro.rows import MICROS, is_made_of_micro
from wmtp_assets.models.micro.scored_rows import SCORED_SET, SCORED_SPLIT, SCORED_TITLE
from wmtp_assets.models.micro.shared_checks import (
    RUNNING_CHECKS,
    SHARED_CHECKS,
    size_checks,
    values_checks,
)
from wmtp_assets.models.shared_checks import SUMS_CHECKS, card_checks
from wmtp_assets.models.stored_model import StoredMicro, check_groups_of


def check_groups(row: MicroRow) -> tuple[CheckGroup, ...]:
    """The check groups of one micro model."""
    equal = EQUAL_TIED if is_made_of_micro(row) else EQUAL_SLICES
    # The values before the sums: their pass hashes the weights for them.

    def card(stored: StoredMicro) -> bytes:
        here, catalog = stored.deployment.store, stored.deployment.catalog
        return micro_card(here, catalog, row, describe_micro(here, catalog, stored.row))

    groups = [*SHARED_CHECKS, card_checks(card), values_checks(equal), *SUMS_CHECKS]
    if row.published.max_bytes is not None:
        groups.append(size_checks(row.published.max_bytes))
    groups.append(RUNNING_CHECKS[row.implementation.name])
    if row.scored_with:
        groups.append(_scores_checks(row.scored_with))
    return check_groups_of(lambda catalog: catalog.micro(row.name), {row.name: groups})[row.name]


def _scores_checks(policy_name: str) -> CheckGroup:
    """Rho-1 scoring with a micro policy and the model as its reference."""

    def judge(stored: StoredMicro) -> dict[str, Finding]:
        here, reference = stored.deployment.store, stored.folder
        policy = here.model(stored.deployment.catalog.micro(policy_name).folder)
        rows = here.dataset(SCORED_SET).small_jsonl(SCORED_SPLIT)
        found = rho1.rho1_finding(policy, reference, rows)
        # The record's digest is that of the reference alone: name the rest of what was judged.
        read = {
            here.relative(path): file_io.sha256_of(path)
            for path in (policy.weights, reference.weights, rows)
        }
        evidence = {**found.evidence, "scored_sha256": read}
        if found.passed:
            evidence[rho1.EXCESS_TABLE] = dg.MetadataValue.md(evidence[rho1.EXCESS_TABLE])
        return {rho1.RHO1: replace(found, evidence=evidence)}

    return CheckGroup(
        judge,
        {
            rho1.RHO1: ours(
                f"Rho-1 scores {SCORED_TITLE} rows with {policy_name} and it: same ids, finite "
                "losses",
                "this project made both models for it",
            )
        },
        deep=True,
    )


# asset key -> its groups of checks
MICRO_CHECKS = {name: check_groups(row) for name, row in MICROS.items()}

# A model in float32 with its gradients.
micro_checks = [checks_on(key, *groups, large=True) for key, groups in MICRO_CHECKS.items()]
