"""How findings become asset checks: one definition per asset, every check of it in one table.

A `CheckGroup` is one look at the artifact and the propositions that this look decides, so that a
15 GB file is read once for all of them. Every asset gets the two checks of `_BYTES_CHECKS` on
top of its own. A check that bad data makes impossible fails and names the data; any other error is
a bug, crashes the step and leaves the check not evaluated.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import dagster as dg

from wmtp_assets import store as store_
from wmtp_assets.accepted import accept
from wmtp_assets.content_version import content_version
from wmtp_assets.deployment import Deployment
from wmtp_assets.errors import BadInput
from wmtp_assets.findings import Finding, as_shown, undecided, verdict
from wmtp_assets.markup import inert
from wmtp_assets.propositions import Kind, Proposition, ours
from wmtp_assets.record import CONTENT, FILES, STORAGE_ROOT, as_metadata, recorded_metadata
from wmtp_assets.regular import SMALL_BYTES, require_inside, require_regular

DEEP_TAG = "reads"
KIND = "kind"
WHY = "why_this_kind"
# A finding of which the description is not word for word.
AS_WRITTEN = "finding"
EVERY_BYTE = "every byte"
BYTES_MATCH = "bytes_match_materialized_digest"
SIZES_MATCH = "files_are_there_with_recorded_sizes"
UNREADABLE = "unreadable"
UNREADABLE_FIX = "make it readable, or materialize its asset again; then run the checks again"


@dataclass(frozen=True)
class AssetState:
    """What is known of the asset when its checks begin.

    Attributes:
        metadata: The metadata of its latest materialization; None if there is none.
        files: Path as recorded -> size_bytes, sha256, mtime_ns at materialization.
        digests: Path as recorded -> sha256 now, of the files that are on disk; read from the
            bytes when a deep check is among those running.
        context: The running check step, for the checks that judge the record itself.
    """

    metadata: Mapping[str, Any] | None
    files: Mapping[str, Mapping[str, Any]]
    digests: Mapping[str, str]
    context: dg.AssetCheckExecutionContext | None = None


@dataclass(frozen=True)
class CheckGroup:
    """One look at an artifact.

    Attributes:
        judge: Called with the deployment and the state of the asset; returns a Finding
            for each name in `propositions`.
        propositions: Check name -> what is true when it passes, and of which kind it is.
        deep: Whether it reads every byte; quick ones look at headers, sizes and configs.
    """

    judge: Callable[[Deployment, AssetState], Mapping[str, Finding]]
    propositions: Mapping[str, Proposition]
    deep: bool = False


def checks_on(
    key: str,
    *groups: CheckGroup,
    content: Callable[[Deployment, Mapping[str, str]], str] | None = None,
    resources: frozenset[str] = frozenset(),
) -> dg.AssetChecksDefinition:
    """Define all checks of one asset, the bytes checks included.

    Args:
        key: The asset key as a path, such as "meta_mtp/raw".
        content: Computes the data version from path -> sha256; documents have their own.
        resources: Further resource keys that the judges reach through `AssetState.context`.
    """
    asset_key = dg.AssetKey(key.split("/"))
    specs = [
        dg.AssetCheckSpec(
            name,
            asset=asset_key,
            description=proposition.description,
            blocking=proposition.kind is Kind.OURS,
            metadata={
                DEEP_TAG: EVERY_BYTE if group.deep else "headers, sizes, configs",
                KIND: proposition.kind,
                WHY: proposition.why,
            },
        )
        for group in (*_BYTES_CHECKS, *groups)
        for name, proposition in group.propositions.items()
    ]

    @dg.multi_asset_check(
        name=checks_step(asset_key),
        specs=specs,
        can_subset=True,
        required_resource_keys={"deployment", *resources},
    )
    def checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        deployment: Deployment = context.resources.deployment
        selected = {check.name for check in context.selected_asset_check_keys}
        chosen = [r for r in (*_BYTES_CHECKS, *groups) if selected & r.propositions.keys()]
        metadata = recorded_metadata(context.instance, asset_key, deployment.store)
        recorded = metadata[FILES] if metadata else {}
        digests = observe(deployment, recorded, deep=any(r.deep for r in chosen))
        state = AssetState(metadata, recorded, digests, context)
        observed = (content or _content)(deployment, digests)
        for group in chosen:
            judged = {n: as_shown(f) for n, f in _judged(group, deployment, state).items()}
            found = accept(judged, key, deployment.catalog.accepted_findings)
            for name, finding in found.items():
                if name in selected:
                    yield dg.AssetCheckResult(
                        check_name=name,
                        asset_key=asset_key,
                        passed=bool(finding.passed),
                        description=inert(finding.summary),
                        severity=_severity(group.propositions[name], finding),
                        metadata={
                            CONTENT: observed,
                            STORAGE_ROOT: str(deployment.store.root),
                            **_as_written(finding.summary),
                            **as_metadata(finding.evidence),
                        },
                    )

    return checks


def _as_written(summary: str) -> dict[str, str]:
    """The sentence itself, where the page would take part of it for Markdown."""
    return {} if inert(summary) == summary else {AS_WRITTEN: summary}


def _severity(proposition: Proposition, finding: Finding) -> dg.AssetCheckSeverity:
    """A finding about upstream warns; that nothing could be decided is an error of either kind."""
    if proposition.kind is Kind.UPSTREAM and finding.decided:
        return dg.AssetCheckSeverity.WARN
    return dg.AssetCheckSeverity.ERROR


def _content(deployment: Deployment, digests: Mapping[str, str]) -> str:
    return content_version(digests, deployment.store.locate)


def checks_step(key: dg.AssetKey) -> str:
    """The step that runs the checks of an asset; another name than the asset's own step."""
    return "__".join(key.path) + "_checks"


def observe(
    deployment: Deployment, recorded: Mapping[str, Mapping], *, deep: bool
) -> dict[str, str]:
    """Path -> sha256 of the asset's files that are on disk.

    A quick look takes the recorded digest of a file whose size and modification time are the
    recorded ones; a deep look reads every byte, so that a preserved time hides nothing.
    """
    digests = {}
    for relative, facts in recorded.items():
        path = deployment.store.locate(relative)
        try:
            # A sparse file of any size is soon made, and would be read for hours.
            limit = max(facts["size_bytes"], SMALL_BYTES)
            stat = require_regular(path, root=deployment.store.home_of(relative), limit=limit)
            same = (stat.st_size, stat.st_mtime_ns) == (facts["size_bytes"], facts["mtime_ns"])
            if deep:
                digests[relative] = store_.sha256_of(path)
            else:
                digests[relative] = facts["sha256"] if same else _read_once(path, *_identity(stat))
        except (FileNotFoundError, NotADirectoryError):
            continue
        # In the place of a digest, so that the check names the file and what ails it.
        except BadInput as error:
            digests[relative] = f"{UNREADABLE} ({error.thing})"
        except OSError as error:
            digests[relative] = f"{UNREADABLE} ({error.strerror})"
    return digests


def _identity(stat: os.stat_result) -> tuple[int, int, int]:
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


@lru_cache(maxsize=4096)
def _read_once(path: Path, size: int, mtime_ns: int, inode: int) -> str:
    """The digest of a touched file: job report looks a dozen times, at 83 GB after a restore."""
    return store_.sha256_of(path)


def _judged(group: CheckGroup, deployment: Deployment, state: AssetState) -> Mapping[str, Finding]:
    if state.metadata is None:
        nothing = undecided("the asset was never materialized; materialize it first")
        return dict.fromkeys(group.propositions, nothing)
    try:
        for relative in state.files:
            require_inside(deployment.store.locate(relative), deployment.store.home_of(relative))
        findings = group.judge(deployment, state)
    except BadInput as error:
        return dict.fromkeys(group.propositions, undecided(str(error)))
    except OSError as error:
        unreadable = BadInput("a file cannot be read", [error], UNREADABLE_FIX)
        return dict.fromkeys(group.propositions, undecided(str(unreadable)))
    if findings.keys() != group.propositions.keys():
        raise AssertionError(f"declared {set(group.propositions)}, decided {set(findings)}")
    return findings


def _bytes_match(deployment: Deployment, state: AssetState) -> dict[str, Finding]:
    recorded = state.files
    total = sum(facts["size_bytes"] for facts in recorded.values())
    culprits = [
        f"{path}: recorded {facts['sha256']}, on disk {state.digests.get(path, 'missing')}"
        for path, facts in recorded.items()
        if state.digests.get(path) != facts["sha256"]
    ]
    good = f"{len(recorded)} files, {total:,} bytes, all as materialized"
    return {BYTES_MATCH: verdict(culprits, good, "changed on disk", files=len(recorded))}


def _sizes_match(deployment: Deployment, state: AssetState) -> dict[str, Finding]:
    recorded = state.files
    culprits = []
    for relative, facts in recorded.items():
        path: Path = deployment.store.locate(relative)
        size = path.stat().st_size if path.is_file() else None
        if size != facts["size_bytes"]:
            found = state.digests.get(relative, "missing") if size is None else f"{size:,} bytes"
            culprits.append(f"{relative}: recorded {facts['size_bytes']:,} bytes, {found}")
    good = f"{len(recorded)} files there, sizes as recorded"
    return {SIZES_MATCH: verdict(culprits, good, "changed on disk", files=len(recorded))}


_BYTES_CHECKS = (
    CheckGroup(
        _bytes_match,
        {
            BYTES_MATCH: ours(
                "Every byte on disk is the one that was materialized",
                "this project wrote these bytes and keeps them",
            )
        },
        deep=True,
    ),
    CheckGroup(
        _sizes_match,
        {
            SIZES_MATCH: ours(
                "Every file is there with its recorded size",
                "this project wrote these files and keeps them",
            )
        },
    ),
)
