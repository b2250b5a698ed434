"""The manifest of a decision: every file with size and digest, its sources, the check results.

It is a record of one moment, hence run ids and times are in it. `files` is what a signature covers
and what `verify` compares with the disk; `assets` is what the Dagster record is compared with.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from wmtp_assets.approval.json_schema import MANIFEST_FORMAT
from wmtp_assets.catalog import STORAGE_VERSION
from wmtp_assets.evidence.judge import (
    DOCUMENT_GROUPS,
    AssetRow,
    Evidence,
    JudgedCheck,
    Outcome,
    utc,
)
from wmtp_assets.evidence.steps import README

Manifest = Mapping[str, Any]


def covered_assets(evidence: Evidence) -> tuple[AssetRow, ...]:
    """The materialized assets whose files lie in the storage: the artifacts and its README."""
    return tuple(
        a
        for a in evidence.assets
        if a.latest and (a.group not in DOCUMENT_GROUPS or a.key == README)
    )


def build_manifest(
    evidence: Evidence,
    files: Mapping[str, Mapping[str, Any]],
    lock: Mapping[str, Any],
    acknowledged: Iterable[str] = (),
) -> dict[str, Any]:
    """Build the manifest as plain JSON data.

    Args:
        files: Path below the storage root -> size_bytes, sha256.
        lock: The content of sources.lock.json: which commit of each repository is stored.
        acknowledged: Finding digests of the warnings that the reviewer accepts.
    """
    accepted = set(acknowledged)
    assets = covered_assets(evidence)
    owner = {path: asset for asset in assets for path in asset.made.files}
    return {
        "format": MANIFEST_FORMAT,
        "storage_version": STORAGE_VERSION,
        "storage_digest": evidence.storage_digest,
        "catalog": evidence.catalog,
        "source": evidence.source,
        "sources": {
            repo: {"commit": entry["commit"]} for repo, entry in sorted(lock["repos"].items())
        },
        "assets": {asset.key: asset.made.version for asset in assets},
        "files": {
            path: {**facts, **_origin(owner.get(path))} for path, facts in sorted(files.items())
        },
        "documents": {
            path: facts["sha256"]
            for asset in evidence.assets
            if asset.group in DOCUMENT_GROUPS and asset.key != README and asset.latest
            for path, facts in sorted(asset.latest.files.items())
        },
        "checks": [_check(j) for j in evidence.counting],
        "acknowledged": [
            _check(j)
            for j in evidence.counting
            if j.outcome == Outcome.WARNED and j.digest in accepted
        ],
    }


def recorded_files(evidence: Evidence) -> dict[str, dict[str, Any]]:
    """Path -> size_bytes, sha256 of the covered assets' files, as the record has them."""
    return {
        path: {"size_bytes": facts["size_bytes"], "sha256": facts["sha256"]}
        for asset in covered_assets(evidence)
        for path, facts in asset.made.files.items()
    }


def _origin(asset: AssetRow | None) -> dict[str, str]:
    """The asset of a file, and the revision of its source where the record names one."""
    if asset is None:
        return {}
    origin = {"asset": asset.key}
    for name in ("repo", "revision"):
        if name in asset.made.metadata:
            origin[name] = asset.made.metadata[name]
    return origin


def _check(judged: JudgedCheck) -> dict[str, Any]:
    latest = judged.check.latest
    return {
        "asset": judged.check.asset,
        "check": judged.check.name,
        "outcome": str(judged.outcome),
        "finding": judged.finding,
        "finding_digest": judged.digest,
        "content_sha256": latest and latest.content,
        "run_id": latest and latest.run_id,
        "evaluated_at": utc(latest.timestamp) if latest else None,
    }
