"""The approval read back from the disk alone, years later: no Dagster, no record, every byte.

Chain of decisions, digests of every file, and, with public keys, the signatures. Without a key a
signature proves only that it is of the same files; that it is the reviewer's, only a key that came
by another way can prove.
"""

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wmtp_assets import store
from wmtp_assets.errors import BadInput
from wmtp_assets.signoff.approval.chain import (
    DECISION,
    DECISION_SIGNATURE,
    STORAGE_SIGNATURE,
    Chain,
    Entry,
    Role,
    Verdict,
    differing_files,
    read_chain,
)
from wmtp_assets.signoff.approval.covered import SIGNOFF, covered_files, ignored_paths
from wmtp_assets.signoff.approval.signature import (
    fingerprint,
    is_signed_by,
    read_bundle,
    read_public_key,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

# Fingerprint -> the file it came in, the key.
Keys = dict[str, tuple[Path, "EllipticCurvePublicKey"]]


@dataclass(frozen=True)
class Verified:
    """What was found: facts, and what differs; nothing differs in a storage that verifies."""

    facts: tuple[str, ...]
    problems: tuple[str, ...]


def verify_storage(
    root: Path, public_keys: Sequence[Path] = (), tell: Callable[[str], None] = print
) -> Verified:
    """Verify an approved storage, every byte of it.

    Args:
        root: The storage root.
        public_keys: PEM files; if any is given, each standing decision has to be signed by one.
        tell: Takes lines on the progress.

    Raises:
        BadInput: No such folder, or a key that cannot be read.
    """
    if not root.is_dir():
        raise BadInput("no storage", [root], "give the storage root")
    keys = {
        fingerprint(key): (path, key) for path in public_keys for key in [read_public_key(path)]
    }
    chain = read_chain(root / SIGNOFF)
    standing = chain.standing
    reviewed = standing.get(Role.REVIEWER)
    facts = [*_told(chain)]
    problems = [*chain.problems]
    if reviewed is None:
        problems.append("no reviewer's decision is recorded in signoff/")
    problems += [
        entry.decision.says
        for entry in standing.values()
        if entry.decision.verdict == Verdict.REJECTED
    ]
    signers = [_signer(entry, keys) for entry in standing.values()] if keys else []
    facts += [told for told, wrong in signers if not wrong]
    problems += [told for told, wrong in signers if wrong]
    if reviewed is not None and reviewed.decision.verdict == Verdict.APPROVED:
        found, unreadable = _read_all(root, tell)
        problems += unreadable
        wrong = differing_files(reviewed.manifest["files"], found)
        number = f"{reviewed.decision.number:04d}"
        problems += [f"since decision {number}: {clause}" for clause in wrong]
        facts += [f"{len(found)} files read", *_other_content(standing)]
    if not keys and any(entry.decision.key_fingerprint for entry in standing.values()):
        facts.append("whose signatures they are is not checked without --public-key")
    return Verified(tuple(facts), tuple(problems))


def _told(chain: Chain) -> Iterator[str]:
    for entry in chain.entries:
        yield entry.decision.says
    if chain.entries:
        newest = chain.entries[-1]
        manifest = newest.manifest
        yield (
            f"newest decision {newest.decision.number:04d}, sha256 {newest.sha256}; catalog "
            f"{manifest['catalog']}, source {manifest['source']}, {manifest['storage_digest']}"
        )


def _signer(entry: Entry, keys: Keys) -> tuple[str, bool]:
    """Which key file a decision is proven to be signed with, or what is wrong with that."""
    decision = entry.decision
    number, stated = f"{decision.number:04d}", decision.key_fingerprint
    if stated not in keys:
        signed = f"signed with key {stated}" if stated else "not signed"
        given = ", ".join(keys)
        return f"decision {number} of {decision.reviewer} is {signed}; given: {given}", True
    path, key = keys[stated]
    for name in decision.signatures:
        try:
            proven = is_signed_by(read_bundle(entry.folder / name), key)
        except BadInput as error:
            return f"{number}/{name}: {error}", True
        if not proven:
            return f"{number}/{name}: was not made with key {stated}", True
    return f"decision {number} of {decision.reviewer} ({decision.role}) proven with {path}", False


def _read_all(root: Path, tell: Callable[[str], None]) -> tuple[dict[str, str], list[str]]:
    """Path -> sha256 of every covered file, and a clause for each that cannot be read."""
    there = covered_files(root)
    tell(f"reading every byte of {len(there)} files")
    found, unreadable = {}, []
    for path, file in there.items():
        try:
            found[path] = store.sha256_of(file)
        except OSError as error:
            unreadable.append(f"{path} cannot be read ({error.strerror})")
        except BadInput as error:  # no longer what it was a moment ago
            unreadable.append(f"{path} cannot be read ({error.thing})")
    return found, unreadable


def _other_content(standing: dict[Role, Entry]) -> Iterator[str]:
    """A second approval that is of other content than the reviewer's proves nothing of this one."""
    reviewed = standing[Role.REVIEWER]
    for entry in standing.values():
        if not entry.is_of_same_content(reviewed):
            yield f"decision {entry.decision.number:04d} is of other content"


def stock_commands(root: Path, entry: Entry, public_key: str) -> list[str]:
    """The commands with which the stock tool verifies a signed approval."""
    if STORAGE_SIGNATURE not in entry.decision.signatures:
        return []
    tool = ["model_signing", "verify", "key"]
    key = ["--public_key", public_key]
    left_out = [a for path in ignored_paths(root) for a in ("--ignore-paths", str(root / path))]
    signature = ["--signature", str(entry.folder / STORAGE_SIGNATURE)]
    decision = [str(entry.folder / DECISION), "--signature", str(entry.folder / DECISION_SIGNATURE)]
    return [
        shlex.join([*tool, str(root), *signature, *key, *left_out]),
        shlex.join([*tool, *decision, *key]),
    ]
