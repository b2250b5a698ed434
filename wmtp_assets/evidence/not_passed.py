"""What is not simply passed, worst first, in one line with a link to the page of each check.

It is the first line of the checklist's page and of the approval's check: somebody who opens the
page finds a warning there, however many assets are green.
"""

from collections.abc import Collection, Iterable

from wmtp_assets.evidence.judge import JudgedCheck, Outcome
from wmtp_assets.markup import Markup, link

SHOWN = 5
WORST_FIRST = (
    Outcome.FAILED,
    Outcome.DISK_DIFFERS,
    Outcome.WARNED,
    Outcome.STALE,
    Outcome.NOT_EVALUATED,
)


def check_page(asset: str, check: str = "") -> str:
    """Where the page shows the checks of an asset, or one of them.

    A path: who writes a document knows no server and no port.
    """
    return f"/assets/{asset}?view=checks" + (f"&checkDetail={check}" if check else "")


def not_passed(checks: Iterable[JudgedCheck]) -> list[JudgedCheck]:
    """The checks that are not simply passed, worst first."""
    found = (j for j in checks if j.outcome != Outcome.PASSED)
    return sorted(found, key=lambda j: WORST_FIRST.index(j.outcome))


def not_passed_line(checks: Collection[JudgedCheck], acknowledged: Collection[str]) -> Markup:
    """One line of Markdown.

    Args:
        acknowledged: Digests of the findings that the standing approval acknowledges.
    """
    found = not_passed(checks)
    if not found:
        return Markup(f"All {len(checks):,} checks passed")
    shown = [
        link(f"{j.check.asset} {j.check.name}", check_page(j.check.asset, j.check.name))
        + f" ({j.outcome}{', acknowledged' if j.digest in acknowledged else ''})"
        for j in found[:SHOWN]
    ]
    rest = [f"and {len(found) - SHOWN:,} more"] if len(found) > SHOWN else []
    listed = ", ".join([*shown, *rest])
    return Markup(f"Not passed, {len(found):,} of {len(checks):,} checks: {listed}")
