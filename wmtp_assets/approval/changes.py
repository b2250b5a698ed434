"""What differs between an approval and the storage of now, one clause each.

Judged by the Dagster record and a quick look at the disk.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from wmtp_assets.approval.chain import differing_files
from wmtp_assets.approval.covered_files import finished_files
from wmtp_assets.approval.manifest import Manifest, covered_assets
from wmtp_assets.errors import BadInput
from wmtp_assets.evidence.judge import AssetRow, Evidence, Outcome
from wmtp_assets.files import file_io

# Path -> size_bytes, sha256, of a read file also mtime_ns.
Files = Mapping[str, Mapping[str, Any]]


def unknown_files(manifest: Manifest, evidence: Evidence) -> Files:
    """The approved files of declared assets that the record does not know on this storage."""
    known = {asset.key for asset in covered_assets(evidence)}
    unknown = {asset.key for asset in evidence.assets} - known
    return {
        path: facts for path, facts in manifest["files"].items() if facts.get("asset") in unknown
    }


def changes_since(
    manifest: Manifest, evidence: Evidence, root: Path, found: Files | None = None
) -> Iterator[str]:
    """What suspends an approval: content, files, failed checks; one clause each.

    Args:
        found: What was read of its `unknown_files`; None if the record has to know them.
    """
    covered = {asset.key: asset for asset in covered_assets(evidence)}
    declared = {asset.key for asset in evidence.assets}
    for key in sorted(manifest["assets"].keys() | covered.keys()):
        if key in declared:
            yield from _asset_changes(key, manifest, covered.get(key), found)
        else:
            yield from _outside_changes(key, manifest, root)
    yield from _loose_changes(manifest, covered, root)
    yield from (
        f"{j.check.asset} {j.check.name} failed: {j.finding}"
        for j in evidence.counting
        if j.outcome == Outcome.FAILED and j.check.asset in covered
    )


def check_changes(manifest: Manifest, evidence: Evidence) -> Iterator[str]:
    """The checks that are declared only now, or were only then."""
    declared = {a.key for a in evidence.assets}
    then = {(c["asset"], c["check"]) for c in manifest["checks"] if c["asset"] in declared}
    counting = {(j.check.asset, j.check.name) for j in evidence.counting}
    # Those of an optional asset that was never made here are declared and do not count.
    now = {(j.check.asset, j.check.name) for j in evidence.checks}
    yield from (f"{asset} {check} is no longer declared" for asset, check in sorted(then - now))
    yield from (f"{asset} {check} was not declared" for asset, check in sorted(counting - then))


def _asset_changes(
    key: str, manifest: Manifest, asset: AssetRow | None, found: Files | None
) -> Iterator[str]:
    before = {p: f for p, f in manifest["files"].items() if f.get("asset") == key}
    if asset is None and found is not None:
        read = {path: found[path]["sha256"] for path in before if path in found}
        yield from (f"{key}: {clause}" for clause in differing_files(before, read))
        return
    if asset is None:
        yield f"{key} is no longer materialized"
        return
    yield from (f"{key}: {clause}" for clause in asset.differing)
    version = manifest["assets"].get(key)
    if version is None:
        yield f"{key} was not part of it"
        return
    now = {path: facts["sha256"] for path, facts in asset.made.files.items()}
    # Files are compared even where the content is equal: no signature covers a new date in one.
    clauses = differing_files(before, now)
    if not clauses and version != asset.made.version:
        clauses = [f"content {version} -> {asset.made.version}"]
    yield from (f"{key}: {clause}" for clause in clauses)


def _outside_changes(key: str, manifest: Manifest, root: Path) -> Iterator[str]:
    """An asset that this graph leaves out (WMTP_REWARD_MODEL): its files are there, or not."""
    for path, facts in manifest["files"].items():
        file = root / path
        if facts.get("asset") == key and not (
            file.is_file() and file.stat().st_size == facts["size_bytes"]
        ):
            yield f"{key}: {path} is missing or of another size"


def _loose_changes(manifest: Manifest, covered: dict[str, AssetRow], root: Path) -> Iterator[str]:
    """Files of no asset: the lock changed, something lies there that did not."""
    recorded = {path for asset in covered.values() for path in asset.made.files}
    try:
        there = finished_files(root)
    except BadInput as error:
        yield str(error)
        return
    before = {p: f for p, f in manifest["files"].items() if "asset" not in f}
    # A file that was not there is named, not read: it may be a checkpoint.
    now = {
        path: file_io.sha256_of(file) if path in before else ""
        for path, file in there.items()
        if path not in recorded and path not in _of_assets(manifest)
    }
    yield from differing_files(before, now)


def _of_assets(manifest: Manifest) -> set[str]:
    return {path for path, facts in manifest["files"].items() if "asset" in facts}
