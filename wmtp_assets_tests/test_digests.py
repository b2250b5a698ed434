"""The digests that checks compare with: each file read once, and none claimed that nobody read."""

import hashlib
import os
from pathlib import Path

import pytest

from wmtp_assets import progress
from wmtp_assets.checking import digests as module
from wmtp_assets.checking.digests import UNREADABLE, Digests
from wmtp_assets.files import file_io
from wmtp_assets.record import file_facts
from wmtp_assets.store import Store

NAMES = ("models_v2/a.bin", "models_v2/b.bin", "docs/c.md")


@pytest.fixture
def store(tmp_path):
    found = Store(tmp_path / "storage", tmp_path / "docs")
    for name in NAMES:
        found.locate(name).parent.mkdir(parents=True, exist_ok=True)
        found.locate(name).write_bytes(name.encode())
    return found


@pytest.fixture
def reads(monkeypatch):
    """The files that were hashed, in any order."""
    seen: list[Path] = []
    hashed = file_io.sha256_of

    def count(path, *told):
        seen.append(path)
        return hashed(path, *told)

    monkeypatch.setattr(module.file_io, "sha256_of", count)
    return seen


def facts(store: Store) -> dict:
    return {name: file_facts(file_io.stored(store.locate(name))) for name in NAMES}


def right(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def test_a_deep_look_reads_each_file_once_however_often_it_is_asked(store, reads):
    found = Digests(store, facts(store), deep=True)
    assert dict(found) == dict(found) == {name: right(name) for name in NAMES}
    assert found[NAMES[0]] == right(NAMES[0]) and len(found) == 3
    assert sorted(reads) == sorted(store.locate(name) for name in NAMES)


def test_a_file_that_a_check_has_read_is_not_read_again(store, reads):
    found = Digests(store, facts(store), deep=True)
    found.note(NAMES[0], "of the check")
    assert found[NAMES[0]] == "of the check"
    assert len(found) == 3 and store.locate(NAMES[0]) not in reads


def test_a_digest_that_was_read_here_is_not_replaced(store):
    found = Digests(store, facts(store), deep=True)
    assert found[NAMES[0]] == right(NAMES[0])
    found.note(NAMES[0], "of the check")
    assert found[NAMES[0]] == right(NAMES[0])


def grown(path: Path) -> None:
    path.write_bytes(b"more than before, and other bytes")


def changed_in_place(path: Path) -> None:
    """Other bytes of the same number below the same inode, its time of modification set back."""
    before = path.stat()
    path.write_bytes(b"x" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced(path: Path) -> None:
    before = path.stat()
    other = path.with_name("other")
    other.write_bytes(b"x" * before.st_size)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize("change", [grown, changed_in_place, replaced])
def test_a_digest_of_a_file_that_changed_meanwhile_is_not_taken(store, change):
    found = Digests(store, facts(store), deep=True)
    change(store.locate(NAMES[0]))
    found.note(NAMES[0], right(NAMES[0]))
    assert found[NAMES[0]] == file_io.sha256_of(store.locate(NAMES[0])) != right(NAMES[0])


def test_a_digest_of_what_is_no_file_of_the_asset_is_not_taken(store):
    recorded = facts(store)
    path = store.locate(NAMES[0])
    path.rename(store.root.parent / "outside")
    path.symlink_to(store.root.parent / "outside")
    store.locate(NAMES[1]).unlink()
    found = Digests(store, recorded, deep=True)
    for name in (*NAMES[:2], "models_v2/elsewhere"):
        found.note(name, right(name))
    assert found[NAMES[0]].startswith(UNREADABLE)
    assert NAMES[1] not in found and "models_v2/elsewhere" not in found
    assert dict(found) == {NAMES[0]: found[NAMES[0]], NAMES[2]: right(NAMES[2])}


def test_a_quick_look_takes_the_recorded_digest_and_no_other(store, reads):
    recorded = facts(store)
    recorded[NAMES[0]] |= {"sha256": "recorded"}
    recorded[NAMES[1]] |= {"mtime_ns": 1}
    found = Digests(store, recorded, deep=False)
    found.note(NAMES[2], "of a check that is not deep")
    assert dict(found) == {NAMES[0]: "recorded", **{name: right(name) for name in NAMES[1:]}}
    assert reads == [store.locate(NAMES[1])]


def test_reading_a_touched_file_is_told_on_stderr_once(store, monkeypatch, capsys):
    """Nothing else says why `signoff status` takes minutes after a restore."""
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)
    path = store.locate(NAMES[0])
    recorded = {NAMES[0]: file_facts(file_io.stored(path))}
    assert Digests(store, recorded, deep=False)[NAMES[0]]
    assert capsys.readouterr().err == ""
    os.utime(path, ns=(1, 1))
    for _ in range(2):
        assert Digests(store, recorded, deep=False)[NAMES[0]]
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1 and told[0].startswith(f"{path}: 0.0 of 0.0 MB, ")
