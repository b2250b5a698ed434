"""Jobs write_training_view and check_training_view: a storage as training code opens it."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
from pydantic import Field

from wmtp_assets.approval.chain import Verdict, read_chain
from wmtp_assets.approval.events import read_approval
from wmtp_assets.approval.state import Approval, ApprovalState
from wmtp_assets.checking.digests import Digests
from wmtp_assets.checking.findings import MAX_SAMPLES
from wmtp_assets.deployment import Deployment
from wmtp_assets.errors import BadInput
from wmtp_assets.evidence.judge import Evidence, Outcome
from wmtp_assets.evidence.read import Declared, read_evidence
from wmtp_assets.printable import printable, reporter
from wmtp_assets.training_view.compare import ANEW, beside, differences
from wmtp_assets.training_view.layout import LayoutName, ViewPlan, plan_view
from wmtp_assets.training_view.view_json import VIEW, LinkName, View, read_view
from wmtp_assets.training_view.write import require_replaceable, write_view

TARGET = "An absolute folder apart from the storage."


class ViewConfig(dg.Config):
    """Which view is written, and where."""

    target: str = Field(description=TARGET)
    layout: LayoutName = Field(description="plan: models_v2, ...; current: models, datasets.")
    link: LinkName = Field(
        "hard", description="What is written into a link, hard or symbolic, changes the storage."
    )


class CheckConfig(dg.Config):
    """Which view is checked."""

    target: str = Field(description=TARGET)


class ViewChecker:
    """Holds the view at a target against the storage, as the record has it at one moment."""

    def __init__(
        self,
        target: Path,
        context: dg.OpExecutionContext,
        deployment: Deployment,
        declared: Declared,
    ):
        self.target = target
        self.report = reporter(context.log.info)
        self.evidence = read_evidence(context.instance, declared, deployment)
        self.approval = read_approval(context.instance, deployment, self.evidence)
        self.deployment = deployment
        self.recorded = {
            path: facts
            for asset in self.evidence.artifacts
            if asset.latest
            for path, facts in asset.latest.files.items()
        }
        self._now = Digests(deployment.store, self.recorded, deep=False)
        self._log = context.log

    def plan(self, layout: LayoutName) -> ViewPlan:
        return plan_view(layout, self.deployment.catalog, self.deployment.store, self.recorded)

    def prove(self, folder: Path, view: View) -> None:
        """Compare a view with the storage.

        Args:
            folder: Where it is: the target, or a folder that is to become it.

        Raises:
            BadInput: Everything that differs is named.
        """
        plan, root = self.plan(view.layout), self.deployment.store.root
        workers = self.deployment.workers
        stale = [*self._misstated(view)]
        wrong = differences(folder, view, plan, root, self._now, workers, self.report)
        if problems := [*stale, *wrong]:
            # The page of the run hides the message of the error under a stack trace.
            for problem in problems[:MAX_SAMPLES]:
                self._log.error(printable(f"{self.target}: {problem}"))
            raise BadInput(f"the view {self.target} is not the storage's", problems, ANEW)
        for name in beside(folder, plan):
            self.report(f"beside the view, not of it: {name}")
        shown, made = len(plan.shown), len(plan.index_maps)
        self.report(f"{shown} files are the storage's, {made} made anew are as counted again")

    def _misstated(self, view: View) -> Iterator[str]:
        """Where the view shows another content than the present one, or names no such approval."""
        now, catalog = self.evidence.storage_digest, self.deployment.catalog.name
        if (view.storage_digest, view.catalog) != (now, catalog):
            yield (
                f"{VIEW} names {view.catalog} storage {view.storage_digest}, "
                f"it is {catalog} storage {now} now"
            )
        approving = {
            entry.decision.number: entry.decision.storage_digest
            for entry in read_chain(self.deployment.store.signoff).entries
            if entry.decision.verdict == Verdict.APPROVED
        }
        number = view.approved_by_decision
        if number is not None and approving.get(number) != view.storage_digest:
            yield f"{VIEW} names decision {number:04d}, which did not approve that content"


@dg.op(description="Links or copies what training code reads into a folder of its own layout.")
def write_view_folder(
    context: dg.OpExecutionContext,
    config: ViewConfig,
    deployment: dg.ResourceParam[Deployment],
    declared: dg.ResourceParam[Declared],
) -> None:
    target = Path(config.target)
    require_replaceable(target, deployment.store.root)
    checker = ViewChecker(target, context, deployment, declared)
    require_whole(checker.evidence)
    number = approving_decision(checker.approval)
    if number is None:
        what = checker.approval.sentence
        context.log.warning(printable(f"the view shows a storage that is not approved; {what}"))
    view = write_view(
        target,
        checker.plan(config.layout),
        deployment.store.root,
        link=config.link,
        catalog=deployment.catalog.name,
        storage_digest=checker.evidence.storage_digest,
        approved_by_decision=number,
        prove=checker.prove,
        workers=deployment.workers,
        report=checker.report,
    )
    approved = "not approved" if number is None else f"approved by decision {number:04d}"
    checker.report(
        f"{target}: layout {view.layout}, link {view.link}, {len(view.files)} files of "
        f"{view.storage_digest}, {approved}"
    )


@dg.op(description="Proves that every file of a view is the storage's, and names what is not.")
def check_view_folder(
    context: dg.OpExecutionContext,
    config: CheckConfig,
    deployment: dg.ResourceParam[Deployment],
    declared: dg.ResourceParam[Declared],
) -> None:
    target = Path(config.target)
    checker = ViewChecker(target, context, deployment, declared)
    checker.prove(target, read_view(target))


@dg.job(
    description="Writes the folder that training code opens, as a view of this storage.",
)
def write_training_view() -> None:
    write_view_folder()


@dg.job(
    description="Checks that a training view is this storage, file by file.",
)
def check_training_view() -> None:
    check_view_folder()


def require_whole(evidence: Evidence) -> None:
    """Refuse a storage that lacks an asset, or whose files are not as recorded.

    Raises:
        BadInput: All are named.
    """
    unmade = [asset.key for asset in evidence.artifacts if asset.latest is None]
    if unmade:
        raise BadInput("a view shows assets that are not stored", unmade, "materialize them")
    differing = [clause for asset in evidence.artifacts for clause in asset.differing]
    # Bytes of the recorded size and time that a deep check has read and found to be others.
    differing = differing or [
        f"{judged.check.asset} {judged.check.name}: {judged.finding}"
        for judged in evidence.of_artifacts
        if judged.outcome == Outcome.DISK_DIFFERS
    ]
    if differing:
        fix = "materialize their assets again, then write the view again"
        raise BadInput("files of the storage are not as recorded", differing, fix)


def approving_decision(approval: Approval) -> int | None:
    """The number of the reviewer's decision that approves the present content; None if none."""
    approving = approval.reviewed if approval.state == ApprovalState.APPROVED else None
    return approving.decision.number if approving else None
