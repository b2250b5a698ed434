"""approved_by_reviewer: the state of the approval as the UI shows it.

Not made by `checks_on`: a person's decision has no kind, and job review_phase1 records the same
result as this check.
"""

from collections.abc import Iterator

import dagster as dg

from wmtp_assets.approval.events import (
    APPROVAL_KEY,
    APPROVED_BY_REVIEWER,
    evaluate_approval,
)
from wmtp_assets.checking.asset_checks import DEEP_TAG, checks_step
from wmtp_assets.deployment import Deployment
from wmtp_assets.evidence.read import Declared


@dg.multi_asset_check(
    name=checks_step(APPROVAL_KEY),
    specs=[
        dg.AssetCheckSpec(
            APPROVED_BY_REVIEWER,
            asset=APPROVAL_KEY,
            # In a run of the documents it comes after them: the README is part of the storage.
            additional_deps=[["signoff", "checklist"]],
            description="A reviewer approved the storage as it is now",
            metadata={DEEP_TAG: "record, sizes"},
        )
    ],
    can_subset=True,
)
def approval_checks(
    context: dg.AssetCheckExecutionContext,
    deployment: dg.ResourceParam[Deployment],
    declared: dg.ResourceParam[Declared],
) -> Iterator[dg.AssetCheckResult]:
    yield dg.AssetCheckResult(**evaluate_approval(context.instance, declared, deployment))
