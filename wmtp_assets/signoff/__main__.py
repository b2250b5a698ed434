"""`python -m wmtp_assets.signoff status | approve | moved | verify | restore`: for a reviewer.

`status`, `approve` and `moved` read the Dagster record; `verify` and `restore` need no Dagster,
hence the imports inside the functions.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wmtp_assets.approval.chain import Role, Verdict
from wmtp_assets.errors import BadInput
from wmtp_assets.printable import Parser, say
from wmtp_assets.setting_values import RECORD_FIX, wrong_with_record
from wmtp_assets.stopping import stoppable

if TYPE_CHECKING:
    import dagster as dg

# Dagster's word on a wrong dagster.yaml is a page long.
MAX_REASON = 200
# Those of frame.py, which `verify` does not import.
FORMATS = ("csv", "json", "parquet")


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and run one command; returns the exit code."""
    options = parse(arguments)
    try:
        return options.run(options)
    except BadInput as error:
        say(error, file=sys.stderr)
        return 1


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = Parser(prog="python -m wmtp_assets.signoff")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, run: Callable, description: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=description, description=description)
        made.set_defaults(run=run)
        return made

    look = command("status", status, "print what is not passed; exit 0 if ready or approved")
    shown = look.add_mutually_exclusive_group()
    shown.add_argument("--table", action="store_true", help="one row per asset first")
    shown.add_argument("--format", choices=FORMATS, help="one row per check, for a program")
    decided = command("approve", approve, "record a decision; exit 1 with the reasons if refused")
    decided.add_argument("--reviewer", required=True, metavar="NAME")
    decided.add_argument("--role", choices=list(Role), default=Role.REVIEWER, type=Role)
    decided.add_argument("--decision", choices=list(Verdict), required=True, type=Verdict)
    decided.add_argument("--note", required=True, metavar="TEXT")
    decided.add_argument(
        "--acknowledge", nargs="+", action="extend", default=[], metavar="DIGEST",
        help="finding digests of the warnings that are accepted",
    )  # fmt: skip
    decided.add_argument("--key", type=Path, metavar="PEM", help="sign with this private key")
    moving = command("moved", moved, "tell that the storage was moved here; exit 1 if it was not")
    moving.add_argument("old_root", metavar="OLD_ROOT", help="the storage root before the move")
    verified = command("verify", verify, "verify an approved storage; exit 1 naming what differs")
    verified.add_argument("storage_root", type=Path, metavar="STORAGE_ROOT")
    verified.add_argument(
        "--public-key", type=Path, action="append", default=[], metavar="PEM",
        help="a key, or a folder of keys as WMTP_REVIEWER_KEYS: only decisions signed by one "
        "count; may be repeated",
    )  # fmt: skip
    restored = command("restore", restore, "write a storage from its backup, every byte proven")
    restored.add_argument("backup_url", metavar="BACKUP_URL", help="as WMTP_BACKUP_URL named it")
    restored.add_argument("storage_root", type=Path, metavar="STORAGE_ROOT")
    return parser.parse_args(arguments)


def status(options: argparse.Namespace) -> int:
    """Print the state of evidence and approval."""
    with record() as instance:
        from wmtp_assets.approval.events import read_approval
        from wmtp_assets.definitions import defs
        from wmtp_assets.evidence.read import read_evidence
        from wmtp_assets.signoff.status import is_fine, status_lines, table_lines

        deployment = resource(defs, "deployment")
        evidence = read_evidence(instance, resource(defs, "declared"), deployment)
        approval = read_approval(instance, deployment, evidence)
    if options.format:
        from wmtp_assets.signoff.frame import frame_of, write_frame

        write_frame(frame_of(evidence, resource(defs, "declared").checks), options.format)
    else:
        lines = [*table_lines(evidence)] if options.table else []
        say(*lines, *status_lines(evidence, approval))
    return 0 if is_fine(evidence, approval) else 1


def approve(options: argparse.Namespace) -> int:
    """Run job review_phase1 with this machine's key, if any; then let the documents tell of it."""
    from wmtp_assets.approval.chain import read_chain
    from wmtp_assets.approval.events import read_trust
    from wmtp_assets.approval.signing import KeySigner, NoSigner
    from wmtp_assets.approval.verify import stock_lines

    signer = KeySigner(options.key) if options.key else NoSigner()
    with record() as instance:
        from wmtp_assets.definitions import defs
        from wmtp_assets.runs.executor import run_here

        deployment = resource(defs, "deployment")
        decide(defs, instance, options, signer)
        entry = read_chain(deployment.store.signoff).entries[-1]
        uncounted = read_trust(instance, deployment).against(entry)
        report = defs.resolve_job_def("report")
        reported = run_here(report, instance, storage_root(defs), raise_on_error=False).success
    say(entry.decision.summary)
    say(f"written to {entry.folder}")
    say(*stock_lines(deployment.store.root, entry, "REVIEWER.pub"))
    if uncounted:
        say(f"it does not count: {uncounted}", file=sys.stderr)
    if not reported:
        say("job report failed; the decision stands, run the job again", file=sys.stderr)
    return 1 if uncounted else 0


def decide(
    defs: "dg.Definitions", instance: "dg.DagsterInstance", options: argparse.Namespace, signer
) -> None:
    """Run job review_phase1.

    Raises:
        BadInput: It was refused; every reason is named.
    """
    config = {
        "reviewer": options.reviewer,
        "role": str(options.role),
        "decision": str(options.decision),
        "note": options.note,
        "acknowledge": options.acknowledge,
    }
    from wmtp_assets.runs.console import TOLD_BY_CALLER
    from wmtp_assets.runs.executor import run_here

    run_here(
        defs.resolve_job_def("review_phase1"),
        instance,
        storage_root(defs),
        resources={"signer": signer},
        run_config={
            "ops": {"record_decision": {"config": config}},
            **TOLD_BY_CALLER,
        },
    )


def moved(options: argparse.Namespace) -> int:
    """Run job record_move: every byte is read, and held against what was recorded there."""
    with record() as instance:
        from wmtp_assets.definitions import defs

        tell_moved(defs, instance, options.old_root)
    root = storage_root(defs)
    say(f"told: what was recorded of {options.old_root} counts for {root}")
    say("next: python -m wmtp_assets.signoff status")
    return 0


def tell_moved(defs: "dg.Definitions", instance: "dg.DagsterInstance", old_root: str) -> None:
    """Run job record_move.

    Raises:
        BadInput: It was refused; every reason is named.
    """
    from wmtp_assets.runs.console import TOLD_BY_CALLER
    from wmtp_assets.runs.executor import run_here

    run_here(
        defs.resolve_job_def("record_move"),
        instance,
        storage_root(defs),
        run_config={
            "ops": {"tell_move": {"config": {"old_root": old_root}}},
            **TOLD_BY_CALLER,
        },
    )


def storage_root(defs: "dg.Definitions") -> str:
    """The storage that the runs of this process are about."""
    return str(resource(defs, "deployment").store.root)


def resource(defs: "dg.Definitions", name: str) -> Any:
    """What the assets and checks of the graph are handed under a name."""
    return (defs.resources or {})[name]


def verify(options: argparse.Namespace) -> int:
    """Verify a storage from the disk alone."""
    from wmtp_assets.approval.verify import verify_storage

    found = verify_storage(options.storage_root, options.public_key, tell)
    say(*found.facts, *(f"DIFFERS: {problem}" for problem in found.problems))
    say("verification failed" if found.problems else "verified")
    return 1 if found.problems else 0


def restore(options: argparse.Namespace) -> int:
    """Restore a storage; the disk alone says afterwards whether it is the approved one."""
    from wmtp_assets.backup.location import BackupLocation
    from wmtp_assets.backup.restoring import restore

    root = options.storage_root
    done = restore(BackupLocation(options.backup_url), root.absolute(), tell)
    for path in done.others:
        say(f"not of the backup, left alone: {path}")
    say(f"restored {done.restored} files, kept {done.kept}: {done.tag.summary}")
    say(f"next: python -m wmtp_assets.signoff verify {root}")
    return 0


def tell(line: str) -> None:
    """A line of progress, as jobs log theirs; what a command is asked for goes to stdout."""
    say(line, file=sys.stderr)


@contextmanager
def record() -> Iterator["dg.DagsterInstance"]:
    """The Dagster record of DAGSTER_HOME.

    Raises:
        BadInput: There is no record, or it cannot be opened.
    """
    home = os.environ.get("DAGSTER_HOME", "")
    if wrong := wrong_with_record(home):
        raise BadInput("no record to read", [wrong], RECORD_FIX)
    import dagster as dg

    from wmtp_assets.sqlite_record import guard_new_record, mend, record_lock

    folder = Path(home)
    try:
        with record_lock(folder):
            guard_new_record(folder)
            mend(folder)
            opened = dg.DagsterInstance.get()
    except Exception as error:  # of Dagster, SQLAlchemy or a driver
        reason = [type(error).__name__, *str(error).splitlines()[:1]]
        raise BadInput(
            "the record cannot be opened",
            [f"{home}: {': '.join(reason)[:MAX_REASON]}"],
            "python -m wmtp_assets.doctor looks at dagster.yaml and at the database, and names the "
            "way back",
        ) from error
    with opened as instance:
        yield instance


if __name__ == "__main__":
    stoppable(lambda _: main())
