"""Whether a storage is the one that lay at another root: the reasons against it.

Pure: rows of judge.py and folders in, sentences out. Every recorded file is read. Documents are
written anew by job report and raw files may have been removed: their differences are tolerated.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from wmtp_assets.evidence.judge import DOCUMENT_GROUPS, AssetRow, utc
from wmtp_assets.evidence.steps import README
from wmtp_assets.files import file_io
from wmtp_assets.progress import Seen, reading
from wmtp_assets.store import Store

MISSING = "missing"


@dataclass(frozen=True)
class Comparison:
    """What was read at the new root.

    Attributes:
        differing: One clause for each file whose bytes are not the recorded ones, or that is gone.
        tolerated: The same of files that may differ: documents, raw files.
    """

    files: int
    size_bytes: int
    differing: tuple[str, ...]
    tolerated: tuple[str, ...]


def still_there(old: Path, assets: Iterable[AssetRow]) -> Iterator[str]:
    """The recorded files that still lie below the old root; an empty mount point is no storage."""
    for path in sorted({path for asset in assets for path in _in_storage(asset)}):
        try:
            there = (old / path).is_file()
        except OSError as error:
            yield f"{old} cannot be looked into ({error.strerror})"
            return
        if there:
            yield f"{old / path} is still there"


def compare(store: Store, assets: Iterable[AssetRow], report: Callable[[str], None]) -> Comparison:
    """Read every recorded file below the present roots and hold it against the record.

    Args:
        assets: As the record has them of the old root.
        report: Called with each line of progress.
    """
    files = size = 0
    differing, tolerated = [], []
    recorded = [asset for asset in assets if asset.latest is not None]
    facts_of_all = [facts for asset in recorded for facts in asset.made.files.values()]
    total = sum(facts["size_bytes"] for facts in facts_of_all)
    report(f"reading every byte of {len(facts_of_all)} files, {total:,} bytes")
    seen = reading("the storage", total, report)
    for asset in recorded:
        for path, facts in sorted(asset.made.files.items()):
            found = _digest(store.locate(path), seen)
            files, size = files + 1, size + facts["size_bytes"]
            if found == facts["sha256"]:
                continue
            clause = f"{path}: recorded {facts['sha256']}, here {found}"
            (tolerated if _may_differ(asset, found) else differing).append(clause)
    return Comparison(files, size, tuple(differing), tuple(tolerated))


def made_since(there: Iterable[AssetRow], here: Iterable[AssetRow]) -> Iterator[str]:
    """What was made at the present root after the last that was made at the old one."""
    last = max((asset.latest.timestamp for asset in there if asset.latest), default=0)
    for asset in here:
        if asset.latest and asset.latest.timestamp > last:
            yield f"{asset.key} in run {asset.latest.run_id} ({utc(asset.latest.timestamp)})"


def _in_storage(asset: AssetRow) -> Iterator[str]:
    files = asset.latest.files if asset.latest else ()
    return (path for path in files if not path.startswith("docs/"))


def _may_differ(asset: AssetRow, found: str) -> bool:
    """Documents are made anew; raw files may be gone, as those of an asset no longer declared."""
    if asset.group in DOCUMENT_GROUPS and asset.key != README:
        return True
    return found == MISSING and (asset.key.endswith("/raw") or not asset.group)


def _digest(path: Path, seen: Seen) -> str:
    try:
        return file_io.sha256_of(path, seen)
    except FileNotFoundError:
        return MISSING
    except OSError as error:
        return f"unreadable ({error.strerror})"
