"""The approval read back from the disk alone, years later: no Dagster, no record, every byte.

Chain of decisions, digests of every file, and, with public keys, the signatures. Without a key a
signature proves only that it is of the same files; that it is the reviewer's, only a key that came
by another way can prove.
"""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wmtp_assets.approval.chain import (
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
from wmtp_assets.approval.covered_files import covered_files, ignored_paths
from wmtp_assets.approval.trust import Keys, read_keys, unproven
from wmtp_assets.beside import names_beside, not_covered_lines
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.folders import SIGNOFF
from wmtp_assets.printable import printable, say
from wmtp_assets.progress import reading
from wmtp_assets.storage_history import resolved


@dataclass(frozen=True)
class Verified:
    """What was found: facts, and what differs; nothing differs in a storage that verifies."""

    facts: tuple[str, ...]
    problems: tuple[str, ...]


def verify_storage(
    root: Path, public_keys: Sequence[Path] = (), report: Callable[[str], None] = say
) -> Verified:
    """Verify an approved storage, every byte of it.

    Args:
        root: The storage root.
        public_keys: PEM files or folders of them; if any is given, only decisions that one of
            them signed count.
        report: Called with each line of progress.

    Raises:
        BadInput: No such folder, or a key that cannot be read or lies in it.
    """
    if not root.is_dir():
        raise BadInput("no storage", [root], "give the storage root")
    if inside := [path for path in public_keys if resolved(path).is_relative_to(resolved(root))]:
        fix = "give the key as it came to you by another way than the storage"
        raise BadInput("a key that lies in the storage proves nothing", inside, fix)
    keys = read_keys(public_keys)
    chain = read_chain(root / SIGNOFF)
    facts = [*_decision_facts(chain)]
    problems = [*chain.problems]
    newest = chain.newest_by_role
    if keys:
        newest, proven, unknown = _signed_by(keys, chain)
        facts += proven
        problems += unknown
    reviewed = newest.get(Role.REVIEWER)
    if Role.REVIEWER not in chain.newest_by_role:
        problems.append("no reviewer's decision is recorded in signoff/")
    problems += [
        entry.decision.summary
        for entry in newest.values()
        if entry.decision.verdict == Verdict.REJECTED
    ]
    if reviewed is not None and reviewed.decision.verdict == Verdict.APPROVED:
        found, unreadable = _read_all(root, reviewed.manifest["files"], report)
        problems += unreadable
        wrong = differing_files(reviewed.manifest["files"], found)
        number = f"{reviewed.decision.number:04d}"
        problems += [f"since decision {number}: {clause}" for clause in wrong]
        facts += [f"{len(found)} files read", *_other_content(newest)]
        facts += not_covered_lines(root)
        stated = reviewed.decision.key_fingerprint
        key = keys[stated].path if stated and stated in keys else None
        facts += stock_lines(root, reviewed, str(key or "REVIEWER.pub"))
    if not keys and any(entry.decision.key_fingerprint for entry in newest.values()):
        facts.append("whose signatures they are is not checked without --public-key")
    return Verified(tuple(facts), tuple(problems))


def _decision_facts(chain: Chain) -> Iterator[str]:
    for entry in chain.entries:
        yield entry.decision.summary
    if chain.entries:
        last = chain.entries[-1]
        manifest = last.manifest
        yield (
            f"newest decision {last.decision.number:04d}, sha256 {last.sha256}; catalog "
            f"{manifest['catalog']}, source {manifest['source']}, {manifest['storage_digest']}"
        )


def _signed_by(keys: Keys, chain: Chain) -> tuple[dict[Role, Entry], list[str], list[str]]:
    """The newest decision of each role that a key signed, what was found, and what is wrong.

    An unproven decision supersedes nothing. It is a problem only where no proven one of its role
    is there, and it is the reviewer's or is signed with a key that was not given.
    """
    facts, problems = [], []
    signed = Chain(tuple(e for e in chain.entries if not unproven(e, keys)), ()).newest_by_role
    for entry in chain.entries:
        decision = entry.decision
        number, who = f"{decision.number:04d}", f"{decision.reviewer} ({decision.role})"
        stated = decision.key_fingerprint
        wrong = unproven(entry, keys)
        if stated and not wrong:
            facts.append(f"decision {number} of {who} proven with {keys[stated].path}")
            continue
        if stated not in keys:
            claim = f"signed with key {stated}" if stated else "not signed"
            wrong = f"decision {number} of {decision.reviewer} is {claim}; given: {', '.join(keys)}"
        is_newest = chain.newest_by_role[decision.role] is entry
        asked = decision.role == Role.REVIEWER or stated is not None
        if decision.role not in signed and is_newest and asked:
            problems.append(wrong)
        else:
            facts.append(f"does not count: {wrong}")
    return signed, facts, problems


def _read_all(
    root: Path, expected: Mapping[str, Mapping[str, Any]], report: Callable[[str], None]
) -> tuple[dict[str, str], list[str]]:
    """Path -> sha256 of every covered file, and a clause for each that cannot be read.

    A file that is not expected or too long differs without being read: a sparse file of any size
    is soon made.
    """
    there = covered_files(root)
    report(f"reading every byte of {len(there)} files")
    seen = reading("the storage", sum(facts["size_bytes"] for facts in expected.values()), report)
    found, unreadable = {}, []
    for path, file in there.items():
        try:
            size, most = file.stat().st_size, expected.get(path, {}).get("size_bytes", 0)
            found[path] = f"{size} bytes" if size > most else file_io.sha256_of(file, seen)
        except OSError as error:
            unreadable.append(f"{printable(path)} cannot be read ({error.strerror})")
        except BadInput as error:  # no longer what it was a moment ago
            unreadable.append(f"{printable(path)} cannot be read ({error.thing})")
    return found, unreadable


def _other_content(newest: dict[Role, Entry]) -> Iterator[str]:
    """The approvals of other content than the reviewer's: they prove nothing of this one."""
    reviewed = newest[Role.REVIEWER]
    for entry in newest.values():
        if not entry.is_of_same_content(reviewed):
            yield f"decision {entry.decision.number:04d} is of other content"


def stock_lines(root: Path, entry: Entry, public_key: str) -> Iterator[str]:
    """The stock commands, each as a line for people."""
    for command in stock_commands(root, entry, public_key):
        yield f"with the stock tool: {command}"


def stock_commands(root: Path, entry: Entry, public_key: str) -> list[str]:
    """The commands with which the stock tool verifies a signed approval, as the storage is now."""
    if STORAGE_SIGNATURE not in entry.decision.signatures:
        return []
    tool = ["model_signing", "verify", "key"]
    key = ["--public_key", public_key]
    left_out = [a for path in ignored_paths(root) for a in ("--ignore-paths", str(root / path))]
    # It stops at a link also in what it leaves out. Of a linked file it compares the bytes, and
    # into a linked folder it does not go.
    if any((root / name).is_symlink() for name in names_beside(root)):
        left_out.append("--allow_symlinks")
    signature = ["--signature", str(entry.folder / STORAGE_SIGNATURE)]
    decision = [str(entry.folder / DECISION), "--signature", str(entry.folder / DECISION_SIGNATURE)]
    return [
        shlex.join([*tool, str(root), *signature, *key, *left_out]),
        shlex.join([*tool, *decision, *key]),
    ]
