"""`python -m wmtp_assets.signoff status [--table]`: the state of evidence on the console."""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from wmtp_assets.errors import BadInput
from wmtp_assets.signoff.evidence import Evidence, Outcome, is_ready


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m wmtp_assets.signoff")
    commands = parser.add_subparsers(dest="command", required=True)
    status = commands.add_parser("status", help="print what is not simply passed; exit 0 if ready")
    status.add_argument("--table", action="store_true", help="one row per asset first")
    options = parser.parse_args(arguments)
    try:
        evidence = current_evidence()
    except BadInput as error:
        print(error, file=sys.stderr)
        return 1
    lines = [*table_lines(evidence)] if options.table else []
    lines += [*status_lines(evidence)]
    print("\n".join(lines))
    return 0 if is_ready(evidence) else 1


def current_evidence() -> Evidence:
    """Read the evidence of the storage that the settings name, from DAGSTER_HOME.

    Raises:
        BadInput: There is no record.
    """
    home = os.environ.get("DAGSTER_HOME")
    if not home or not Path(home).is_dir():
        raise BadInput(
            "no record to read: DAGSTER_HOME is not an existing folder",
            [home or "unset"],
            "set it to the record's folder, absolute, such as $PWD/.sample/dagster_home",
        )
    import dagster as dg

    from wmtp_assets.definitions import defs
    from wmtp_assets.signoff.record import read_evidence

    with dg.DagsterInstance.get() as instance:
        return read_evidence(instance, defs.resources["declared"], defs.resources["setup"])


def table_lines(evidence: Evidence) -> Iterator[str]:
    """One line per asset: how many of its checks ended how."""
    width = max(len(a.key) for a in evidence.assets)
    yield f"{'asset':<{width}}  {'files':>5}  {'bytes':>14}  checks"
    for asset in evidence.assets:
        files = asset.latest.files.values() if asset.latest else ()
        counts = Counter(str(j.outcome) for j in evidence.of(asset.key))
        told = ", ".join(f"{n} {outcome}" for outcome, n in sorted(counts.items()))
        size = sum(f["size_bytes"] for f in files)
        yield f"{asset.key:<{width}}  {len(files):>5}  {size:>14,}  {told}"
    yield ""


def status_lines(evidence: Evidence) -> Iterator[str]:
    """What is not simply passed, then the sum and what to do next."""
    counting = evidence.counting
    open_rows = [j for j in counting if j.outcome != Outcome.PASSED]
    yield from (j.line for j in open_rows)
    counts = Counter(str(j.outcome) for j in counting)
    told = ", ".join(f"{n} {outcome}" for outcome, n in sorted(counts.items()))
    yield f"{len(counting)} declared checks: {told}"
    yield f"storage {evidence.storage_root}, digest {evidence.storage_digest}"
    yield f"next: {_next_step(open_rows)}"


def _next_step(open_rows: list) -> str:
    outcomes = {j.outcome for j in open_rows}
    if Outcome.FAILED in outcomes or Outcome.DISK_DIFFERS in outcomes:
        return "materialize the assets named above again, then run verify_storage_deep"
    if Outcome.STALE in outcomes:
        return "run job verify_storage_deep"
    if Outcome.NOT_EVALUATED in outcomes:
        return "run job phase1, then job report"
    if outcomes:
        return "a reviewer reads the warnings; ready for approval once they are acknowledged"
    return "ready for approval"


if __name__ == "__main__":
    sys.exit(main())
