"""Why an approval cannot be granted: one sentence for each reason, none means it can.

Granting needs every check of Steps 0-10 passed, or warned and acknowledged by the digest of its
finding, each fresh, and the disk equal to the record.
"""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from wmtp_assets.approval.covered_files import unowned_files
from wmtp_assets.approval.manifest import recorded_files
from wmtp_assets.evidence.judge import Evidence, Outcome
from wmtp_assets.printable import printable


def refusal_reasons(
    evidence: Evidence, acknowledged: Collection[str], stored: Mapping[str, Path]
) -> Iterator[str]:
    """Judge the record; no file is read.

    Args:
        acknowledged: Finding digests of the warnings that the reviewer accepts.
        stored: Path below the root -> the file, of those that the approval would cover.
    """
    if not evidence.counting:
        yield "no check is declared"
    warned = {j.digest for j in evidence.counting if j.outcome == Outcome.WARNED}
    for judged in evidence.counting:
        if judged.outcome == Outcome.WARNED and judged.digest not in acknowledged:
            yield f"not acknowledged: {judged.line}"
        elif judged.outcome not in (Outcome.PASSED, Outcome.WARNED):
            yield judged.line
    yield from (
        f"no warning has the digest {digest}" for digest in sorted(set(acknowledged) - warned)
    )
    strays = unowned_files(stored, recorded_files(evidence))
    yield from (f"{printable(path)} is of no asset" for path in strays)


def files_unlike_record(
    expected: Mapping[str, Mapping[str, Any]], digests: Mapping[str, str]
) -> list[str]:
    """The files that are missing or whose bytes are not the expected ones.

    Args:
        expected: Path -> at least sha256, of all files that are approved.
        digests: Path -> sha256 of every covered file, read just now.
    """
    return [
        f"{path}: recorded {facts['sha256']}, on disk {digests.get(path, 'missing')}"
        for path, facts in expected.items()
        if digests.get(path) != facts["sha256"]
    ]
