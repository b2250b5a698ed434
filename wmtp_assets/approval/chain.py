"""The decisions on the disk: `signoff/0001/`, `signoff/0002/`, ... each one complete, none changed.

An entry holds decision.json, manifest.json, the signatures if there are any, and a SHA256SUMS of
them (for `sha256sum -c`). A decision names the digest of its manifest and of the decision before
it. What a chain does not promise: that nobody rewrote all of it (signatures do), nor that the
newest entries were not removed (the Dagster record does, where it is); which count, trust.py says.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from wmtp_assets.approval import json_schema
from wmtp_assets.approval.json_schema import RESTORE, read_checked
from wmtp_assets.approval.signature import ONE_FILE, read_bundle
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.printable import printable

DECISION = "decision.json"
MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
STORAGE_SIGNATURE = "storage.sig"
DECISION_SIGNATURE = "decision.sig"
NUMBER = re.compile("[0-9]{4,}")
# An entry that a run builds, or left when it was killed: the next one sweeps it (temporaries.py).
PENDING = re.compile(r"\.\S+\.[^.\s]+\.[^.\s]+\.tmp")
# An empty file that one backup at a time holds (backup/copying.py).
BACKUP_GUARD = ".backup.guard"
# Hex digits of a digest in a sentence; the files have all of them.
SHOWN_HEX = 16


class Verdict(StrEnum):
    """What a reviewer decides."""

    APPROVED = "approved"
    REJECTED = "rejected"


class Role(StrEnum):
    """Who decides (plan, Step 11)."""

    REVIEWER = "reviewer"
    PRODUCT_OWNER = "product_owner"


@dataclass(frozen=True)
class Decision:
    """One decision, as decision.json states it.

    Attributes:
        number: 1 for the first.
        decided_at: UTC, to the second.
        acknowledged: Finding digests of the warnings that the reviewer accepts.
        previous_sha256: The digest of the decision.json before this one; None for the first.
        key_fingerprint: SHA-256 of the reviewer's public key as PEM; None if it is not signed.
    """

    number: int
    verdict: Verdict
    role: Role
    reviewer: str
    note: str
    decided_at: str
    storage_digest: str
    acknowledged: tuple[str, ...]
    manifest_sha256: str
    previous_sha256: str | None
    key_fingerprint: str | None
    run_id: str

    @property
    def signatures(self) -> tuple[str, ...]:
        """The signature files that belong to it; a rejection vouches for no storage."""
        if self.key_fingerprint is None:
            return ()
        if self.verdict == Verdict.REJECTED:
            return (DECISION_SIGNATURE,)
        return (STORAGE_SIGNATURE, DECISION_SIGNATURE)

    @property
    def summary(self) -> str:
        """By whom, when, signed or not."""
        return self.summary_with(None)

    def summary_with(self, key_file: str | None) -> str:
        """The summary, with the file of the trusted key that proves the decision, if any."""
        signed = (
            f"signed with {key_file or f'key {self.key_fingerprint[:SHOWN_HEX]}'}"
            if self.key_fingerprint
            else "not signed"
        )
        return (
            f"{self.verdict} by {self.reviewer} ({self.role}) on {self.decided_at}, "
            f"decision {self.number:04d}, {signed}"
        )


@dataclass(frozen=True)
class Entry:
    """A decision on the disk, with its manifest and the digest of its decision.json."""

    folder: Path
    decision: Decision
    manifest: Mapping[str, Any]
    sha256: str

    @property
    def content(self) -> str:
        """The digest over the files that it is about; signoff/ is not among them."""
        return file_io.content_digest({p: f["sha256"] for p, f in self.manifest["files"].items()})

    def is_of_same_content(self, other: "Entry") -> bool:
        """Whether two decisions are about the same files."""
        return self.manifest["files"] == other.manifest["files"]


@dataclass(frozen=True)
class Chain:
    """The entries that can be read, in order, and what is wrong with the folder."""

    entries: tuple[Entry, ...]
    problems: tuple[str, ...]

    @property
    def newest_by_role(self) -> dict[Role, Entry]:
        """The newest decision of each role."""
        return {entry.decision.role: entry for entry in self.entries}

    def require_sound(self) -> None:
        """Refuse to build on a damaged chain.

        Raises:
            BadInput: Every problem is named.
        """
        if self.problems:
            raise BadInput("the decisions in signoff/ are damaged", self.problems, RESTORE)


def read_chain(signoff: Path) -> Chain:
    """Read all decisions and hold each against its digests and the one before it."""
    if signoff.is_symlink():
        return Chain((), ("signoff/ is a link, the decisions have to lie in the storage",))
    if not signoff.is_dir():
        return Chain((), ())
    names = sorted(p.name for p in signoff.iterdir() if not _has_its_use(p))
    numbers = sorted(int(name) for name in names if NUMBER.fullmatch(name))
    named = {f"{number:04d}" for number in numbers}
    problems = [f"{printable(name)} is no decision" for name in names if name not in named]
    entries: list[Entry] = []
    last, before = 0, None
    for number in numbers:
        folder = entry_folder(signoff, number)
        if number > last + 1:
            problems.append(f"decision {last + 1:04d} is missing, {number:04d} is there")
        last, previous, before = number, before, None
        try:
            before = _read_entry(folder)
        except BadInput as error:
            problems.append(f"{folder.name}: {error}")
            continue
        problems += [f"{folder.name}: {p}" for p in _problems(before, number, previous)]
        entries.append(before)
    return Chain(tuple(entries), tuple(problems))


def _has_its_use(path: Path) -> bool:
    """Whether it belongs there although it is no entry."""
    if path.name == BACKUP_GUARD:
        return path.lstat().st_size == 0
    return PENDING.fullmatch(path.name) is not None and path.is_dir()


def entry_folder(signoff: Path, number: int) -> Path:
    return signoff / f"{number:04d}"


def _read_entry(folder: Path) -> Entry:
    path = folder / DECISION
    if folder.is_symlink() or not folder.is_dir():
        raise BadInput("no folder", [folder], RESTORE)
    stated = read_checked(path, json_schema.DECISION)
    del stated["format"]
    stated |= {
        "verdict": Verdict(stated["verdict"]),
        "role": Role(stated["role"]),
        "acknowledged": tuple(stated["acknowledged"]),
    }
    manifest = read_checked(folder / MANIFEST, json_schema.MANIFEST)
    return Entry(folder, Decision(**stated), manifest, file_io.sha256_of(path))


def _problems(entry: Entry, number: int, before: Entry | None) -> Iterator[str]:
    """What contradicts the entry's own digests, its number, or the decision before it."""
    decision, folder = entry.decision, entry.folder
    named = {DECISION, MANIFEST, *decision.signatures}
    there = {path.name for path in folder.iterdir()} - {SUMS}
    yield from (f"{name} is missing" for name in sorted(named - there))
    yield from (f"{printable(name)} does not belong to it" for name in sorted(there - named))
    try:
        sums = file_io.read_sums(folder / SUMS)
    except (BadInput, OSError):
        yield f"{SUMS} is missing or malformed"
        sums = {}
    for name in sorted(named & there):
        try:
            found = file_io.sha256_of(folder / name)
        except OSError as error:
            yield f"{name} cannot be read ({error.strerror})"
            continue
        except BadInput as error:
            yield f"{name} cannot be read ({error.thing})"
            continue
        if name == MANIFEST and found != decision.manifest_sha256:
            yield f"{name} was changed: {DECISION} names {decision.manifest_sha256}, found {found}"
        elif sums and sums.get(name) != found:
            yield f"{name} was changed: {SUMS} names {sums.get(name)}, found {found}"
        elif name in decision.signatures:
            yield from (f"{name}: {problem}" for problem in _bundle_problems(entry, name))
    if decision.number != number:
        yield f"{DECISION} says it is number {decision.number}"
    previous = before.sha256 if before else None
    if number > 1 and before is None:
        return
    if decision.previous_sha256 != previous:
        yield f"{DECISION} follows {decision.previous_sha256}, the decision before it is {previous}"


def _bundle_problems(entry: Entry, name: str) -> Iterator[str]:
    """What is wrong with a signature, without a key: what it is over, whose it claims to be."""
    try:
        bundle = read_bundle(entry.folder / name)
    except BadInput as error:
        yield str(error)
        return
    stated = entry.decision.key_fingerprint
    if bundle.key_fingerprint != stated:
        yield f"names key {bundle.key_fingerprint}, {DECISION} names {stated}"
    of_decision = name == DECISION_SIGNATURE
    what = DECISION if of_decision else f"the files of {MANIFEST}"
    expected = {ONE_FILE: {"sha256": entry.sha256}} if of_decision else entry.manifest["files"]
    if wrong := differing_files(expected, bundle.digests):
        yield f"is not over {what}: {'; '.join(wrong)}"


def differing_files(
    expected: Mapping[str, Mapping[str, Any]], found: Mapping[str, str]
) -> list[str]:
    """Compare files with digests; one clause each, in the order of their paths.

    Args:
        expected: Path -> at least sha256.
        found: Path -> sha256.
    """
    clauses = []
    for path in sorted(expected.keys() | found.keys()):
        if path not in found:
            clauses.append(f"{printable(path)} is missing")
        elif path not in expected:
            clauses.append(f"{printable(path)} was not there")
        elif expected[path]["sha256"] != found[path]:
            before, now = expected[path]["sha256"][:SHOWN_HEX], found[path][:SHOWN_HEX]
            clauses.append(f"{printable(path)} changed: {before} -> {now}")
    return clauses
