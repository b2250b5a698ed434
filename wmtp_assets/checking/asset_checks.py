"""All checks of an asset as one Dagster definition, made from its check groups.

A `CheckGroup` is a function that reads the asset once, and the propositions that it decides: a
15 GB file is read once for all of them. Every asset has the `_BYTES_CHECKS` besides its own. Where
bad data makes a check impossible, it fails and names the data. Any other error is a bug: it crashes
the step, and the check is not evaluated.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from wmtp_assets.checking.accepted import accept
from wmtp_assets.checking.acknowledging import COMMAND, DIGEST, approve_command, finding_digest
from wmtp_assets.checking.check_group import AssetState, CheckGroup
from wmtp_assets.checking.digests import Digests
from wmtp_assets.checking.findings import Finding, as_printable, undecided, verdict
from wmtp_assets.checking.propositions import Kind, Proposition, ours
from wmtp_assets.content_version import content_version
from wmtp_assets.deployment import Deployment
from wmtp_assets.errors import BadInput
from wmtp_assets.files.regular import require_inside
from wmtp_assets.markup import escape_links
from wmtp_assets.printable import reporter
from wmtp_assets.priority import LARGE, priority_tags
from wmtp_assets.progress import reading
from wmtp_assets.record import CONTENT, FILES, STORAGE_ROOT, as_metadata, recorded_metadata

DEEP_TAG = "reads"
KIND = "kind"
WHY = "why_this_kind"
# The finding word for word, where the description is not.
AS_WRITTEN = "finding"
# What a result says of where and when, and how to acknowledge it.
NO_EVIDENCE = {CONTENT, STORAGE_ROOT, DIGEST, COMMAND}
EVERY_BYTE = "every byte"
BYTES_MATCH = "bytes_match_materialized_digest"
SIZES_MATCH = "files_are_there_with_recorded_sizes"
UNREADABLE_FIX = "make it readable, or materialize its asset again; then run the checks again"


def checks_on(
    key: str,
    *groups: CheckGroup,
    content: Callable[[Deployment, Mapping[str, str]], str] | None = None,
    resources: frozenset[str] = frozenset(),
    large: bool = False,
) -> dg.AssetChecksDefinition:
    """Define all checks of one asset, the bytes checks included.

    Args:
        key: The asset key as a path, such as "meta_mtp/raw".
        content: Computes the data version from path -> sha256; documents have their own.
        resources: Further resource keys that check groups reach through `AssetState.context`.
        large: It takes so much memory that no other such step runs beside it.
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
        op_tags=priority_tags(key) | (LARGE if large else {}),
        # Not parameters: Dagster takes these or those, and `resources` differ by asset.
        required_resource_keys={"deployment", *resources},
    )
    def checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        deployment: Deployment = context.resources.deployment
        selected = {check.name for check in context.selected_asset_check_keys}
        # The bytes checks last: of a file that another check reads whole, they take its digest.
        chosen = [g for g in (*groups, *_BYTES_CHECKS) if selected & g.propositions.keys()]
        metadata = recorded_metadata(context.instance, asset_key, deployment.store)
        recorded = metadata[FILES] if metadata else {}
        report = reporter(context.log.info)
        digests = Digests(
            deployment.store,
            recorded,
            deep=any(group.deep for group in chosen),
            begin_reading=lambda total: reading(key, total, report),
        )
        state = AssetState(metadata, recorded, digests, context, selected)
        judged, crash = [], None
        for group in chosen:
            try:
                judged.append((group, evaluate_group(group, deployment, state)))
            except Exception as error:  # a bug: what the others found is recorded first
                crash = crash or error
        observed = (content or _content)(deployment, digests)
        for group, findings in judged:
            shown = {name: as_printable(finding) for name, finding in findings.items()}
            accepted = accept(shown, key, deployment.catalog.accepted_findings)
            for name, finding in accepted.items():
                if name in selected:
                    yield _with_digest(
                        dg.AssetCheckResult(
                            check_name=name,
                            asset_key=asset_key,
                            passed=bool(finding.passed),
                            description=escape_links(finding.summary),
                            severity=_severity(group.propositions[name], finding),
                            metadata={
                                **as_metadata(finding.evidence),
                                CONTENT: observed,
                                STORAGE_ROOT: str(deployment.store.root),
                                **_as_written(finding.summary),
                            },
                        )
                    )
        if crash:
            raise crash

    return checks


def _as_written(summary: str) -> dict[str, str]:
    """The sentence itself, where the page would take part of it for Markdown."""
    return {} if escape_links(summary) == summary else {AS_WRITTEN: summary}


def _with_digest(result: dg.AssetCheckResult) -> dg.AssetCheckResult:
    """The same; a warning also shows the digest that acknowledges it, and the command."""
    if result.passed or result.severity is not dg.AssetCheckSeverity.WARN:
        return result
    asset, name = result.asset_key, result.check_name
    assert asset is not None and name is not None, result
    digest = finding_digest(asset.to_user_string(), name, *recorded_finding(result))
    shown = {DIGEST: digest, COMMAND: approve_command([digest])}
    return result.with_metadata({**result.metadata, **shown})


def recorded_finding(
    result: dg.AssetCheckResult | dg.AssetCheckEvaluation,
) -> tuple[str, dict[str, Any]]:
    """The sentence of a result, and its evidence: all that its digest is made of."""
    values = {
        name: _plain(value) for name, value in result.metadata.items() if name not in NO_EVIDENCE
    }
    return values.pop(AS_WRITTEN, None) or result.description or "", values


def _plain(value: dg.MetadataValue) -> Any:
    """A metadata value as JSON data; a table as its rows."""
    if isinstance(value, dg.TableMetadataValue):
        return [dict(record.data) for record in value.records]
    return value.value


def _severity(proposition: Proposition, finding: Finding) -> dg.AssetCheckSeverity:
    """What upstream did warns; what could not be decided is an error, whatever its kind."""
    if proposition.kind is Kind.UPSTREAM and finding.decided:
        return dg.AssetCheckSeverity.WARN
    return dg.AssetCheckSeverity.ERROR


def _content(deployment: Deployment, digests: Mapping[str, str]) -> str:
    return content_version(digests, deployment.store.locate)


def checks_step(key: dg.AssetKey) -> str:
    """The step that runs the checks of an asset; another name than the asset's own step."""
    return "__".join(key.path) + "_checks"


def evaluate_group(
    group: CheckGroup, deployment: Deployment, state: AssetState
) -> Mapping[str, Finding]:
    """What a group finds; undecided where there is no asset, or bad data in it."""
    if state.metadata is None:
        nothing = undecided("the asset was never materialized; materialize it first")
        return dict.fromkeys(group.propositions, nothing)
    try:
        for relative in state.files:
            require_inside(deployment.store.locate(relative), deployment.store.home_of(relative))
        findings = group.evaluate(deployment, state)
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
