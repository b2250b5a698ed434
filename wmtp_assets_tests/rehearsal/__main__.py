"""`python -m wmtp_assets_tests.rehearsal`: the rehearsal on real bytes, and what status says of it.

Made in a temporary folder and removed, a folder given as argument is kept. Then an approval that
acknowledges nothing, one that acknowledges every warning, and status again. Exit 0 if all of it
went as it has to.
"""

import contextlib
import sys
import tempfile
from pathlib import Path

from wmtp_assets.errors import BadInput
from wmtp_assets_tests.rehearsal.upstream import MISSING
from wmtp_assets_tests.rehearsal.world import Rehearsal, rehearsed


def main(arguments: list[str]) -> int:
    if MISSING:
        print(f"no real upstream files: {', '.join(MISSING)}", file=sys.stderr)
        return 1
    with contextlib.ExitStack() as stack:
        if arguments:
            root = Path(arguments[0]).absolute()
            root.mkdir(parents=True)
        else:
            root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        return show(stack.enter_context(rehearsed(root)))


def show(rehearsal: Rehearsal) -> int:
    """Print status, both decisions, and status again; returns the exit code."""
    ready = _print_status(rehearsal)
    warnings = list(rehearsal.open_checks.values())
    try:
        rehearsal.approve([])
        refused = False
    except BadInput as error:
        refused = True
        print(f"\napprove: refused\n{error}\n")
    if not (ready and refused):
        return 1
    rehearsal.approve([judged.digest for judged in warnings])
    rehearsal.run("report")
    print(f"\napprove: {len(warnings)} warnings acknowledged\n")
    return 0 if _print_status(rehearsal) else 1


def _print_status(rehearsal: Rehearsal) -> bool:
    fine, lines = rehearsal.status()
    print("\n".join(lines))
    return fine


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
