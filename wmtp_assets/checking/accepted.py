"""Findings that a person accepted beforehand: rows of `accepted_findings` in the catalog.

`accept` sees every finding of every check. A row names exactly what was found, and the reason;
anything beyond the rows fails or warns as before. A row that names no declared check is refused, so
that a misspelt one is noticed.
"""

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from wmtp_assets.catalog import AcceptedFinding
from wmtp_assets.checking.findings import CULPRIT_COUNT, CULPRITS, MAX_SAMPLES, Finding
from wmtp_assets.errors import BadInput

ACCEPTED = "accepted_because"
BEYOND = "beyond_the_accepted"


def accept(
    findings: Mapping[str, Finding], asset: str, accepted: Iterable[AcceptedFinding]
) -> dict[str, Finding]:
    """Let a finding pass when all of it is accepted, and name the reasons in its sentence.

    A row names one culprit, or the whole sentence of a finding. A finding with other culprits fails
    as before; its sentence names those first.
    """
    return {
        name: _accepted(
            finding,
            {row.found: row.reason for row in accepted if (row.asset, row.check) == (asset, name)},
        )
        for name, finding in findings.items()
    }


def _accepted(finding: Finding, reasons: Mapping[str, str]) -> Finding:
    if finding.passed or not finding.decided or not reasons:
        return finding
    # One by one only where all are named. Of more, the sentence ends with the digest of all.
    culprits = finding.evidence.get(CULPRITS, ()) if _names_all(finding) else ()
    found = [finding.summary] if finding.summary in reasons else culprits
    known = {culprit: reasons[culprit] for culprit in found if culprit in reasons}
    if not known:
        return finding
    beyond = [culprit for culprit in found if culprit not in reasons]
    reasoned = "; ".join(f"{culprit} ({reason})" for culprit, reason in known.items())
    summary = f"accepted in the catalog: {reasoned}"
    if beyond:
        summary = f"{'; '.join(beyond)}; beside what is {summary}"
    evidence = {**finding.evidence, ACCEPTED: known, BEYOND: beyond}
    return replace(finding, passed=not beyond, summary=summary, evidence=evidence)


def _names_all(finding: Finding) -> bool:
    culprits = len(finding.evidence.get(CULPRITS, ()))
    count = finding.evidence.get(CULPRIT_COUNT)
    return culprits < MAX_SAMPLES if count is None else culprits == count


def require_declared(
    accepted: Iterable[AcceptedFinding], declared: Collection[tuple[str, str]]
) -> None:
    """Refuse rows that no check will ever look at.

    Args:
        declared: (asset, check) of every check of the code.

    Raises:
        BadInput: Rows that name no declared check, each with the nearest one.
    """
    names = [" ".join(pair) for pair in declared]
    wrong = [
        f"{row.asset} {row.check} (nearest: {', '.join(near) or 'none'})"
        for row in accepted
        if (row.asset, row.check) not in declared
        for near in [difflib.get_close_matches(f"{row.asset} {row.check}", names, 1)]
    ]
    if wrong:
        raise BadInput(
            "accepted_findings of the catalog name no declared check",
            wrong,
            "write asset and check as docs/checks.md lists them, or remove the row",
        )
