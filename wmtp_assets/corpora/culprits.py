"""Findings over millions of rows.

A proposition about a 15 GB file may have millions of offenders: they are counted and hashed, and
twenty are kept. The sentence of a finding is therefore exact, also where it is cut short: it ends
with the digest of all offenders.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from wmtp_assets.findings import CULPRIT_COUNT, CULPRITS, MAX_SAMPLES, Finding

FINDING_SHA256 = "finding_sha256"


class Culprits:
    """The offenders of one proposition, in the order in which they are found."""

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
        """Pass with `good` when nothing was added, else fail with `bad` and the offenders."""
        if not self.count:
            return Finding(True, good, {**evidence, CULPRIT_COUNT: 0})
        sha256 = self._hash.hexdigest()
        summary = f"{bad}: {'; '.join(self.samples)}"
        if self.count > MAX_SAMPLES:
            summary += f"; and {self.count - MAX_SAMPLES:,} more (sha256 of all: {sha256})"
        found = {CULPRIT_COUNT: self.count, CULPRITS: self.samples, FINDING_SHA256: sha256}
        return Finding(False, summary, {**evidence, **found})


def undecided_where(findings: Mapping[str, Finding], faults: Culprits) -> dict[str, Finding]:
    """Fail what was judged on the readable lines alone: a part of the file proves nothing."""
    if not faults.count:
        return dict(findings)
    reason = faults.finding("", f"undecided, {faults.count:,} lines cannot be read")
    undecided = replace(reason, decided=False)
    return {
        name: undecided if found.passed else replace(found, decided=False)
        for name, found in findings.items()
    }
