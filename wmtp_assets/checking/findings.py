"""What a check found, before Dagster hears of it.

A check group returns a Finding for each of its propositions; `asset_checks` makes an asset check
result of it. There is evidence also when the check passes. Counts are exact; at most 20 culprits
are named.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from wmtp_assets.printable import printable, printable_block

MAX_SAMPLES = 20
CULPRITS, CULPRIT_COUNT = "culprits", "culprit_count"


@dataclass(frozen=True)
class Finding:
    """Whether a proposition holds, one sentence with numbers, and the evidence.

    Attributes:
        decided: False where bad data made it impossible to decide; then it has not passed.
    """

    passed: bool
    summary: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    decided: bool = True


def undecided(summary: str, evidence: Mapping[str, Any] | None = None) -> Finding:
    """A proposition that could not be decided, and why."""
    return Finding(False, summary, evidence or {}, decided=False)


def as_printable(finding: Finding) -> Finding:
    """The same finding, its text as a console and a page can show it."""
    evidence = printable_block(dict(finding.evidence))
    return replace(finding, summary=printable(finding.summary), evidence=evidence)


def compare(what: str, expected: Mapping[str, Any], actual: Mapping[str, Any]) -> Finding:
    """Compare two mappings key by key and report missing, extra and different keys.

    Args:
        what: The plural noun of the keys, for the sentence ("tensors", "files").
    """
    missing = sorted(expected.keys() - actual.keys())
    extra = sorted(actual.keys() - expected.keys())
    different = [
        f"{key}: expected {expected[key]}, found {actual[key]}"
        for key in sorted(expected.keys() & actual.keys())
        if expected[key] != actual[key]
    ]
    culprits = (
        [f"missing {key}" for key in missing] + [f"unexpected {key}" for key in extra] + different
    )
    return verdict(
        culprits,
        f"all {len(expected)} {what} as expected",
        f"{len(culprits)} of {len(expected)} {what} not as expected",
        expected=len(expected),
        actual=len(actual),
        missing=len(missing),
        extra=len(extra),
        different=len(different),
    )


def flatten(values: Mapping[str, Any]) -> dict[str, Any]:
    """Nested fields under dotted names, so that a finding names the one that differs.

    An empty object is kept as a value. A name that holds a dot or a quote is quoted, so that two
    different nestings never give the same name. Without recursion, so that any depth is flattened.
    """
    flat: dict[str, Any] = {}
    pending = [("", values)]
    while pending:
        prefix, fields = pending.pop()
        for key, value in fields.items():
            name = prefix + (json.dumps(key) if "." in key or '"' in key else key)
            if isinstance(value, dict) and value:
                pending.append((f"{name}.", value))
            else:
                flat[name] = value
    return flat


def verdict(culprits: Iterable[object], good: str, bad: str, **evidence: Any) -> Finding:
    """Pass with the sentence `good` when there are no culprits, else fail with `bad` and them."""
    named = [str(c) for c in culprits]
    summary = bad + ": " + "; ".join(named[:MAX_SAMPLES]) if named else good
    if len(named) > MAX_SAMPLES:
        summary += f"; and {len(named) - MAX_SAMPLES} more"
    samples = {CULPRITS: named[:MAX_SAMPLES]} if named else {}
    return Finding(not named, summary, {**evidence, **samples})
