"""Every byte of the storage read, and signed on the reviewer's machine.

model_signing (OpenSSF) hashes and signs in one pass; without a key the same files are hashed here.
Only the command `approve` makes a `KeySigner`: no setting and no server does.
"""

import getpass
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from wmtp_assets.approval.covered_files import covered_files, ignored_paths
from wmtp_assets.approval.signature import INSTALL, ONE_FILE, fingerprint, read_bundle
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.regular import TINY_BYTES, read_small
from wmtp_assets.progress import Seen, unseen

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

SAME_KEY = "give the passphrase of this key again; `openssl pkey -in KEY -noout` tries one"


class Signer(Protocol):
    """Reads every byte, and signs or does not."""

    @property
    def key_fingerprint(self) -> str | None:
        """SHA-256 of the public key as PEM; None if it does not sign."""

    def read_storage(self, root: Path, signature: Path, seen: Seen = unseen) -> Mapping[str, str]:
        """Path -> sha256 of every covered file, as read now; the signature over them is written.

        Args:
            seen: Called with each piece that was read, in any thread.
        """
        ...

    def sign_file(self, path: Path, signature: Path) -> None:
        """Write the signature over one file."""


class NoSigner:
    """Reads every byte and signs nothing: a decision from the UI, or without a key."""

    key_fingerprint = None

    def read_storage(self, root: Path, signature: Path, seen: Seen = unseen) -> Mapping[str, str]:
        return {path: file_io.sha256_of(file, seen) for path, file in covered_files(root).items()}

    def sign_file(self, path: Path, signature: Path) -> None:
        """Nothing is signed."""


def _decrypted(key: Path, pem: bytes, passphrase: bytes | None) -> "PrivateKeyTypes":
    """The private key in a PEM file.

    Raises:
        BadInput: The passphrase is not that of the key.
        ValueError: The file is no private key.
    """
    from cryptography.hazmat.primitives import serialization

    if passphrase == b"":
        raise BadInput("no passphrase was given for an encrypted key", [key], SAME_KEY)
    try:
        return serialization.load_pem_private_key(pem, passphrase)
    except ValueError as error:
        if passphrase and "password" in str(error).lower():
            raise BadInput("wrong passphrase", [key], SAME_KEY) from None
        raise


class KeySigner:
    """Signs with a private key of an elliptic curve, PEM; its passphrase is asked for."""

    def __init__(self, key: Path):
        """Read the key before any long work.

        Raises:
            BadInput: No such key, another kind of key, another passphrase than its own, or the
                extra `sign` is not installed.
        """
        try:
            import model_signing.hashing
            import model_signing.signing
            from cryptography.exceptions import UnsupportedAlgorithm
        except ImportError as error:
            raise BadInput(f"signing needs more packages ({error})", [], INSTALL) from error
        fix = "give a private key in PEM form: openssl ecparam -name prime256v1 -genkey -noout"
        try:
            pem = read_small(key, limit=TINY_BYTES)
            password = getpass.getpass(f"passphrase of {key}: ") if b"ENCRYPTED" in pem else None
            # The library hands the passphrase on to cryptography, which takes bytes.
            secret = None if password is None else password.encode()
            private = _decrypted(key, pem, secret)
            self._config = model_signing.signing.Config().use_elliptic_key_signer(
                private_key=key,
                password=secret,  # pyright: ignore[reportArgumentType] - declared as text
            )
        except (AttributeError, OSError, TypeError, ValueError, UnsupportedAlgorithm) as error:
            raise BadInput(
                f"no private key of a known elliptic curve ({error})", [key], fix
            ) from None
        self._hashing = model_signing.hashing
        self.key_fingerprint = fingerprint(private.public_key())

    def read_storage(self, root: Path, signature: Path, seen: Seen = unseen) -> Mapping[str, str]:
        covered = covered_files(root).values()

        class OfTheStorage(self._hashing.Config):
            """Else it would walk what lies beside too, and stop at a link there."""

            def hash(self, model_path, *, files_to_hash=None):
                return super().hash(model_path, files_to_hash=covered)

            def _build_stream_hasher(self, *arguments):
                """The library says nothing of how far it is."""
                hasher = super()._build_stream_hasher(*arguments)
                update = hasher.update

                def tell(data: bytes) -> None:
                    update(data)
                    seen(len(data))

                # Its own method would be typed as such: an instance may have another.
                vars(hasher)["update"] = tell
                return hasher

        left_out = OfTheStorage().set_ignored_paths(paths=ignored_paths(root))
        try:
            self._config.set_hashing_config(left_out).sign(root, signature)
        except ValueError as error:
            raise BadInput(f"cannot be signed ({error})", [], "remove it") from error
        return read_bundle(signature).digests

    def sign_file(self, path: Path, signature: Path) -> None:
        self._config.set_hashing_config(self._hashing.Config()).sign(path, signature)
        [name] = read_bundle(signature).digests
        assert name == ONE_FILE, name
