"""A signed storage: the stock tool and `verify` accept it, and name what was changed since."""

import base64
import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from wmtp_assets.approval.chain import Role, Verdict, read_chain
from wmtp_assets.approval.signing import KeySigner
from wmtp_assets.approval.verify import stock_commands, verify_storage
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.signoff.__main__ import main
from wmtp_assets_tests.signoff.approval.sealed import (
    FILES,
    KeyPair,
    change_one_byte,
    new_keys,
    rewrite_sums,
    seal,
    signed_storage,
    write_storage,
)

PROJECT = Path(__file__).parents[3]
WEIGHTS = "models_v2/m/safetensors/model.safetensors"
# No socket can be made: what works now works without network.
OFFLINE = """
import socket, sys
def refuse(*args, **kwargs):
    raise OSError("there is no network here")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
"""
# An environment that has nothing but cryptography, as a consumer's may be.
WITHOUT_DAGSTER = """
import importlib.abc, sys
KNOWN = {"wmtp_assets", "cryptography", "cffi", "_cffi_backend", "pycparser"}
class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in KNOWN | sys.stdlib_module_names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
from wmtp_assets.signoff.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
STOCK = OFFLINE + "from model_signing._cli import main; sys.argv = sys.argv[1:]; main()"


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> KeyPair:
    return new_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def storage(tmp_path: Path, keys: KeyPair) -> Path:
    return signed_storage(tmp_path / "storage", keys)


def problems(root: Path, *keys: KeyPair) -> str:
    found = verify_storage(root, [pair.public for pair in keys], report=lambda line: None)
    return "; ".join(found.problems)


def stock(root: Path, keys: KeyPair) -> list[subprocess.CompletedProcess]:
    """Run the exact commands that `approve` prints, with no network."""
    [entry] = read_chain(root / "signoff").entries
    done = []
    for command in stock_commands(root, entry, str(keys.public)):
        arguments = command.split()
        assert arguments[0] == "model_signing"
        program = [sys.executable, "-W", "ignore", "-c", STOCK, *arguments]
        done.append(subprocess.run(program, capture_output=True, text=True))
    return done


def test_the_stock_tool_accepts_storage_and_decision_without_network(storage, keys):
    (storage / "models_v2/m/raw/.cache/part").mkdir(parents=True)
    (storage / "models_v2/m/raw/.cache/part/guard").touch()
    done = stock(storage, keys)
    assert [d.returncode for d in done] == [0, 0], done
    assert all("Verification succeeded" in d.stdout for d in done)


def test_the_stock_tool_names_a_changed_weights_file_and_a_stray_one(storage, keys):
    change_one_byte(storage / WEIGHTS)
    (storage / "models_v2/extra.bin").write_bytes(b"x")
    done = stock(storage, keys)
    assert [d.returncode for d in done] == [1, 0]
    assert WEIGHTS in done[0].stderr and "extra.bin" in done[0].stderr


def test_verify_accepts_it_and_names_the_key(storage, keys, capsys):
    assert main(["verify", str(storage), "--public-key", str(keys.public)]) == 0
    told = capsys.readouterr().out
    assert "approved by Ann (reviewer)" in told and "signed with key" in told
    assert told.endswith("verified\n")


def test_verify_runs_where_nothing_but_cryptography_is_installed(storage, keys):
    program = [sys.executable, "-c", WITHOUT_DAGSTER, "verify", str(storage)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    for key in ([], ["--public-key", str(keys.public)]):
        done = subprocess.run([*program, *key], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith("verified\n")
    change_one_byte(storage / WEIGHTS)
    done = subprocess.run(program, env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and f"DIFFERS: since decision 0001: {WEIGHTS}" in done.stdout


def test_without_a_key_it_says_that_the_signer_is_not_checked(storage, capsys):
    assert main(["verify", str(storage)]) == 0
    assert "not checked without --public-key" in capsys.readouterr().out


def test_one_byte_of_a_50_mb_file_is_named(tmp_path, keys):
    big = {WEIGHTS: os.urandom(1 << 20) * 50}
    storage = signed_storage(tmp_path / "storage", keys, big)
    assert problems(storage, keys) == ""
    change_one_byte(storage / WEIGHTS, 31_000_000)
    assert problems(storage, keys).startswith(f"since decision 0001: {WEIGHTS} changed: ")


@pytest.mark.parametrize("name", ["manifest.json", "decision.json", "storage.sig", "decision.sig"])
def test_an_edited_file_of_the_decision_is_named(storage, keys, name: str):
    path = storage / "signoff/0001" / name
    good = path.read_bytes()
    for position in (len(good) // 3, len(good) // 2, len(good) - 30):
        change_one_byte(path, position)
        told = problems(storage, keys)
        assert f"0001: {name}" in told or f"0001/{name}" in told, (position, told)
        path.write_bytes(good)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("decision.json", '"reviewer": "Ann"', '"reviewer": "Eve"'),
        ("manifest.json", '"source": "sample"', '"source": "hub"'),
    ],
)
def test_a_forger_who_mends_the_sums_fails_at_the_signature(storage, keys, name, old, new):
    """The digests alone believe an edit of the newest entry: that is what signatures are for."""
    folder = storage / "signoff/0001"
    before = (folder / "manifest.json").read_bytes()
    path = folder / name
    path.write_text(path.read_text().replace(old, new))
    if name == "manifest.json":
        import hashlib

        decision = folder / "decision.json"
        was = hashlib.sha256(before).hexdigest()
        now = hashlib.sha256(path.read_bytes()).hexdigest()
        decision.write_text(decision.read_text().replace(was, now))
    rewrite_sums(folder)
    [problem] = read_chain(storage / "signoff").problems
    assert problem.startswith("0001: decision.sig: is not over decision.json")
    assert problem in problems(storage, keys)


def test_a_forger_who_signs_nothing_is_named_without_a_key(storage):
    for name in ("storage.sig", "decision.sig"):
        (storage / "signoff/0001" / name).write_text("x")
    rewrite_sums(storage / "signoff/0001")
    told = problems(storage)
    assert "0001: storage.sig: no model-signing signature" in told
    assert "0001: decision.sig: no model-signing signature" in told


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b["verificationMaterial"].clear(),
        lambda b: b["dsseEnvelope"].update(payload="!"),
        lambda b: b["dsseEnvelope"].update(payload=base64.b64encode(b"[" * 99_999).decode()),
        lambda b: b["dsseEnvelope"].update(signatures=[]),
        lambda b: b["dsseEnvelope"].update(payloadType="text/plain"),
    ],
)
def test_a_malformed_signature_is_named(storage, damage):
    path = storage / "signoff/0001/storage.sig"
    bundle = json.loads(path.read_text())
    damage(bundle)
    path.write_text(json.dumps(bundle))
    rewrite_sums(storage / "signoff/0001")
    assert "0001: storage.sig: no model-signing signature" in problems(storage)


def test_another_key_is_named_with_both_fingerprints(storage, keys, tmp_path):
    other = new_keys(tmp_path / "other")
    told = problems(storage, other)
    mine = KeySigner(keys.private).key_fingerprint
    assert told == (
        f"decision 0001 of Ann is signed with key {mine}; "
        f"given: {KeySigner(other.private).key_fingerprint}"
    )


def test_a_signature_of_another_key_under_this_name_is_named(storage, keys, tmp_path):
    """The fingerprint in the file is only a hint: a forger writes what he likes."""
    other = new_keys(tmp_path / "other")
    forged = signed_storage(tmp_path / "forged", other)
    mine, theirs = (KeySigner(pair.private).key_fingerprint for pair in (keys, other))
    for name in ("storage.sig", "decision.sig"):
        bundle = (forged / "signoff/0001" / name).read_text().replace(theirs, mine)
        (storage / "signoff/0001" / name).write_text(bundle)
    rewrite_sums(storage / "signoff/0001")
    told = problems(storage, keys)
    assert "0001: decision.sig: is not over decision.json" in told
    assert f"0001/storage.sig: was not made with key {mine}" in told


def test_a_signature_that_names_another_key_than_the_decision_is_named(storage, keys):
    path = storage / "signoff/0001/storage.sig"
    mine = KeySigner(keys.private).key_fingerprint
    path.write_text(path.read_text().replace(mine, "0" * 64))
    rewrite_sums(storage / "signoff/0001")
    told = f"0001: storage.sig: names key {'0' * 64}, decision.json names {mine}"
    assert read_chain(storage / "signoff").problems == (told,)


def test_a_signature_that_is_cut_is_named(storage, keys):
    """The same statement, another signature under it."""
    path = storage / "signoff/0001/decision.sig"
    bundle = json.loads(path.read_text())
    other = json.loads((storage / "signoff/0001/storage.sig").read_text())
    bundle["dsseEnvelope"]["signatures"] = other["dsseEnvelope"]["signatures"]
    path.write_text(json.dumps(bundle))
    rewrite_sums(storage / "signoff/0001")
    assert read_chain(storage / "signoff").problems == ()
    assert "0001/decision.sig: was not made with key" in problems(storage, keys)


def test_an_unsigned_approval_says_so_and_fails_where_a_key_is_asked_for(tmp_path, keys, capsys):
    root = write_storage(tmp_path / "storage")
    seal(root)
    assert main(["verify", str(root)]) == 0
    assert "not signed" in capsys.readouterr().out
    assert "decision 0001 of Ann is not signed" in problems(root, keys)


def test_two_reviewers_sign_with_two_keys(storage, keys, tmp_path):
    owner = new_keys(tmp_path / "owner", ec.generate_private_key(ec.SECP384R1()))
    seal(storage, KeySigner(owner.private), role=Role.PRODUCT_OWNER, reviewer="Paul")
    assert problems(storage, keys, owner) == ""
    assert "decision 0002 of Paul is signed with key" in problems(storage, keys)
    told = verify_storage(storage, [keys.public, owner.public], report=lambda line: None).facts
    assert f"decision 0001 of Ann (reviewer) proven with {keys.public}" in told
    assert f"decision 0002 of Paul (product_owner) proven with {owner.public}" in told


def test_a_product_owner_who_approved_other_content_is_told_and_proves_nothing(storage, keys):
    seal(storage, KeySigner(keys.private), role=Role.PRODUCT_OWNER, reviewer="Paul")
    (storage / "README.md").write_bytes(b"what it is now\n")
    seal(storage, KeySigner(keys.private))
    found = verify_storage(storage, [keys.public], report=lambda line: None)
    assert found.problems == ()
    assert "decision 0002 is of other content" in found.facts


def test_the_product_owner_alone_is_no_approval(tmp_path):
    root = write_storage(tmp_path / "storage")
    seal(root, role=Role.PRODUCT_OWNER, reviewer="Paul")
    assert problems(root) == "no reviewer's decision is recorded in signoff/"


def test_a_file_that_cannot_be_read_is_named(storage, monkeypatch):
    read = file_io.sha256_of

    def broken(path: Path, *seen) -> str:
        if path.name == "README.md":
            raise OSError(errno.EIO, "Input/output error")
        return read(path, *seen)

    monkeypatch.setattr(file_io, "sha256_of", broken)
    told = problems(storage)
    assert "README.md cannot be read (Input/output error)" in told


def test_a_rejection_is_signed_without_vouching_for_the_storage(storage, keys):
    seal(storage, KeySigner(keys.private), verdict=Verdict.REJECTED)
    names = {path.name for path in (storage / "signoff/0002").iterdir()}
    assert names == {"decision.json", "manifest.json", "SHA256SUMS", "decision.sig"}
    assert problems(storage, keys).startswith("rejected by Ann (reviewer)")


def test_a_storage_without_a_decision_does_not_verify(tmp_path, keys):
    root = write_storage(tmp_path / "storage")
    assert problems(root) == "no reviewer's decision is recorded in signoff/"
    assert main(["verify", str(tmp_path / "nowhere")]) == 1


def test_the_passphrase_of_an_encrypted_key_is_asked_for(tmp_path, monkeypatch):
    private = new_keys(tmp_path / "keys", passphrase=b"open sesame").private
    asked = []
    monkeypatch.setattr("getpass.getpass", lambda prompt: asked.append(prompt) or "open sesame")
    root = write_storage(tmp_path / "storage")
    seal(root, KeySigner(private))
    assert asked == [f"passphrase of {private}: "]
    assert problems(root) == ""


@pytest.mark.parametrize(
    ("typed", "says"), [("wrong secret", "wrong passphrase"), ("", "no passphrase was given")]
)
def test_a_wrong_passphrase_is_told_as_one_and_asks_for_no_new_key(
    tmp_path, monkeypatch, typed: str, says: str
):
    private = new_keys(tmp_path / "keys", passphrase=b"open sesame").private
    monkeypatch.setattr("getpass.getpass", lambda prompt: typed)
    with pytest.raises(BadInput, match=says) as refused:
        KeySigner(private)
    assert "wrong secret" not in str(refused.value)
    assert "genkey" not in str(refused.value) and "elliptic" not in str(refused.value)


def test_an_encrypted_key_that_is_damaged_is_not_told_as_a_wrong_passphrase(tmp_path, monkeypatch):
    private = new_keys(tmp_path / "keys", passphrase=b"open sesame").private
    private.write_bytes(private.read_bytes()[:120])
    monkeypatch.setattr("getpass.getpass", lambda prompt: "open sesame")
    with pytest.raises(BadInput, match="no private key"):
        KeySigner(private)


@pytest.mark.parametrize(
    "generate",
    [
        ed25519.Ed25519PrivateKey.generate,
        lambda: rsa.generate_private_key(65537, 2048),
        lambda: ec.generate_private_key(ec.SECP256K1()),
    ],
    ids=["ed25519", "rsa", "secp256k1"],
)
def test_a_key_of_another_kind_is_refused_before_any_work(tmp_path, generate):
    pair = new_keys(tmp_path / "keys", generate())
    with pytest.raises(BadInput, match=r"no private key of a known elliptic curve.*key\.pem"):
        KeySigner(pair.private)
    root = write_storage(tmp_path / "storage")
    with pytest.raises(BadInput, match=r"no public key.*key\.pub"):
        verify_storage(root, [pair.public])


def test_a_file_that_is_no_key_is_named(tmp_path, keys):
    absent = tmp_path / "absent.pem"
    with pytest.raises(BadInput, match=r"absent\.pem"):
        KeySigner(absent)
    with pytest.raises(BadInput, match=r"key\.pub"):
        KeySigner(keys.public)


def test_a_link_in_the_storage_is_refused(tmp_path, keys):
    root = write_storage(tmp_path / "storage")
    (root / "models_v2/link").symlink_to(root / "README.md")
    for signer in (None, KeySigner(keys.private)):
        with pytest.raises(BadInput, match="files and folders only: models_v2/link"):
            seal(root, signer)
    assert list((root / "signoff").iterdir()) == []


def test_what_is_signed_is_every_file_and_nothing_of_the_sign_off(storage):
    [entry] = read_chain(storage / "signoff").entries
    assert entry.manifest["files"].keys() == FILES.keys()


ODD = ("gone\x1b[2K\x1b[1A\nverified", "txt.\u202egpj", os.fsdecode(b"\xff\xfe"))
# macOS takes no name that is no UTF-8.
NAMES = ODD if sys.platform == "linux" else ODD[:2]
LOCALES = ({}, {"PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"})


@pytest.mark.parametrize("locale", LOCALES, ids=["coerced", "ascii"])
def test_a_name_cannot_hide_what_differs_nor_crash_verify(storage, locale: dict[str, str]):
    for name in NAMES:
        (storage / "models_v2" / name).write_bytes(b"x")
        (storage / "signoff" / "0001" / name).write_bytes(b"x")
        (storage / "signoff" / f".{name}").write_bytes(b"x")
    command = [sys.executable, "-m", "wmtp_assets.signoff", "verify", str(storage), "--key\x1b[2K"]
    environment = {**os.environ, "LC_ALL": "C", "PYTHONPATH": str(PROJECT), **locale}
    for program, code in ((command, 2), (command[:-1], 1)):
        done = subprocess.run(program, env=environment, capture_output=True)
        told = (done.stdout + done.stderr).decode("ascii" if locale else "utf-8")
        assert done.returncode == code and "Traceback" not in told, told
        assert all(c.isprintable() or c == "\n" for c in told)
    lines = done.stdout.decode().splitlines()
    assert "verified" not in lines and lines[-1] == "verification failed"
    assert sum("gone\\x1b[2K\\x1b[1A\\nverified" in line for line in lines) == 3
