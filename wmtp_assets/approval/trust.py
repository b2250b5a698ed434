"""Which decisions count: those of the record, or, where keys are trusted, what they signed.

Keys come in files or folders of files, each of one public key, its name saying whose. No Dagster:
`verify` uses the same rule, without a record.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wmtp_assets.approval.chain import SHOWN_HEX, Chain, Entry
from wmtp_assets.approval.json_schema import is_line
from wmtp_assets.approval.signature import (
    fingerprint,
    is_signed_by,
    read_bundle,
    read_public_key,
)
from wmtp_assets.errors import BadInput

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

SETTING = "WMTP_REVIEWER_KEYS"
FIX = "one public key (PEM, P-256, P-384 or P-521) in each file, named after its reviewer"


@dataclass(frozen=True)
class ReviewerKey:
    """A public key and the file that it came in."""

    path: Path
    key: "EllipticCurvePublicKey"


# Fingerprint -> key.
Keys = Mapping[str, ReviewerKey]


@dataclass(frozen=True)
class Trust:
    """What a decision is held against.

    Attributes:
        recorded: The digests of the decisions that the record holds with the run that made them.
        wiped: Those that only the log of a run still has: the asset was wiped from the record.
        keys: The reviewers' keys; None where no key is asked for.
    """

    recorded: frozenset[str] = frozenset()
    wiped: frozenset[str] = frozenset()
    keys: Keys | None = None

    def missing(self, chain: Chain) -> list[str]:
        """What the record knows and the disk has not, one clause each."""
        there = {entry.sha256 for entry in chain.entries}
        gone = sorted((self.recorded | self.wiped) - there)
        return [
            f"the decision {sha256} of the Dagster record is not in signoff/" for sha256 in gone
        ]

    def against(self, entry: Entry) -> str:
        """Why a decision does not count, as one clause; empty if it does.

        Only its number is quoted: anybody may have written the rest.
        """
        number, stated = f"{entry.decision.number:04d}", entry.decision.key_fingerprint
        if self.keys is not None:
            wrong = unproven(entry, self.keys)
            return (
                wrong and f"decision {wrong}: only keys of {SETTING} count, decide again with one"
            )
        if entry.sha256 in self.recorded:
            return ""
        if entry.sha256 in self.wiped:
            return f"decision {number} was wiped from the record, decide again"
        or_trust = f", or trust key {stated[:SHOWN_HEX]} by {SETTING}" if stated else ""
        reason = "is recorded by no run, not known to this record, decide again"
        return f"decision {number} {reason}{or_trust}"

    def key_file(self, entry: Entry) -> str | None:
        """The name of the file of the key that a counting decision is proven with."""
        stated = entry.decision.key_fingerprint
        return self.keys[stated].path.name if self.keys and stated and stated in self.keys else None


def unproven(entry: Entry, keys: Keys) -> str:
    """Why none of the keys proves a decision; empty if one of them signed it."""
    number, stated = f"{entry.decision.number:04d}", entry.decision.key_fingerprint
    if stated is None:
        return f"{number} is not signed"
    if stated not in keys:
        return f"{number} is signed with key {stated}"
    for name in entry.decision.signatures:
        try:
            proven = is_signed_by(read_bundle(entry.folder / name), keys[stated].key)
        except BadInput as error:
            return f"{number}/{name}: {error}"
        if not proven:
            return f"{number}/{name}: was not made with key {stated}"
    return ""


def read_keys(paths: Iterable[Path]) -> Keys:
    """Read public keys from files, and from all files of folders.

    Raises:
        BadInput: A folder holds no key, two files hold the same one, or a file is no public key;
            all files are named.
    """
    keys: dict[str, ReviewerKey] = {}
    errors: list[BadInput] = []
    for file, folder in [pair for path in paths for pair in _files(path)]:
        try:
            reviewer = _read(file, folder)
        except BadInput as error:
            errors.append(error)
            continue
        twin = keys.setdefault(fingerprint(reviewer.key), reviewer)
        if twin.path != file:
            errors.append(BadInput("one key under two names", [twin.path, file], FIX))
    if len(errors) == 1:
        raise errors[0]
    if errors:
        clauses = [f"{error.thing}: {', '.join(error.culprits)}" for error in errors]
        raise BadInput("keys that cannot be used", clauses, errors[0].fix)
    return keys


def _files(path: Path) -> list[tuple[Path, Path | None]]:
    """The files of a path, and where each has to lie.

    What begins with a dot is no key: a desktop's, a mounted secret's.
    """
    if not path.is_dir():
        return [(path, None)]
    try:
        files = sorted(file for file in path.iterdir() if not file.name.startswith("."))
    except OSError as error:
        raise BadInput(f"cannot be listed ({error.strerror})", [path], FIX) from error
    if not files:
        raise BadInput("a folder without a key", [path], FIX)
    return [(file, path) for file in files]


def _read(file: Path, folder: Path | None) -> ReviewerKey:
    if not is_line(file.name):
        raise BadInput("a name that cannot be shown", [ascii(file.name)], FIX)
    return ReviewerKey(file, read_public_key(file, root=folder))
