"""The digest of a finding, and the command by which a reviewer acknowledges it.

A warning shows both where it is found. What counts is computed again from what the record holds of
the check, so that a digest shown for one finding acknowledges no other.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

# A page sorts the metadata of a check by name: these come first.
DIGEST, COMMAND = "acknowledge_digest", "acknowledge_with"
APPROVE = (
    'python -m wmtp_assets.signoff approve --reviewer "YOUR NAME" --decision approved '
    '--note "WHAT YOU LOOKED AT"'
)


def finding_digest(asset: str, check: str, finding: str, evidence: Mapping[str, Any] | None) -> str:
    """What a reviewer acknowledges: 16 hexadecimal digits that change when the finding does.

    Args:
        finding: Its sentence.
        evidence: What the check recorded besides; None where nothing evaluated it.
    """
    facts = [asset, check, finding, evidence]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def approve_command(digests: Iterable[str]) -> str:
    """The command that approves a storage with these warnings, to be pasted and filled in."""
    listed = " ".join(digests)
    return f"{APPROVE} --acknowledge {listed}" if listed else APPROVE
