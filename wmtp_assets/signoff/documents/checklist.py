"""The checklist: Steps 0-11 with the state of their evidence, as JSON and as a task list.

A step is done when every check that carries it passed, or warned and awaits the reviewer's
acknowledgement. Step 10 looks only at whether the documents exist, since a document does not judge
another one; Step 11 is the approval itself.
"""

from collections import Counter
from typing import Any

from wmtp_assets.catalog import STORAGE_VERSION
from wmtp_assets.signoff.evidence import Evidence, Judged, Outcome, utc
from wmtp_assets.signoff.markdown import RUN_RECORD, tasks
from wmtp_assets.signoff.steps import ENVIRONMENT_CHECKS, STEPS, Step

AWAITING = "awaiting approval"
DONE = "done"
OPEN = "open"


def judged_checks(step: Step, evidence: Evidence) -> tuple[Judged, ...]:
    """The checks that carry a step; Step 1 leaves the environment to Step 0."""
    checks = evidence.of(*step.assets)
    if step.checks:
        return tuple(j for j in checks if j.check.name in step.checks)
    return tuple(j for j in checks if j.check.name not in ENVIRONMENT_CHECKS)


def build_checklist(evidence: Evidence, documents: dict[str, bool]) -> dict[str, Any]:
    """Build the checklist as plain JSON data.

    Args:
        documents: Report asset key -> whether it describes the storage as it is now.
    """
    steps = [_step(step, evidence, documents) for step in STEPS]
    return {
        "phase": 1,
        "storage_version": STORAGE_VERSION,
        "catalog": evidence.catalog,
        "source": evidence.source,
        "storage_digest": evidence.storage_digest,
        "approval": AWAITING,
        "steps": steps,
        RUN_RECORD: _runs(evidence),
    }


def _step(step: Step, evidence: Evidence, documents: dict[str, bool]) -> dict[str, Any]:
    row: dict[str, Any] = {"step": step.number, "title": step.title, "goal": step.goal}
    if step.number == 11:
        return row | {"state": AWAITING, "assets": list(step.assets)}
    if step.number == 10:
        missing = [key for key, current in documents.items() if not current]
        return row | {
            "state": OPEN if missing else DONE,
            "assets": list(step.assets),
            "not_current": missing,
        }
    checks = judged_checks(step, evidence)
    counts = Counter(str(j.outcome) for j in checks)
    good = checks and all(j.outcome in (Outcome.PASSED, Outcome.WARNED) for j in checks)
    return row | {
        "state": DONE if good else OPEN,
        "assets": list(step.assets),
        "outcomes": dict(sorted(counts.items())),
        "not_simply_passed": [
            {
                "outcome": str(j.outcome),
                "asset": j.check.asset,
                "check": j.check.name,
                "finding": j.finding,
                "finding_digest": j.digest,
            }
            for j in checks
            if j.outcome != Outcome.PASSED
        ],
        "checks": [f"{j.check.asset} {j.check.name}" for j in checks],
    }


def _runs(evidence: Evidence) -> dict[str, str]:
    """Check -> the run that evaluated it and when."""
    return {
        f"{j.check.asset} {j.check.name}": f"{latest.run_id} {utc(latest.timestamp)}"
        for j in evidence.of_artifacts
        if (latest := j.check.latest)
    }


def render_checklist(checklist: dict[str, Any]) -> str:
    """The same checklist as Markdown."""
    lines = [
        "# Phase 1 checklist\n",
        f"Storage {checklist['storage_version']}, source `{checklist['source']}`, "
        f"storage digest `{checklist['storage_digest']}`.\n",
        tasks((step["state"] == DONE, _task(step)) for step in checklist["steps"]),
    ]
    for step in checklist["steps"]:
        for row in step.get("not_simply_passed", ()):
            lines.append(
                f"- Step {step['step']}, {row['outcome']}: `{row['asset']}` `{row['check']}` "
                f"({row['finding_digest']}): {' '.join(row['finding'].split())}"
            )
    lines.append(f"\n## {RUN_RECORD}\n")
    lines += [f"- {check}: {run}" for check, run in checklist[RUN_RECORD].items()]
    return "\n".join(lines) + "\n"


def _task(step: dict[str, Any]) -> str:
    told = {"outcomes": "checks", "not_current": "not current"}
    facts = [
        f"{label} {', '.join(f'{n} {k}' for k, n in step[key].items())}"
        if isinstance(step[key], dict)
        else f"{label}: {', '.join(step[key])}"
        for key, label in told.items()
        if step.get(key)
    ]
    detail = f" ({'; '.join(facts)})" if facts else ""
    return f"Step {step['step']}, {step['title']}: {step['state']}{detail}. {step['goal']}"
