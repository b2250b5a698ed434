"""The checklist: Steps 0-11 with the state of their evidence, as JSON and as a task list.

A step is done when each of its checks passed or warned. Step 10 only asks whether the reports
describe the present storage: a document judges no other document. Step 11 is the approval.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from wmtp_assets.approval.state import ApprovalState
from wmtp_assets.backup.state import judge_backup
from wmtp_assets.catalog import NOTICE, STORAGE_VERSION
from wmtp_assets.documents.dossier import Dossier
from wmtp_assets.documents.markdown import RUN_RECORD, render, tasks
from wmtp_assets.documents.risks import RISKS, Risk
from wmtp_assets.evidence.judge import Evidence, JudgedCheck, Outcome, utc
from wmtp_assets.evidence.steps import ENVIRONMENT_CHECKS, STEPS, Step
from wmtp_assets.markup import Markup, link, text

AWAITING = "awaiting approval"
DONE = "done"
OPEN = "open"
STEP_11 = {ApprovalState.ABSENT: AWAITING, ApprovalState.APPROVED: DONE}
EVALUATED_BY = "evaluated_by"
FAILED_BEFORE = "failed_before"
DO_NOT_COUNT = "decisions_that_do_not_count"


def judged_checks(step: Step, evidence: Evidence) -> tuple[JudgedCheck, ...]:
    """The checks of a step. Those of the environment belong to Step 0, not to Step 1."""
    checks = evidence.of(*step.assets)
    if step.checks:
        return tuple(j for j in checks if j.check.name in step.checks)
    return tuple(j for j in checks if j.check.name not in ENVIRONMENT_CHECKS)


def build_checklist(dossier: Dossier, documents: dict[str, bool]) -> dict[str, Any]:
    """Build the checklist as plain JSON data.

    Args:
        documents: Report asset key -> whether it describes the present storage.
    """
    evidence, approval = dossier.evidence, dossier.approval
    return {
        "phase": 1,
        NOTICE: dossier.catalog.notice,
        "storage_version": STORAGE_VERSION,
        "catalog": evidence.catalog,
        "source": evidence.source,
        "storage_digest": evidence.storage_digest,
        "approval": {
            "standing": str(approval.state),
            "says": approval.summary,
            "changes": list(approval.changes or ()),
            DO_NOT_COUNT: list(approval.uncounted),
        },
        "steps": [_step(step, dossier, documents) for step in STEPS],
        "risks": [_risk(risk, evidence) for risk in RISKS],
        RUN_RECORD: {
            FAILED_BEFORE: [asdict(failure) for failure in dossier.failures],
            EVALUATED_BY: {
                f"{j.check.asset} {j.check.name}": f"{latest.run_id} {utc(latest.timestamp)}"
                for j in evidence.of_artifacts
                if (latest := j.check.latest)
            },
        },
    }


def _step(step: Step, dossier: Dossier, documents: dict[str, bool]) -> dict[str, Any]:
    approval = dossier.approval
    row: dict[str, Any] = {
        "step": step.number,
        "title": step.title,
        "goal": step.goal,
        "state": OPEN,
        "assets": {asset: _link(asset) for asset in step.assets},
    }
    if step.number == 11:
        decisions = [approval.summary_of(decision) for decision in approval.decisions]
        backed_up, reason = judge_backup(dossier.backup, approval)
        return row | {
            "state": STEP_11.get(approval.state, str(approval.state)),
            "decisions": decisions,
            "backup": {"is_of_the_approved_storage": backed_up, "says": reason},
        }
    if step.number == 10:
        missing = [key for key, current in documents.items() if not current]
        return row | {"state": OPEN if missing else DONE, "not_current": missing}
    checks = judged_checks(step, dossier.evidence)
    return row | {
        "state": DONE if checks and _good(checks) else OPEN,
        "outcomes": _outcomes(checks),
        "not_simply_passed": [
            {
                "outcome": str(j.outcome),
                "asset": j.check.asset,
                "check": j.check.name,
                "finding": j.finding,
                "finding_digest": j.digest,
                "acknowledged": approval.summary_of(by)
                if (by := dossier.acknowledged(j))
                else None,
            }
            for j in checks
            if j.outcome != Outcome.PASSED
        ],
        "checks": [f"{j.check.asset} {j.check.name}" for j in checks],
    }


def _risk(risk: Risk, evidence: Evidence) -> dict[str, Any]:
    """A risk with the state of the artifact checks that answer it."""
    checks = [j for j in evidence.of_artifacts if j.check.name in risk.checks]
    return asdict(risk) | {"outcomes": _outcomes(checks), "answered": _good(checks)}


def _link(asset: str) -> str:
    """A path of the Dagster page: who writes the document knows no server and no port."""
    return f"/assets/{asset}?view=checks"


def _good(checks: Iterable[JudgedCheck]) -> bool:
    return all(j.outcome in (Outcome.PASSED, Outcome.WARNED) for j in checks)


def _outcomes(checks: Iterable[JudgedCheck]) -> dict[str, int]:
    return dict(sorted(Counter(str(j.outcome) for j in checks).items()))


def render_checklist(checklist: dict[str, Any]) -> str:
    """The same checklist as Markdown."""
    steps = checklist["steps"]
    return render(
        "phase1_checklist",
        **checklist,
        runs=checklist[RUN_RECORD],
        counts=_counts,
        tasks_of_steps=[(step["state"] == DONE, _task(step)) for step in steps],
        # Step 9 is the other steps' checks once more.
        not_simply_passed=[
            (step, check)
            for step in steps
            if step["step"] != 9
            for check in step.get("not_simply_passed", ())
        ],
    )


def short_tasks(checklist: dict[str, Any]) -> str:
    """The steps as a task list that fits the page of the asset."""
    steps = tasks(
        (
            step["state"] == DONE,
            f"Step {step['step']}, {step['title']}: {step['state']}"
            + (f" ({_counts(step['outcomes'])})" if step.get("outcomes") else ""),
        )
        for step in checklist["steps"]
    )
    return f"{steps}\n"


def _task(step: dict[str, Any]) -> Markup:
    facts = []
    if step.get("outcomes"):
        facts.append(f"checks {_counts(step['outcomes'])}")
    if step.get("not_current"):
        facts.append(f"not current: {', '.join(step['not_current'])}")
    facts += step.get("decisions", ())
    if backup := step.get("backup"):
        met = backup["is_of_the_approved_storage"]
        facts.append("backed up and tagged" if met else "not backed up as it is approved")
    detail = f" ({text('; '.join(facts))})" if facts else ""
    links = ", ".join(link(asset, url) for asset, url in step["assets"].items())
    if step["step"] == 9:
        links = "all assets of Steps 2-8"
    return Markup(
        f"Step {step['step']}, {step['title']}: {step['state']}{detail}. {step['goal']} — {links}"
    )


def _counts(outcomes: dict[str, int]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
