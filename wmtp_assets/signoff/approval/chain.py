"""The decisions on the disk: `signoff/0001/`, `signoff/0002/`, ... each one complete, none changed.

An entry holds decision.json, manifest.json, the signatures if there are any, and a SHA256SUMS of
them (for `sha256sum -c`). A decision names the digest of its manifest and of the decision before
it. An entry is built beside its place and appears by one rename, or not at all. What a chain
without signatures does not promise: that nobody rewrote all of it.
"""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from wmtp_assets import store
from wmtp_assets.errors import BadInput
from wmtp_assets.temporaries import sweep_abandoned, temporary_beside

FORMAT = "wmtp-decision-1"
DECISION = "decision.json"
MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
STORAGE_SIGNATURE = "storage.sig"
DECISION_SIGNATURE = "decision.sig"
NUMBER = re.compile("[0-9]{4,}")
# Of a digest in a sentence; the files have it whole.
SHOWN_HEX = 16
RESTORE = "put signoff/ back from a copy; a decision is never changed or removed"


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
    def says(self) -> str:
        """By whom, when, signed or not."""
        signed = (
            f"signed with key {self.key_fingerprint[:SHOWN_HEX]}"
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


@dataclass(frozen=True)
class Chain:
    """The entries that can be read, in order, and what is wrong with the folder."""

    entries: tuple[Entry, ...]
    problems: tuple[str, ...]

    @property
    def standing(self) -> dict[Role, Entry]:
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
    if not signoff.is_dir():
        return Chain((), ())
    names = sorted(p.name for p in signoff.iterdir() if not p.name.startswith("."))
    numbers = sorted(int(name) for name in names if NUMBER.fullmatch(name))
    named = {f"{number:04d}" for number in numbers}
    problems = [f"{name} is no decision" for name in names if name not in named]
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


def entry_folder(signoff: Path, number: int) -> Path:
    return signoff / f"{number:04d}"


def _read_entry(folder: Path) -> Entry:
    path = folder / DECISION
    stated = store.read_json(path)
    names = {field.name for field in fields(Decision)}
    try:
        if stated.pop("format") != FORMAT or stated.keys() != names:
            raise ValueError(f"its fields are not those of {FORMAT}")
        stated |= {
            "verdict": Verdict(stated["verdict"]),
            "role": Role(stated["role"]),
            "acknowledged": tuple(stated["acknowledged"]),
        }
        decision = Decision(**stated)
        str(decision.says)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{DECISION} is no decision ({error!r})", [path], RESTORE) from error
    manifest = store.read_json(folder / MANIFEST)
    wanted = {"files", "assets", "checks", "storage_digest"}
    if not isinstance(manifest, dict) or not wanted <= manifest.keys():
        raise BadInput(f"{MANIFEST} is no manifest", [folder / MANIFEST], RESTORE)
    return Entry(folder, decision, manifest, store.sha256_of(path))


def _problems(entry: Entry, number: int, before: Entry | None) -> Iterator[str]:
    """What contradicts the entry's own digests, its number, or the decision before it."""
    decision, folder = entry.decision, entry.folder
    named = {DECISION, MANIFEST, *decision.signatures}
    there = {path.name for path in folder.iterdir()} - {SUMS}
    yield from (f"{name} is missing" for name in sorted(named - there))
    yield from (f"{name} does not belong to it" for name in sorted(there - named))
    try:
        sums = store.read_sums(folder / SUMS)
    except BadInput as error:
        yield str(error)
        sums = {}
    for name in sorted(named & there):
        found = store.sha256_of(folder / name)
        if name == MANIFEST and found != decision.manifest_sha256:
            yield f"{name} was changed: {DECISION} names {decision.manifest_sha256}, found {found}"
        elif sums and sums.get(name) != found:
            yield f"{name} was changed: {SUMS} names {sums.get(name)}, found {found}"
    if decision.number != number:
        yield f"{DECISION} says it is number {decision.number}"
    previous = before.sha256 if before else None
    if number > 1 and before is None:
        return
    if decision.previous_sha256 != previous:
        yield f"{DECISION} follows {decision.previous_sha256}, the decision before it is {previous}"


@contextlib.contextmanager
def pending_entry(signoff: Path, number: int) -> Iterator[Path]:
    """Yield a folder beside the place of an entry; it is removed unless `publish_entry` moved it.

    Raises:
        BadInput: signoff/ cannot be written.
    """
    place = entry_folder(signoff, number)
    pending = temporary_beside(place)
    try:
        signoff.mkdir(parents=True, exist_ok=True)
        sweep_abandoned(place)
        pending.mkdir()
    except OSError as error:
        fix = "make the folder writable for the reviewer"
        raise BadInput(f"cannot write into {signoff} ({error.strerror})", [], fix) from error
    try:
        yield pending
    finally:
        shutil.rmtree(pending, ignore_errors=True)


def write_decision(pending: Path, manifest: Mapping[str, Any], decision: Decision) -> None:
    """Write manifest.json, then decision.json with its digest."""
    written = store.write_json(pending / MANIFEST, manifest)
    decision = replace(decision, manifest_sha256=written.sha256)
    store.write_json(pending / DECISION, {"format": FORMAT, **asdict(decision)})


def publish_entry(pending: Path, signoff: Path, number: int) -> Path:
    """Let a whole entry appear under its number, so that it survives a power cut.

    Raises:
        BadInput: Another decision has taken the number meanwhile.
    """
    place = entry_folder(signoff, number)
    files = [store.stored(path) for path in sorted(pending.iterdir())]
    store.write_sums(pending / SUMS, files)
    for path in pending.iterdir():
        store.fsync_file(path)
    store.fsync_folder(pending)
    try:
        # POSIX replaces an empty folder only: an entry is never replaced.
        os.rename(pending, place)
    except OSError as error:
        raise BadInput(
            f"decision {place.name} is there already ({error.strerror})",
            [place],
            "read what was decided meanwhile, then decide again",
        ) from error
    store.fsync_folder(signoff)
    return place
