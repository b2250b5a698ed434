"""Job record_move: what the record has of the storage at another root counts for this one.

The command `signoff moved` runs the same job. What it records is an observation of storage_layout;
record.py reads it, of runs only: a posted one is ignored.
"""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
from pydantic import Field

from wmtp_assets.approval.chain import read_chain
from wmtp_assets.approval.events import read_recorded
from wmtp_assets.deployment import Deployment
from wmtp_assets.errors import BadInput
from wmtp_assets.evidence.read import Declared, recorded_assets, recorded_roots
from wmtp_assets.moving.compare import (
    Comparison,
    compare,
    made_since,
    still_there,
)
from wmtp_assets.printable import printable, reporter
from wmtp_assets.record import (
    MOVED_FROM,
    MOVES_KEY,
    SIZE_BYTES,
    STORAGE_ROOT,
    storage_history,
)
from wmtp_assets.storage_history import is_same_folder, resolved
from wmtp_assets.store import Store

NOT_MOVED = "not the storage that was there"
COPY = "a copy is a storage of its own: remove the old one, or work there"
PUT_BACK = "put the recorded bytes here, or make and check this storage anew with job phase1"


class MoveConfig(dg.Config):
    """Where the storage was; where it is, WMTP_STORAGE_ROOT says."""

    old_root: str = Field("", description="The storage root before the move.")


@dg.op(
    description="Reads every byte that the record has of the old root, then tells of the move.",
)
def tell_move(
    context: dg.OpExecutionContext,
    config: MoveConfig,
    deployment: dg.ResourceParam[Deployment],
    declared: dg.ResourceParam[Declared],
) -> None:
    store = deployment.store
    old = require_moved(context.instance, declared, store, config.old_root)
    found = require_same(context.instance, declared, store, old, reporter(context.log.info))
    for clause in found.tolerated:
        context.log.warning(printable(f"let pass: {clause}"))
    summary = f"moved from {old} to {store.root}: {found.files} files, every byte as recorded"
    context.log.info(printable(summary))
    context.log_event(
        dg.AssetObservation(
            MOVES_KEY,
            description=summary,
            metadata={
                MOVED_FROM: str(old),
                STORAGE_ROOT: str(store.root),
                "files": found.files,
                SIZE_BYTES: found.size_bytes,
                "let_pass": len(found.tolerated),
            },
        )
    )


@dg.job(
    description="Tells that the storage was moved here: what was recorded of it there counts here.",
)
def record_move() -> None:
    tell_move()


def require_moved(
    instance: dg.DagsterInstance, declared: Declared, store: Store, stated: str
) -> Path:
    """The old root, as the record names it.

    Raises:
        BadInput: It is this one, the record has nothing of it, it is still there, or something was
            made here since.
    """
    if not stated.strip():
        raise BadInput("the old storage root is not given", [], "name the root before the move")
    old = resolved(Path(stated).expanduser())
    if is_same_folder(str(old), str(store.root)):
        raise BadInput("nothing to tell: it is the same place", [old, store.root], "go on as ever")
    now = storage_history(instance, store)
    there = recorded_assets(instance, declared, storage_history(instance, Store(old, store.docs)))
    if not there:
        known = ", ".join(recorded_roots(instance, declared, now)) or "none"
        raise BadInput(
            "the record has nothing of a storage there", [old], f"name one that it has: {known}"
        )
    if left := list(still_there(old, there)):
        raise BadInput("the old storage is still there", left, COPY)
    if anew := list(made_since(there, recorded_assets(instance, declared, now))):
        raise BadInput(f"assets were made here since, at {store.root}", anew, "go on with these")
    return old


def require_same(
    instance: dg.DagsterInstance,
    declared: Declared,
    store: Store,
    old: Path,
    report: Callable[[str], None],
) -> Comparison:
    """Read every recorded file here.

    Raises:
        BadInput: It is not what the record has of the old root; everything that differs is named.
    """
    before = Store(old, store.docs)
    chain, recorded = read_chain(store.signoff), read_recorded(instance, before)
    found = compare(
        store, recorded_assets(instance, declared, storage_history(instance, before)), report
    )
    wrong = [*found.differing, *chain.problems, *recorded.missing(chain)]
    if wrong:
        raise BadInput(f"{NOT_MOVED}, at {old}", wrong, PUT_BACK)
    return found
