"""Findings over millions of rows.

A proposition about a 15 GB file may have millions of culprits. All are counted and hashed, twenty
are kept. A sentence that names only twenty ends with the digest of all, so that it is exact too.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from wmtp_assets.checking.findings import CULPRIT_COUNT, MAX_SAMPLES, Finding, verdict


class Culprits:
    """The culprits of one proposition, in the order in which they are found."""

    def __init__(self, culprits: Iterable[object] = ()):
        self.count = 0
        self.samples: list[str] = []
        self._hash = hashlib.sha256()
        for culprit in culprits:
            self.add(culprit)

    def add(self, culprit: object) -> None:
        text = str(culprit)
        self.count += 1
        self._hash.update(text.encode("utf-8", "backslashreplace") + b"\n")
        if self.count <= MAX_SAMPLES:
            self.samples.append(text)

    def finding(self, good: str, bad: str, **evidence: Any) -> Finding:
        """Pass with `good` when nothing was added, else fail with `bad` and the culprits."""
        found = verdict(self.samples, good, bad, **evidence, **{CULPRIT_COUNT: self.count})
        if self.count == len(self.samples):
            return found
        rest = f"{self.count - MAX_SAMPLES:,} more (sha256 of all: {self._hash.hexdigest()})"
        return replace(found, summary=f"{found.summary}; and {rest}")


def undecided_where(findings: Mapping[str, Finding], faults: Culprits) -> dict[str, Finding]:
    """Fail what was decided on the readable lines alone: a part of the file proves nothing."""
    if not faults.count:
        return dict(findings)
    reason = faults.finding("", f"undecided, {faults.count:,} lines cannot be read")
    undecided = replace(reason, decided=False)
    return {
        name: undecided if found.passed else replace(found, decided=False)
        for name, found in findings.items()
    }
