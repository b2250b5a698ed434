"""The folder of public keys: every file is one, its name says whose; a bad one is named."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from wmtp_assets.approval.chain import Role, Verdict, read_chain
from wmtp_assets.approval.signing import KeySigner
from wmtp_assets.approval.trust import Trust, read_keys
from wmtp_assets.approval.verify import verify_storage
from wmtp_assets.errors import BadInput
from wmtp_assets.signoff.__main__ import main
from wmtp_assets_tests.signoff.approval.sealed import (
    KeyPair,
    new_keys,
    reviewers,
    seal,
    signed_storage,
    write_storage,
)


@pytest.fixture(scope="module")
def ann(tmp_path_factory) -> KeyPair:
    return new_keys(tmp_path_factory.mktemp("ann"))


@pytest.fixture
def folder(tmp_path: Path, ann: KeyPair) -> Path:
    return reviewers(tmp_path, ann)


def old_form(path: Path, private: ec.EllipticCurvePrivateKey) -> Path:
    """As `openssl ecparam -genkey` writes it: BEGIN EC PRIVATE KEY."""
    form = serialization.PrivateFormat.TraditionalOpenSSL
    pem = serialization.Encoding.PEM
    path.write_bytes(private.private_bytes(pem, form, serialization.NoEncryption()))
    return path


@pytest.mark.parametrize("curve", [ec.SECP256R1, ec.SECP384R1, ec.SECP521R1])
def test_every_kind_of_key_that_signs_is_trusted(tmp_path: Path, curve):
    private = ec.generate_private_key(curve())
    keys = new_keys(tmp_path / "keys", private)
    signers = [KeySigner(keys.private), KeySigner(old_form(tmp_path / "old.pem", private))]
    root = write_storage(tmp_path / "s")
    for signer in signers:
        seal(root, signer)
    trust = Trust(keys=read_keys([keys.public]))
    entries = read_chain(root / "signoff").entries
    assert [trust.against(entry) for entry in entries] == ["", ""]
    assert [trust.key_file(entry) for entry in entries] == ["key.pub", "key.pub"]


def test_what_begins_with_a_dot_is_no_key(folder: Path):
    (folder / ".DS_Store").write_bytes(b"\0")
    (folder / "..data").mkdir()
    (folder / "ann.pub").rename(folder / "..data" / "ann.pub")
    (folder / "ann.pub").symlink_to("..data/ann.pub")
    [key] = read_keys([folder]).values()
    assert key.path == folder / "ann.pub"


def private_key(folder: Path, ann: KeyPair) -> None:
    shutil.copy(ann.private, folder / "bad.pem")


def another_kind(folder: Path, ann: KeyPair) -> None:
    pair = new_keys(folder.parent / "other", ed25519.Ed25519PrivateKey.generate())
    shutil.copy(pair.public, folder / "bad.pub")


def two_in_one(folder: Path, ann: KeyPair) -> None:
    other = new_keys(folder.parent / "other")
    (folder / "bad.pub").write_bytes(ann.public.read_bytes() + other.public.read_bytes())


def the_same_twice(folder: Path, ann: KeyPair) -> None:
    shutil.copy(ann.public, folder / "bad.pub")


def text(folder: Path, ann: KeyPair) -> None:
    (folder / "bad.md").write_text("the keys of our reviewers")


def empty(folder: Path, ann: KeyPair) -> None:
    (folder / "bad.pub").touch()


def a_folder(folder: Path, ann: KeyPair) -> None:
    (folder / "bad").mkdir()


def a_pipe(folder: Path, ann: KeyPair) -> None:
    os.mkfifo(folder / "bad.pub")


def far_too_long(folder: Path, ann: KeyPair) -> None:
    with open(folder / "bad.pub", "wb") as file:
        file.truncate(6_000_000_000)


def a_link_to_the_storage(folder: Path, ann: KeyPair) -> None:
    """Whoever writes the storage would say who is trusted."""
    shutil.copy(new_keys(folder.parent / "other").public, folder.parent / "stored.pub")
    (folder / "bad.pub").symlink_to(folder.parent / "stored.pub")


def a_dead_link(folder: Path, ann: KeyPair) -> None:
    (folder / "bad.pub").symlink_to("nowhere")


def a_name_of_two_lines(folder: Path, ann: KeyPair) -> None:
    shutil.copy(new_keys(folder.parent / "other").public, folder / "bad\nverified")


BAD: dict[Callable[[Path, KeyPair], None], str] = {
    private_key: "a private one",
    another_kind: "no public key of a known elliptic curve",
    two_in_one: "2 in one file",
    the_same_twice: r"one key under two names: .*ann\.pub; ",
    text: "no public key",
    empty: "no public key",
    a_folder: "a folder where a regular file should be",
    a_pipe: "a FIFO where a regular file should be",
    far_too_long: "larger than any such file",
    a_link_to_the_storage: "a link that leads out of",
    a_dead_link: "no public key",
    a_name_of_two_lines: "a name that cannot be shown: '",
}


@pytest.mark.parametrize("bad", BAD, ids=[bad.__name__ for bad in BAD])
def test_a_file_that_is_no_key_is_one_error_that_names_it(folder: Path, ann: KeyPair, bad):
    bad(folder, ann)
    with pytest.raises(BadInput, match=f"(?s){BAD[bad]}.*bad") as refused:
        read_keys([folder])
    assert "\n" not in str(refused.value)


def test_all_bad_files_are_named_at_once(folder: Path, ann: KeyPair):
    text(folder, ann)
    private_key(folder, ann)
    with pytest.raises(BadInput, match=r"keys that cannot be used: .*bad\.md; .*bad\.pem"):
        read_keys([folder])


def test_a_folder_without_a_key_trusts_nobody_and_is_named(tmp_path: Path):
    with pytest.raises(BadInput, match="a folder without a key"):
        read_keys([tmp_path])


def problems(root: Path, *keys: Path) -> tuple[str, ...]:
    return verify_storage(root, keys, report=lambda line: None).problems


def test_verify_takes_the_folder(folder: Path, ann: KeyPair, tmp_path: Path, capsys):
    root = signed_storage(tmp_path / "s", ann)
    assert main(["verify", str(root), "--public-key", str(folder)]) == 0
    assert f"proven with {folder / 'ann.pub'}" in capsys.readouterr().out


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("role", list(Role))
def test_what_nobody_signed_supersedes_nothing_for_verify(folder, ann, tmp_path, verdict, role):
    root = signed_storage(tmp_path / "s", ann)
    seal(root, role=role, verdict=verdict, reviewer="Eve")
    found = verify_storage(root, [folder], report=lambda line: None)
    assert found.problems == ()
    assert any(fact.startswith("does not count: decision 0002 of Eve") for fact in found.facts)


def test_a_stranger_s_signature_supersedes_nothing_for_verify(folder, ann, tmp_path):
    root = signed_storage(tmp_path / "s", ann)
    seal(root, KeySigner(new_keys(tmp_path / "eve").private), verdict=Verdict.REJECTED)
    assert problems(root, folder) == ()


def test_verify_follows_a_signed_rejection_behind_an_unsigned_approval(folder, ann, tmp_path):
    root = signed_storage(tmp_path / "s", ann)
    seal(root, KeySigner(ann.private), verdict=Verdict.REJECTED)
    seal(root, reviewer="Eve")
    [problem] = problems(root, folder)
    assert problem.startswith("rejected by Ann")


@pytest.mark.parametrize(
    "named", ["signoff/.keys", "signoff/.keys/ann.pub", "../link/signoff/.keys"]
)
def test_a_key_that_came_with_the_storage_is_refused_by_verify(ann, tmp_path, named):
    root = signed_storage(tmp_path / "s", ann)
    (tmp_path / "link").symlink_to(root)
    (root / "signoff/.keys").mkdir()
    shutil.copy(ann.public, root / "signoff/.keys/ann.pub")
    with pytest.raises(BadInput, match="a key that lies in the storage proves nothing"):
        problems(root, root / named)
