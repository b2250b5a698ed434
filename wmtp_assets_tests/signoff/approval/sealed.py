"""An approved storage made without Dagster: a few files, and decisions on them."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from wmtp_assets.approval.append import pending_entry, publish_entry, write_decision
from wmtp_assets.approval.chain import (
    DECISION,
    DECISION_SIGNATURE,
    STORAGE_SIGNATURE,
    Decision,
    Role,
    Verdict,
    read_chain,
)
from wmtp_assets.approval.signing import KeySigner, NoSigner, Signer
from wmtp_assets.files import file_io

FILES = {"README.md": b"what it is\n", "models_v2/m/safetensors/model.safetensors": b"weights" * 9}


@dataclass(frozen=True)
class KeyPair:
    """A key pair in PEM files."""

    private: Path
    public: Path


def new_keys(folder: Path, private=None, passphrase: bytes | None = None) -> KeyPair:
    """Write a key pair in PEM files; on P-256 unless another private key is given."""
    folder.mkdir(parents=True, exist_ok=True)
    private = private or ec.generate_private_key(ec.SECP256R1())
    pem = serialization.Encoding.PEM
    secret = (
        serialization.BestAvailableEncryption(passphrase)
        if passphrase
        else serialization.NoEncryption()
    )
    keys = KeyPair(folder / "key.pem", folder / "key.pub")
    form = serialization.PrivateFormat.PKCS8
    keys.private.write_bytes(private.private_bytes(pem, form, secret))
    public = serialization.PublicFormat.SubjectPublicKeyInfo
    keys.public.write_bytes(private.public_key().public_bytes(pem, public))
    return keys


def reviewers(folder: Path, keys: KeyPair) -> Path:
    """A folder as WMTP_REVIEWER_KEYS names it, that trusts one key as Ann's."""
    trusted = folder / "reviewers"
    trusted.mkdir()
    shutil.copy(keys.public, trusted / "ann.pub")
    return trusted


def write_storage(root: Path, files: dict[str, bytes] | None = None) -> Path:
    for name, data in (FILES if files is None else files).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def seal(
    root: Path,
    signer: Signer | None = None,
    *,
    verdict: Verdict = Verdict.APPROVED,
    role: Role = Role.REVIEWER,
    reviewer: str = "Ann",
) -> None:
    """Append a decision on the storage as it is."""
    signer = signer or NoSigner()
    signoff = root / "signoff"
    entries = read_chain(signoff).entries
    number = len(entries) + 1
    with pending_entry(signoff, number) as pending:
        approved = verdict == Verdict.APPROVED
        digests = signer.read_storage(root, pending / STORAGE_SIGNATURE) if approved else {}
        manifest = {
            "format": "wmtp-manifest-1",
            "storage_version": "v2.0.0",
            "storage_digest": "sha256:0",
            "catalog": "sample",
            "source": "sample",
            "sources": {},
            "assets": {},
            "documents": {},
            "checks": [],
            "acknowledged": [],
            "files": {
                path: {"size_bytes": (root / path).stat().st_size, "sha256": sha256}
                for path, sha256 in digests.items()
            },
        }
        decision = Decision(
            number=number,
            verdict=verdict,
            role=role,
            reviewer=reviewer,
            note="",
            decided_at="2026-11-24T12:00:00+00:00",
            storage_digest="sha256:0",
            acknowledged=(),
            manifest_sha256="",
            previous_sha256=entries[-1].sha256 if entries else None,
            key_fingerprint=signer.key_fingerprint,
            run_id="run",
        )
        write_decision(pending, manifest, decision)
        signer.sign_file(pending / DECISION, pending / DECISION_SIGNATURE)
        publish_entry(pending, signoff, number)


def signed_storage(root: Path, keys: KeyPair, files: dict[str, bytes] | None = None) -> Path:
    write_storage(root, files)
    seal(root, KeySigner(keys.private))
    return root


def change_one_byte(path: Path, position: int = -1) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


def rewrite_sums(folder: Path) -> None:
    """What a careful forger does after an edit."""
    (folder / "SHA256SUMS").unlink()
    files = [file_io.stored(path) for path in sorted(folder.iterdir())]
    file_io.write_sums(folder / "SHA256SUMS", files)
