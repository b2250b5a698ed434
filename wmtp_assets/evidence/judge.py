"""What the record is worth: does the result of each declared check still hold for the storage?

Pure: rows in (read.py reads them), outcomes out. A pass counts when a run on this storage root
judged the content that is materialized now, made from what its inputs are now; a failure counts
while it targets the latest materialization. What was posted (no run behind it), a result or a
materialization, is no evidence: the webserver has no login.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from wmtp_assets.checking.acknowledging import finding_digest
from wmtp_assets.files import file_io
from wmtp_assets.models.rows import OPTIONAL

DOCUMENT_GROUPS = ("reports", "signoff")


class Outcome(StrEnum):
    """The states of a declared check."""

    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    NOT_EVALUATED = "not-evaluated"
    STALE = "stale"
    DISK_DIFFERS = "disk-differs"


FAILING = (Outcome.FAILED, Outcome.DISK_DIFFERS)


@dataclass(frozen=True)
class Materialization:
    """The latest materialization of an asset by a run.

    Attributes:
        version: Its data version, the digest of its content.
        files: Path -> size_bytes, sha256, mtime_ns.
        metadata: The other plain values.
        inputs: Upstream asset key -> the data version that it was made from.
    """

    storage_id: int
    version: str
    run_id: str
    timestamp: float
    files: Mapping[str, Mapping[str, Any]]
    metadata: Mapping[str, Any]
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AssetRow:
    """An asset of the graph.

    Attributes:
        differing: One clause for each file that is not as recorded now.
        outdated: The inputs that have other content now than it was made from.
        elsewhere: The other storage that the record has the asset of, if it has none of this one.
        touched: When the last of its files was written or renamed; no copy can preserve it (ctime).
    """

    key: str
    group: str
    description: str
    latest: Materialization | None
    differing: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()
    elsewhere: str | None = None
    touched: float = 0.0

    @property
    def made(self) -> Materialization:
        """Its materialization, of an asset that has one."""
        assert self.latest is not None, f"{self.key} was never materialized"
        return self.latest

    @property
    def optional(self) -> bool:
        """Whether it is of a model that Phase 1 does not ask for."""
        return self.key.split("/")[0] in OPTIONAL


@dataclass(frozen=True)
class Evaluation:
    """The newest result of a check that a run evaluated, on this storage root if on any."""

    passed: bool
    warns: bool
    summary: str
    content: str | None
    storage_root: str | None
    target: int | None
    target_version: str | None
    run_id: str
    timestamp: float
    evidence: Mapping[str, Any]


@dataclass(frozen=True)
class CheckRow:
    """A declared check; `crashed_in` names a later run whose step broke before a result."""

    asset: str
    name: str
    deep: bool
    latest: Evaluation | None
    crashed_in: str | None = None


@dataclass(frozen=True)
class JudgedCheck:
    """A declared check with its outcome, the reason as one sentence, and the finding's digest."""

    check: CheckRow
    outcome: Outcome
    finding: str

    @property
    def digest(self) -> str:
        """What a reviewer acknowledges: it changes when the finding does."""
        latest = self.check.latest
        evidence = latest.evidence if latest else None
        return finding_digest(self.check.asset, self.check.name, self.finding, evidence)

    @property
    def line(self) -> str:
        return f"{self.outcome} {self.check.asset} {self.check.name} {self.digest} " + " ".join(
            self.finding.split()
        )


@dataclass(frozen=True)
class Evidence:
    """Everything known of one storage at one moment."""

    storage_root: str
    source: str
    catalog: str
    assets: tuple[AssetRow, ...]
    checks: tuple[JudgedCheck, ...]

    @property
    def artifacts(self) -> tuple[AssetRow, ...]:
        """The assets that documents describe: neither documents nor absent optional ones."""
        return tuple(
            a
            for a in self.assets
            if a.group not in DOCUMENT_GROUPS and (a.latest or not a.optional)
        )

    @property
    def storage_digest(self) -> str:
        """One digest of all artifacts that Phase 1 asks for; optional ones stay out of it."""
        return file_io.content_digest(
            {a.key: a.latest.version for a in self.artifacts if a.latest and not a.optional}
        )

    @property
    def without_documents(self) -> "Evidence":
        """The same without reports and checklist: a document does not judge itself."""
        assets = tuple(a for a in self.assets if a.group not in DOCUMENT_GROUPS)
        return replace(self, assets=assets, checks=self.of(*(a.key for a in assets)))

    def of(self, *assets: str) -> tuple[JudgedCheck, ...]:
        """The judged checks of some assets."""
        return tuple(j for j in self.checks if j.check.asset in assets)

    @property
    def of_artifacts(self) -> tuple[JudgedCheck, ...]:
        """The judged checks of the artifacts."""
        return self.of(*(a.key for a in self.artifacts))

    @property
    def counting(self) -> tuple[JudgedCheck, ...]:
        """All judged checks but those of optional assets that were never materialized."""
        documents = (a.key for a in self.assets if a.group in DOCUMENT_GROUPS)
        return self.of(*(a.key for a in self.artifacts), *documents)


def with_outdated(assets: Iterable[AssetRow]) -> tuple[AssetRow, ...]:
    """Find, for each asset, the inputs that have changed since it was made.

    Dagster shows the checks of such an asset as passed. What is watched upstream is no asset of
    this storage: a moved branch changes nothing while the lock holds.
    """
    assets = tuple(assets)
    versions = {a.key: a.latest.version for a in assets if a.latest}
    return tuple(
        replace(
            asset,
            outdated=tuple(
                key
                for key, version in sorted(asset.latest.inputs.items() if asset.latest else ())
                if versions.get(key, version) != version
            ),
        )
        for asset in assets
    )


def judge(check: CheckRow, asset: AssetRow, storage_root: str) -> JudgedCheck:
    """Decide what the newest result of a check is worth now."""
    latest, made = check.latest, asset.latest
    if made is None:
        of_another = f"; the record has it of {asset.elsewhere}" if asset.elsewhere else ""
        why = f"the asset was never materialized{of_another}"
        return JudgedCheck(check, Outcome.NOT_EVALUATED, why)
    on_root = latest is not None and latest.storage_root == storage_root
    on_latest = latest is not None and latest.target == made.storage_id
    if latest and on_root and on_latest and not latest.passed and not latest.warns:
        # Also when a later run crashed: a failure counts until the asset is made again.
        return JudgedCheck(check, Outcome.FAILED, latest.summary)
    if check.crashed_in:
        why = f"its step crashed in run {check.crashed_in}"
        return JudgedCheck(check, Outcome.NOT_EVALUATED, why)
    if latest is None:
        return JudgedCheck(check, Outcome.NOT_EVALUATED, "no run has evaluated it")
    if not on_root:
        why = f"it was evaluated on storage root {latest.storage_root}, this one is {storage_root}"
        return JudgedCheck(check, Outcome.NOT_EVALUATED, why)
    if not latest.passed and not on_latest:
        why = "it failed before the asset was materialized again; run it again"
        return JudgedCheck(check, Outcome.STALE, why)
    if not on_latest and latest.target_version != made.version:
        why = "it judged another content than the one materialized now; run it again"
        return JudgedCheck(check, Outcome.STALE, why)
    if asset.differing:
        return JudgedCheck(check, Outcome.DISK_DIFFERS, "; ".join(asset.differing))
    if latest.content != made.version:
        why = f"it read content {latest.content}, materialized is {made.version}; run it again"
        return JudgedCheck(check, Outcome.DISK_DIFFERS, why)
    if asset.outdated:
        why = (
            f"made from another {', '.join(asset.outdated)} than is materialized now; make it anew"
        )
        return JudgedCheck(check, Outcome.STALE, why)
    return JudgedCheck(check, Outcome.PASSED if latest.passed else Outcome.WARNED, latest.summary)


def was_put_back(judged: JudgedCheck, asset: AssetRow) -> bool:
    """Whether a check read other bytes than the recorded ones, and these are there again.

    A file of the recorded size and time is believed to be the recorded one, unless nothing has
    touched it since a check read it and found other bytes.
    """
    latest, made = judged.check.latest, asset.latest
    if latest is None or made is None or asset.differing or latest.content == made.version:
        return False
    all_were_missing = latest.content == file_io.content_digest({})
    return all_were_missing or asset.touched > latest.timestamp


def is_ready(evidence: Evidence) -> bool:
    """Whether every check that counts passed or warned, fresh, on the disk as recorded."""
    return all(j.outcome in (Outcome.PASSED, Outcome.WARNED) for j in evidence.counting)


def utc(timestamp: float) -> str:
    """A time of the record, for people: UTC, to the second."""
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="seconds")
