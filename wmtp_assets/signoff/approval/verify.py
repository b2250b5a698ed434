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
    Verdict,
    read_chain,
)
from wmtp_assets.signoff.approval.covered import SIGNOFF, covered_files, ignored_paths
from wmtp_assets.signoff.approval.manifest import differing_files
from wmtp_assets.signoff.approval.signature import (
    ONE_FILE,
    fingerprint,
    is_signed_by,
    read_bundle,
    read_public_key,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

Keys = dict[str, "EllipticCurvePublicKey"]


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
    read = [read_public_key(path) for path in public_keys]
    keys = {fingerprint(key): key for key in read}
    chain = read_chain(root / SIGNOFF)
    facts = [entry.decision.says for entry in chain.entries]
    problems = list(chain.problems)
    standing = list(chain.standing.values())
    if not chain.entries:
        problems.append("no decision is recorded in signoff/")
    problems += [
        f"decision {e.decision.number:04d}: {e.decision.says}"
        for e in standing
        if e.decision.verdict == Verdict.REJECTED
    ]
    problems += _signature_problems(chain, keys)
    approved = [e for e in standing if e.decision.verdict == Verdict.APPROVED]
    if approved:
        found = covered_files(root)
        tell(f"reading every byte of {len(found)} files")
        digests = {path: store.sha256_of(file) for path, file in found.items()}
        for entry in approved:
            number = f"{entry.decision.number:04d}"
            wrong = differing_files(entry.manifest["files"], digests)
            problems += [f"since decision {number}: {clause}" for clause in wrong]
        facts.append(f"{len(found)} files read, {len(problems)} problems")
    if not keys and any(e.decision.key_fingerprint for e in standing):
        facts.append("whose signatures they are is not checked without --public-key")
    return Verified(tuple(facts), tuple(problems))


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


def _signature_problems(chain: Chain, keys: Keys) -> Iterator[str]:
    standing = {entry.decision.number for entry in chain.standing.values()}
    for entry in chain.entries:
        number, stated = f"{entry.decision.number:04d}", entry.decision.key_fingerprint
        if keys and entry.decision.number in standing and stated not in keys:
            signed = f"signed with key {stated}" if stated else "not signed"
            yield f"decision {number} of {entry.decision.reviewer} is {signed}; given: " + (
                ", ".join(keys)
            )
        for name in entry.decision.signatures:
            where = f"{number}/{name}"
            try:
                yield from (f"{where}: {p}" for p in _bundle_problems(entry, name, keys))
            except BadInput as error:
                yield f"{where}: {error}"


def _bundle_problems(entry: Entry, name: str, keys: Keys) -> Iterator[str]:
    bundle, stated = read_bundle(entry.folder / name), entry.decision.key_fingerprint
    if bundle.key_fingerprint != stated:
        yield f"names key {bundle.key_fingerprint}, {DECISION} names {stated}"
    if stated in keys and not is_signed_by(bundle, keys[stated]):
        yield f"was not made with key {stated}"
    expected = (
        {ONE_FILE: {"sha256": entry.sha256}}
        if name == DECISION_SIGNATURE
        else entry.manifest["files"]
    )
    what = DECISION if name == DECISION_SIGNATURE else "the files of manifest.json"
    wrong = differing_files(expected, bundle.digests)
    if wrong:
        yield f"is not over {what}: {'; '.join(wrong)}"
