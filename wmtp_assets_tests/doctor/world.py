"""Two repositories that jobs want, and a storage that has one of them."""

import hashlib
from collections.abc import Iterable

from wmtp_assets.doctor.lines import Line, State
from wmtp_assets.doctor.plans import RepoRequest, wanted_by
from wmtp_assets.hub.lock import extend_lock
from wmtp_assets.published import PUBLISHED
from wmtp_assets.store import Store

PARQUET = b"PAR1" + b"rows" + b"PAR1"
META = wanted_by(PUBLISHED, ["models"])[0]
MBPP = RepoRequest(PUBLISHED.dataset("mbpp"), PUBLISHED.dataset("mbpp").raw, ("datasets",))


def states(lines: Iterable[Line]) -> list[State]:
    return [line.state for line in lines]


def fetched(store: Store, wanted: RepoRequest) -> None:
    """Put files of the wanted names on the disk, and into the lock."""
    raw = store.dataset(wanted.row.name).raw
    facts = {}
    for files in wanted.files:
        path = raw / files.pattern.replace("*", "0")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PARQUET)
        digest = hashlib.sha256(PARQUET).hexdigest()
        facts[path.relative_to(raw).as_posix()] = (len(PARQUET), digest)
    extend_lock(store.lock, wanted.row.repo, "a" * 40, facts)
