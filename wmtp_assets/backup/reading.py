"""Every byte of a copy read again, and held against its tag and, where at hand, the approval."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wmtp_assets.approval.chain import Chain, differing_files
from wmtp_assets.backup.location import BackupLocation
from wmtp_assets.backup.tag import BadTag, Tag, read_tag
from wmtp_assets.catalog import STORAGE_VERSION
from wmtp_assets.progress import reading


@dataclass(frozen=True)
class CopyReading:
    """What a copy holds.

    Attributes:
        tag: None if there is no whole backup, or its tag cannot be read.
        problems: What differs, one clause each; nothing differs in a sound copy.
    """

    tag: Tag | None
    problems: tuple[str, ...]


def read_copy(
    location: BackupLocation,
    chain: Chain | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> CopyReading:
    """Read every byte of a copy.

    Args:
        chain: The decisions of the storage; without it the tag alone says what the copy must be.
        report: Called with one line for each file, and how far it is.

    Raises:
        BadInput: The place fails.
    """
    try:
        tag = read_tag(location)
    except BadTag as error:
        return CopyReading(None, (str(error),))
    if tag is None:
        return CopyReading(None, ("there is no copy with a tag; run job backup_storage",))
    found = {}
    sizes = location.sizes(STORAGE_VERSION)
    seen = reading("the copy", sum(sizes.values()), report)
    for number, path in enumerate(sizes, 1):
        report(f"{path}, {sizes[path]:,} bytes, {number} of {len(sizes)}")
        found[path] = location.digest(f"{STORAGE_VERSION}/{path}", seen)
    expected = {path: {"sha256": file.sha256} for path, file in tag.files.items()}
    problems = [f"the copy differs: {clause}" for clause in differing_files(expected, found)]
    if chain is not None:
        problems += _unlike_decision(tag, chain)
    return CopyReading(tag, tuple(problems))


def _unlike_decision(tag: Tag, chain: Chain) -> list[str]:
    """Where the tag differs from the decision that it names."""
    decided = {entry.sha256: entry for entry in chain.entries}
    if tag.decision_sha256 not in decided:
        return [f"the tag names decision {tag.decision_sha256}, which is not in signoff/"]
    entry = decided[tag.decision_sha256]
    files: dict[str, Any] = entry.manifest["files"]
    named = {path: tag.files[path].sha256 for path in files.keys() & tag.files.keys()}
    clauses = differing_files(files, named)
    if tag.content != entry.content:
        clauses.append(f"its content is {tag.content}")
    return [f"the tag is not that of decision {tag.decision:04d}: {c}" for c in clauses]
