"""Job review_phase1: records the decision of a reviewer; refuses what cannot be granted.

From the UI's launchpad a decision is never signed; the command `signoff approve --key` hands the
job a signer.
"""

from typing import Literal

import dagster as dg

from wmtp_assets.setup import Setup
from wmtp_assets.signoff.approval.chain import Role, Verdict
from wmtp_assets.signoff.approval.record import (
    approval_result,
    decision_materialization,
    read_approval,
)
from wmtp_assets.signoff.approval.review import Review, record_review
from wmtp_assets.signoff.record import Declared, read_evidence


class ReviewConfig(dg.Config):
    """`acknowledge` holds the finding digests of the warnings that the reviewer accepts."""

    reviewer: str = ""
    role: Literal["reviewer", "product_owner"] = "reviewer"
    decision: Literal["approved", "rejected"]
    note: str = ""
    acknowledge: list[str] = []


@dg.op(
    required_resource_keys={"setup", "declared", "signer"},
    description="Reads every byte, then writes manifest and decision into signoff/ of the storage.",
)
def record_decision(context: dg.OpExecutionContext, config: ReviewConfig) -> None:
    setup: Setup = context.resources.setup
    declared: Declared = context.resources.declared
    review = Review(
        reviewer=config.reviewer,
        role=Role(config.role),
        verdict=Verdict(config.decision),
        note=config.note,
        acknowledged=tuple(config.acknowledge),
    )
    entry = record_review(
        setup.store,
        read_evidence(context.instance, declared, setup),
        review,
        context.resources.signer,
        run_id=context.run_id,
        tell=context.log.info,
    )
    context.log.info(entry.decision.says)
    context.log_event(decision_materialization(setup.store, entry))
    evidence = read_evidence(context.instance, declared, setup)
    approval = read_approval(context.instance, setup, evidence)
    context.log_event(dg.AssetCheckEvaluation(**approval_result(setup, approval)))


@dg.job(
    description="Records a reviewer's decision on the storage; refuses what cannot be granted.",
)
def review_phase1() -> None:
    record_decision()
