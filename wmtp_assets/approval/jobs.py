"""Job review_phase1: records the decision of a reviewer; refuses what cannot be granted.

From the UI's launchpad a decision is never signed; the command `signoff approve --key` hands the
job a signer.
"""

from typing import Literal

import dagster as dg
from pydantic import Field

from wmtp_assets.approval.chain import Role, Verdict, read_chain
from wmtp_assets.approval.events import (
    REVIEW_JOB,
    decision_materialization,
    evaluate_approval,
    read_trust,
    recorded_sources,
)
from wmtp_assets.approval.json_schema import RESTORE
from wmtp_assets.approval.review import Review, record_review
from wmtp_assets.approval.signing import Signer
from wmtp_assets.approval.trust import SETTING
from wmtp_assets.checking.findings import MAX_SAMPLES
from wmtp_assets.deployment import Deployment
from wmtp_assets.errors import BadInput
from wmtp_assets.evidence.read import Declared, read_evidence
from wmtp_assets.printable import reporter

OR_ANEW = f"{RESTORE}; if this storage was made anew, delete the run of that decision on the page"


class ReviewConfig(dg.Config):
    """What the launchpad asks for; the decision has no default."""

    reviewer: str = Field("", description="The name of who decides.")
    role: Literal["reviewer", "product_owner"] = "reviewer"
    decision: Literal["approved", "rejected"]
    note: str = Field("", description="What was looked at; why it was rejected.")
    acknowledge: list[str] = Field(
        [],
        description="The finding digests of the warnings that are accepted; the check "
        "approved_by_reviewer of signoff/approval lists them.",
    )


@dg.op(
    description="Reads every byte, then writes manifest and decision into signoff/ of the storage.",
)
def record_decision(
    context: dg.OpExecutionContext,
    config: ReviewConfig,
    deployment: dg.ResourceParam[Deployment],
    declared: dg.ResourceParam[Declared],
    signer: dg.ResourceParam[Signer],
) -> None:
    review = Review(
        reviewer=config.reviewer,
        role=Role(config.role),
        verdict=Verdict(config.decision),
        note=config.note,
        acknowledged=tuple(config.acknowledge),
    )
    trust = read_trust(context.instance, deployment)
    if trust.keys is not None and signer.key_fingerprint not in trust.keys:
        context.log.warning(f"it will be recorded and not count: only keys of {SETTING} do")
    try:
        if missing := trust.missing(read_chain(deployment.store.signoff)):
            raise BadInput("the decisions in signoff/ are damaged", missing, OR_ANEW)
        entry = record_review(
            deployment.store,
            read_evidence(context.instance, declared, deployment),
            review,
            signer,
            sources=recorded_sources(context.instance, declared, deployment),
            run_id=context.run_id,
            report=reporter(context.log.info),
        )
    except BadInput as error:
        # The page of the run hides the message of the error under a stack trace.
        for reason in error.culprits[:MAX_SAMPLES]:
            context.log.error(f"{error.thing}: {reason}")
        raise
    context.log.info(entry.decision.summary)
    context.log_event(decision_materialization(deployment.store, entry))
    result = dg.AssetCheckEvaluation(**evaluate_approval(context.instance, declared, deployment))
    # Dagster takes a check result here and does not declare it.
    context.log_event(result)  # pyright: ignore[reportArgumentType]


@dg.job(
    name=REVIEW_JOB,
    description="Records a reviewer's decision on the storage; refuses what cannot be granted.",
)
def review_phase1() -> None:
    record_decision()
