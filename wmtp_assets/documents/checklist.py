"""The checklist: Steps 0-11 with the state of their evidence, as JSON and as a task list.

A step is done when each of its checks passed or warned. Step 10 only asks whether the reports
describe the present storage: a document judges no other document. Step 11 is done when both have
approved and the copy is tagged; until then each of the three is ticked by itself.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import asdict
from typing import Any

from wmtp_assets.approval.state import Approval, ApprovalState
from wmtp_assets.catalog import NOTICE, STORAGE_VERSION
from wmtp_assets.documents.dossier import Dossier, approval_conditions
from wmtp_assets.documents.markdown import RUN_RECORD, render, tasks
from wmtp_assets.documents.risks import RISKS, Risk
from wmtp_assets.evidence.judge import Evidence, JudgedCheck, Outcome, utc
from wmtp_assets.evidence.not_passed import check_page, not_passed, not_passed_line
from wmtp_assets.evidence.steps import ENVIRONMENT_CHECKS, STEPS, Step
from wmtp_assets.markup import Markup, link, text

AWAITING = "awaiting approval"
PARTLY = "partly done"
DONE = "done"
OPEN = "open"
OPTIONAL = "optional_beside_the_steps"
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
    of_steps = {asset for step in STEPS for asset in step.assets}
    optional = [j for j in evidence.of_artifacts if j.check.asset not in of_steps]
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
        OPTIONAL: _judged(optional, dossier),
        "checks": len(evidence.of_artifacts),
        "risks": [_risk(risk, evidence) for risk in RISKS],
        RUN_RECORD: {
            FAILED_BEFORE: [asdict(failure) for failure in dossier.failures],
            EVALUATED_BY: _runs(evidence),
        },
    }


def _step(step: Step, dossier: Dossier, documents: dict[str, bool]) -> dict[str, Any]:
    approval = dossier.approval
    row: dict[str, Any] = {
        "step": step.number,
        "title": step.title,
        "goal": step.goal,
        "state": OPEN,
        "assets": {asset: check_page(asset) for asset in step.assets},
    }
    if step.number == 11:
        conditions = list(approval_conditions(dossier))
        return row | {
            "state": _state_of_approval(approval, all(met for met, _ in conditions)),
            "decisions": [approval.summary_of(decision) for decision in approval.decisions],
            "conditions": [{"met": met, "says": says} for met, says in conditions],
        }
    if step.number == 10:
        missing = [key for key, current in documents.items() if not current]
        return row | {"state": OPEN if missing else DONE, "not_current": missing}
    checks = judged_checks(step, dossier.evidence)
    return row | {
        "state": DONE if checks and _good(checks) else OPEN,
        **_judged(checks, dossier),
    }


def _state_of_approval(approval: Approval, complete: bool) -> str:
    if approval.state == ApprovalState.APPROVED:
        return DONE if complete else PARTLY
    return AWAITING if approval.state == ApprovalState.ABSENT else str(approval.state)


def _judged(checks: Collection[JudgedCheck], dossier: Dossier) -> dict[str, Any]:
    """Counts by outcome, what is not simply passed, and the names of the checks."""
    return {
        "outcomes": _outcomes(checks),
        "not_simply_passed": [
            {
                "outcome": str(j.outcome),
                "asset": j.check.asset,
                "check": j.check.name,
                "finding": j.finding,
                "finding_digest": j.digest,
                "acknowledged": dossier.approval.summary_of(by)
                if (by := dossier.acknowledged(j))
                else None,
            }
            for j in not_passed(checks)
        ],
        "checks": [f"{j.check.asset} {j.check.name}" for j in checks],
    }


def _risk(risk: Risk, evidence: Evidence) -> dict[str, Any]:
    """A risk with the state of the artifact checks that answer it."""
    checks = [j for j in evidence.of_artifacts if j.check.name in risk.checks]
    return asdict(risk) | {"outcomes": _outcomes(checks), "answered": _good(checks)}


def _runs(evidence: Evidence) -> list[dict[str, Any]]:
    """The runs that the results stand on: how many checks each evaluated, and when."""
    times: dict[str, list[float]] = {}
    for judged in evidence.of_artifacts:
        if latest := judged.check.latest:
            times.setdefault(latest.run_id, []).append(latest.timestamp)
    return [
        {"run": run, "checks": len(at), "from": utc(min(at)), "to": utc(max(at))}
        for run, at in sorted(times.items(), key=lambda item: min(item[1]))
    ]


def first_line(dossier: Dossier) -> str:
    """What is not passed, with links: the first row on the page of the checklist."""
    checks = dossier.evidence.of_artifacts
    acknowledged = {j.digest for j in checks if dossier.acknowledged(j)}
    return not_passed_line(checks, acknowledged)


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
            *(
                (step["step"], check)
                for step in steps
                if step["step"] != 9
                for check in step.get("not_simply_passed", ())
            ),
            *(("optional", check) for check in checklist[OPTIONAL]["not_simply_passed"]),
        ],
        page=check_page,
        conditions=_conditions(steps),
        of_steps=sum(
            count
            for step in steps
            if step["step"] != 9
            for count in step.get("outcomes", {}).values()
        ),
        of_optional=sum(checklist[OPTIONAL]["outcomes"].values()),
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
    detail = f" ({text('; '.join(facts))})" if facts else ""
    links = ", ".join(link(asset, url) for asset, url in step["assets"].items())
    if step["step"] == 9:
        links = "all assets of Steps 2-8"
    return Markup(
        f"Step {step['step']}, {step['title']}: {step['state']}{detail}. {step['goal']} — {links}"
    )


def _conditions(steps: list[dict[str, Any]]) -> Markup:
    """What Step 11 asks for, as a task list below it."""
    conditions = [of for step in steps for of in step.get("conditions", ())]
    lines = tasks((of["met"], of["says"]) for of in conditions).splitlines()
    return Markup("\n".join(f"  {line}" for line in lines))


def _counts(outcomes: dict[str, int]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
