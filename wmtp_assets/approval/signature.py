"""The OpenSSF model-signing format as far as a verifier needs it: read a bundle, check its key.

A Sigstore bundle holds a DSSE envelope, its payload an in-toto statement that lists every file with
its digest. Sources: the model-signing specification v1.0, github.com/secure-systems-lab/dsse
(protocol.md v1.0.0: what is signed), and model_signing 1.1.1, which writes it (signing.py). Only
`cryptography` is needed here, and only to check a key.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wmtp_assets.approval.json_schema import RESTORE, is_sha256, mapping_of
from wmtp_assets.errors import BadInput
from wmtp_assets.files.regular import read_small
from wmtp_assets.files.strict import parse_json

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

PAYLOAD_TYPE = "application/vnd.in-toto+json"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"
# The hash that goes with a curve, as in Sigstore's key details.
HASHES = {"secp256r1": "SHA256", "secp384r1": "SHA384", "secp521r1": "SHA512"}
# The longest PEM of a known curve has 300 bytes.
KEY_BYTES = 16 * 1024
# A signature over one file names it so.
ONE_FILE = "."
MALFORMED = (
    AttributeError,
    IndexError,
    KeyError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    binascii.Error,
)
INSTALL = "install the extra: pip install 'wmtp-assets[sign]'"


@dataclass(frozen=True)
class Bundle:
    """A signature file.

    Attributes:
        digests: Path below what was signed -> sha256; `.` if one file was.
        ignored: The paths that were left out.
        key_fingerprint: SHA-256 of the public key as PEM, as the signer states it.
        payload: The bytes that are signed, the frame of DSSE aside.
    """

    digests: Mapping[str, str]
    ignored: tuple[str, ...]
    key_fingerprint: str
    payload: bytes
    signature: bytes


def read_bundle(path: Path) -> Bundle:
    """Read a signature file; the key is not checked.

    Raises:
        BadInput: It is missing or no signature of this format.
    """
    if path.is_symlink() or not path.is_file():
        raise BadInput("signature is missing or no regular file", [path], RESTORE)
    try:
        bundle = parse_json(read_small(path))
        envelope = bundle["dsseEnvelope"]
        payload = base64.b64decode(envelope["payload"], validate=True)
        statement = parse_json(payload)
        if (envelope["payloadType"], statement["predicateType"]) != (PAYLOAD_TYPE, PREDICATE_TYPE):
            raise ValueError(f"its types are not {PAYLOAD_TYPE}, {PREDICATE_TYPE}")
        resources = statement["predicate"]["resources"]
        digests = {entry["name"]: entry["digest"] for entry in resources}
        if any(entry["algorithm"] != "sha256" for entry in resources):
            raise ValueError("its digests are not sha256")
        if len(digests) != len(resources) or not mapping_of(is_sha256)(digests):
            raise ValueError("its resources are not files with a sha256 each")
        return Bundle(
            digests=digests,
            ignored=tuple(statement["predicate"]["serialization"].get("ignore_paths", ())),
            key_fingerprint=str(bundle["verificationMaterial"]["publicKey"]["hint"]),
            payload=payload,
            signature=base64.b64decode(envelope["signatures"][0]["sig"], validate=True),
        )
    except MALFORMED as error:
        raise BadInput(f"no model-signing signature ({error!r})", [path], RESTORE) from error


def read_public_key(path: Path, *, root: Path | None = None) -> "EllipticCurvePublicKey":
    """Read a public key in PEM form.

    Args:
        root: Where the file has to lie, once links are followed.

    Raises:
        BadInput: No such file, no one public key of an elliptic curve, or `cryptography` is not
            installed.
    """
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    except ImportError as error:
        raise BadInput("a key cannot be checked: no cryptography here", [path], INSTALL) from error
    fix = "give the public key of the reviewer: PEM, elliptic curve (P-256, P-384 or P-521)"
    try:
        pem = read_small(path, limit=KEY_BYTES, root=root)
        if b"PRIVATE KEY" in pem:
            raise BadInput("no public key but a private one, its owner's alone", [path], fix)
        if (count := pem.count(b"-----BEGIN")) > 1:
            raise BadInput(f"no public key but {count} in one file", [path], fix)
        key = serialization.load_pem_public_key(pem)
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise BadInput(f"no public key ({error})", [path], fix) from error
    if not isinstance(key, EllipticCurvePublicKey) or key.curve.name not in HASHES:
        raise BadInput("no public key of a known elliptic curve", [path], fix)
    return key


def fingerprint(key: "PublicKeyTypes") -> str:
    """SHA-256 of a public key as PEM: `openssl pkey -pubin -in key.pub | sha256sum`."""
    from cryptography.hazmat.primitives import serialization

    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(key.public_bytes(serialization.Encoding.PEM, form)).hexdigest()


def is_signed_by(bundle: Bundle, key: "EllipticCurvePublicKey") -> bool:
    """Whether the key made this signature over this payload."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    framed = f"DSSEv1 {len(PAYLOAD_TYPE)} {PAYLOAD_TYPE} {len(bundle.payload)} ".encode()
    try:
        scheme = ec.ECDSA(getattr(hashes, HASHES[key.curve.name])())
        key.verify(bundle.signature, framed + bundle.payload, scheme)
    except InvalidSignature:
        return False
    return True
