"""Decisions on the disk: whole or not there, append-only, each edit named."""

import json
import os
import shutil
from pathlib import Path

import pytest

from wmtp_assets.approval.append import pending_entry, publish_entry
from wmtp_assets.approval.chain import Role, Verdict, read_chain
from wmtp_assets.errors import BadInput
from wmtp_assets_tests.signoff.approval.sealed import (
    change_one_byte,
    rewrite_sums,
    seal,
    write_storage,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = write_storage(tmp_path / "storage")
    seal(root)
    seal(root, role=Role.PRODUCT_OWNER, reviewer="Paul")
    seal(root, verdict=Verdict.REJECTED)
    return root


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def as_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def as_file(path: Path) -> None:
    shutil.rmtree(path)
    path.write_text("no folder")


def as_link(path: Path) -> None:
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


DECISION_FIELDS = [
    ("number", "1"),
    ("number", True),
    ("verdict", "maybe"),
    ("role", []),
    ("reviewer", "Eve\nverified"),
    ("reviewer", "\x1b[2J"),
    ("note", None),
    ("acknowledged", "abc"),
    ("manifest_sha256", "short"),
    ("previous_sha256", 7),
    ("key_fingerprint", ["a" * 64]),
    ("format", "wmtp-decision-2"),
]
SHA = "0" * 64
MANIFEST_FIELDS = [
    ("files", []),
    ("files", None),
    ("files", {"a": SHA}),
    ("files", {"a": {"size_bytes": 1}}),
    ("files", {"a": {"size_bytes": 1, "sha256": 7}}),
    ("assets", {"a": 1}),
    ("checks", [1]),
    ("checks", [{"asset": "a"}]),
    ("sources", {"repo": "commit"}),
    ("unknown", 1),
]


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [("decision.json", *f) for f in DECISION_FIELDS]
    + [("manifest.json", *f) for f in MANIFEST_FIELDS],
)
def test_a_field_of_another_shape_is_named(root: Path, name: str, field: str, value):
    path = root / "signoff/0003" / name
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    told = problems(root)
    assert told.startswith(f"0003: {name} is not as this project writes it") and field in told


def problems(root: Path) -> str:
    return "; ".join(read_chain(root / "signoff").problems)


def test_each_decision_follows_the_one_before(root: Path):
    chain = read_chain(root / "signoff")
    assert chain.problems == ()
    assert [e.decision.number for e in chain.entries] == [1, 2, 3]
    assert chain.entries[0].decision.previous_sha256 is None
    assert chain.entries[2].decision.previous_sha256 == chain.entries[1].sha256
    assert chain.newest_by_role[Role.REVIEWER].decision.verdict == Verdict.REJECTED
    assert chain.newest_by_role[Role.PRODUCT_OWNER].decision.reviewer == "Paul"


@pytest.mark.parametrize("name", ["decision.json", "manifest.json", "SHA256SUMS"])
@pytest.mark.parametrize("number", ["0001", "0003"])
def test_one_changed_byte_anywhere_in_an_entry_is_named(root: Path, name: str, number: str):
    good = (root / "signoff" / number / name).read_bytes()
    for position in (5, len(good) // 2, len(good) - 5):
        change_one_byte(root / "signoff" / number / name, position)
        told = problems(root)
        assert number in told and name in told, (position, told)
        (root / "signoff" / number / name).write_bytes(good)
    assert problems(root) == ""


def test_an_edited_decision_with_new_sums_breaks_the_chain_behind_it(root: Path):
    folder = root / "signoff/0001"
    path = folder / "decision.json"
    path.write_text(path.read_text().replace('"Ann"', '"Eve"'))
    rewrite_sums(folder)
    assert problems(root).startswith("0002: decision.json follows ")


def test_an_edited_manifest_with_new_sums_is_named_by_its_decision(root: Path):
    folder = root / "signoff/0003"
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"source": "sample"', '"source": "hub"'))
    rewrite_sums(folder)
    assert "0003: manifest.json was changed: decision.json names" in problems(root)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda s: shutil.rmtree(s / "0002"), "decision 0002 is missing, 0003 is there"),
        (lambda s: shutil.rmtree(s / "0001"), "decision 0001 is missing, 0002 is there"),
        (lambda s: (s / "0003" / "manifest.json").unlink(), "0003: file is missing"),
        (lambda s: (s / "0003" / "SHA256SUMS").unlink(), "0003: SHA256SUMS is missing"),
        (lambda s: (s / "0003" / "x.sig").write_text("x"), "0003: x.sig does not belong to it"),
        (lambda s: (s / "note.txt").write_text("x"), "note.txt is no decision"),
        (lambda s: (s / "0003").rename(s / "0004"), "0004: decision.json says it is number 3"),
        (lambda s: (s / "0003" / "decision.json").write_text("{}"), "0003: decision.json is no"),
        (
            lambda s: (s / "0003" / "decision.json").write_text("[]"),
            "decision.json is not as this project writes it: no JSON object",
        ),
        (lambda s: (s / "0003" / "decision.json").write_bytes(b"\xff\xfe"), "0003: not valid JSON"),
        (lambda s: (s / "0003" / "manifest.json").write_text("{}"), "0003: manifest.json is not"),
        (lambda s: (s / "0003" / "manifest.json").write_text("[" * 9999), "0003: not valid JSON"),
        (lambda s: as_folder(s / "0003" / "decision.json"), "0003: file is missing or no regular"),
        (lambda s: as_folder(s / "0003" / "SHA256SUMS"), "0003: SHA256SUMS is missing"),
        (lambda s: as_fifo(s / "0003" / "manifest.json"), "0003: file is missing or no regular"),
        (lambda s: as_file(s / "0003"), "0003: no folder"),
        (lambda s: as_link(s / "0003"), "0003: no folder"),
        (lambda s: as_link(s), "signoff/ is a link"),
    ],
)
def test_a_folder_that_is_no_chain_is_named(root: Path, change, says: str):
    change(root / "signoff")
    assert says in problems(root)
    with pytest.raises(BadInput, match=r"damaged.*Fix: put signoff/ back"):
        read_chain(root / "signoff").require_sound()


def test_an_entry_is_never_replaced(root: Path):
    signoff = root / "signoff"
    before = (signoff / "0003/decision.json").read_bytes()
    with pending_entry(signoff, 3) as pending:
        (pending / "decision.json").write_text("another decision at the same time")
        with pytest.raises(BadInput, match="decision 0003 is there already"):
            publish_entry(pending, signoff, 3)
    assert (signoff / "0003/decision.json").read_bytes() == before
    assert sorted(p.name for p in signoff.iterdir()) == ["0001", "0002", "0003"]


def test_a_signoff_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "signoff").write_text("a file where the folder should be")
    with pytest.raises(BadInput, match="cannot write into"), pending_entry(tmp_path / "signoff", 1):
        raise AssertionError("not reached")


def test_a_sha256sums_that_lies_elsewhere_is_named(root: Path):
    sums = root / "signoff/0001/SHA256SUMS"
    sums.rename(root.parent / "elsewhere")
    sums.symlink_to(root.parent / "elsewhere")
    [told] = read_chain(root / "signoff").problems
    assert told.startswith("0001: SHA256SUMS is missing or malformed")
