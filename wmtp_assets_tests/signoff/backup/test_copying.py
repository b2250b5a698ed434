"""A copy holds exactly what was approved, or says what it lacks; an earlier one survives."""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from wmtp_assets.approval.chain import Entry, Role, read_chain
from wmtp_assets.approval.verify import verify_storage
from wmtp_assets.backup.copying import GUARD, BackedUp, back_up
from wmtp_assets.backup.location import BackupLocation
from wmtp_assets.backup.reading import read_copy
from wmtp_assets.backup.restoring import restore
from wmtp_assets.backup.tag import REPLACING, read_tag
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets_tests.signoff.backup.conftest import FIRST, SECOND, write_approved


def approved(root: Path) -> Entry:
    return read_chain(root / "signoff").newest_by_role[Role.REVIEWER]


def copied(root: Path, location: BackupLocation, **options) -> BackedUp:
    return back_up(root, approved(root), location, **options)


def held(location: BackupLocation) -> dict[str, bytes]:
    """Path -> bytes of everything in the copy."""
    return {path: location.read_bytes(f"v2.0.0/{path}") for path in location.sizes("v2.0.0")}


def files_of(root: Path) -> dict[str, bytes]:
    """Path -> bytes, but for the guard of a backup."""
    there = [path for path in root.rglob("*") if path.is_file() and path.name != GUARD]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in there}


def problems(root: Path, location: BackupLocation) -> tuple[str, ...]:
    return read_copy(location, read_chain(root / "signoff")).problems


def changed(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def test_the_copy_is_the_approved_storage_under_its_version_s_name(
    storage: Path, location: BackupLocation
):
    done = copied(storage, location)
    assert held(location) == files_of(storage)
    assert (done.kept, done.copied, done.removed) == (0, len(files_of(storage)), 0)
    assert done.size_bytes == done.copied_bytes == sum(map(len, files_of(storage).values()))
    tag = read_tag(location)
    assert tag == done.tag
    assert tag.decision_sha256 == file_io.sha256_of(storage / "signoff/0001/decision.json")
    assert tag.content == approved(storage).content
    assert {p: f.sha256 for p, f in tag.files.items()} == {
        path: file_io.sha256_of(storage / path) for path in files_of(storage)
    }
    assert problems(storage, location) == ()


def test_only_what_changed_is_copied(storage: Path, location: BackupLocation):
    copied(storage, location)
    again = copied(storage, location)
    assert (again.copied, again.copied_bytes, again.removed) == (0, 0, 0)
    write_approved(storage, SECOND)
    told: list[str] = []
    done = copied(storage, location, report=told.append)
    assert held(location) == files_of(storage)
    new = [path for path in files_of(storage) if path.startswith("signoff/0002/")]
    assert {line.split(",")[0] for line in told} == {
        "sources.lock.json",
        "models_v2/m/model.safetensors",
        "models_v2/m/config.json",
        *new,
    }
    assert (done.copied, done.removed) == (3 + len(new), 1)
    assert problems(storage, location) == ()
    assert not location.sizes("v2.0.0.incoming")


def test_a_byte_that_was_not_approved_is_named_and_not_copied(
    storage: Path, location: BackupLocation
):
    copied(storage, location)
    before = held(location)
    write_approved(storage, SECOND)
    path = "models_v2/m/model.safetensors"
    (storage / path).write_bytes(changed(SECOND[path]))
    with pytest.raises(BadInput, match=rf"not complete.*{path}: approved [0-9a-f]*, read "):
        copied(storage, location)
    assert held(location) == before
    assert path not in location.sizes("v2.0.0.incoming")
    (storage / path).write_bytes(SECOND[path])
    copied(storage, location)
    assert held(location) == files_of(storage)


def test_all_bytes_that_do_not_arrive_are_named(storage, location, monkeypatch):
    write = BackupLocation.write

    def worse(self: BackupLocation, path: str, source: Path, *told) -> str:
        digest = write(self, path, source, *told)
        if source.name in ("README.md", "metadata.json"):
            self.write_bytes(path, changed(source.read_bytes()))
        return digest

    monkeypatch.setattr(BackupLocation, "write", worse)
    with pytest.raises(BadInput, match="read back") as raised:
        copied(storage, location)
    assert [line.split(": ")[1] for line in raised.value.culprits] == [
        "v2.0.0/README.md",
        "v2.0.0/models_v2/m/metadata.json",
    ]
    assert read_tag(location) is None
    monkeypatch.undo()
    assert copied(storage, location).copied == 2
    assert problems(storage, location) == ()


STEPS = ("write", "write_bytes", "move", "remove", "remove_folder", "digest", "sizes")


class Killed(BaseException):
    """The process is gone: nothing may be cleaned up on its account."""


def breaking(monkeypatch: pytest.MonkeyPatch, at: int) -> Callable[[], bool]:
    """Let the place break before its `at`-th step; returns whether it came so far."""
    done = 0

    def before(do: Callable) -> Callable:
        def step(*arguments, **options):
            nonlocal done
            done += 1
            if done > at:
                raise Killed
            return do(*arguments, **options)

        return step

    for name in STEPS:
        monkeypatch.setattr(BackupLocation, name, before(getattr(BackupLocation, name)))
    return lambda: done > at


@pytest.mark.parametrize("then", ["as it was", "as it is"])
def test_a_backup_that_broke_anywhere_leaves_a_whole_copy_or_says_so(tmp_path, monkeypatch, then):
    """A second backup breaks before every step; the next one, of either content, is sound."""
    at, whole, torn = 0, 0, 0
    while True:
        root = write_approved(tmp_path / f"{at}" / "storage", FIRST)
        location = BackupLocation(f"memory://{tmp_path.name}{then}/{at}")
        copied(root, location)
        first = files_of(root)
        write_approved(root, SECOND)
        with monkeypatch.context() as patch:
            broke = breaking(patch, at)
            with contextlib.suppress(Killed):
                copied(root, location)
        if not broke():
            break
        torn_now = bool(problems(root, location))
        assert torn_now <= bool(location.read_bytes(REPLACING)), "torn, and nothing says so"
        torn, whole = torn + torn_now, whole + (not torn_now)
        target = tmp_path / f"{at}" / "restored"
        restore(location, target)
        assert files_of(target) in (first, files_of(root))
        assert verify_storage(target, report=lambda line: None).problems == ()
        if then == "as it was":
            write_approved(root, FIRST)
        copied(root, location)
        assert problems(root, location) == ()
        assert held(location) == files_of(root)
        assert not location.sizes("v2.0.0.incoming")
        at += 1
    # Until the first file is replaced the earlier copy is whole; few steps tear it.
    assert whole > torn > 0


def test_a_first_backup_that_broke_goes_on(storage: Path, url: str, monkeypatch):
    location = BackupLocation(url)
    with monkeypatch.context() as patch:
        breaking(patch, 9)
        with pytest.raises(Killed):
            copied(storage, location)
    there = held(location)
    assert 0 < len(there) < len(files_of(storage))
    assert read_copy(location).tag is None
    done = copied(storage, BackupLocation(url))
    assert done.kept == len(there)
    assert problems(storage, location) == ()


def test_what_no_tag_vouches_for_is_read(storage: Path, location: BackupLocation):
    location.write_bytes("v2.0.0/README.md", changed(FIRST["README.md"]))
    location.write_bytes("v2.0.0/models_v2/m/metadata.json", FIRST["models_v2/m/metadata.json"])
    assert copied(storage, location).kept == 1
    assert problems(storage, location) == ()


def test_a_copy_that_was_found_damaged_is_mended(storage: Path, location: BackupLocation):
    copied(storage, location)
    location.write_bytes("v2.0.0/README.md", changed(FIRST["README.md"]))
    assert copied(storage, location).copied == 0
    [said] = problems(storage, location)
    assert said.startswith("the copy differs: README.md changed: ")
    assert copied(storage, location, is_damaged=True).copied == 1
    assert problems(storage, location) == ()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda p: p.remove("v2.0.0/README.md"), "the copy differs: README.md is missing"),
        (lambda p: p.write_bytes("v2.0.0/x", b"x"), "the copy differs: x was not there"),
        (lambda p: p.remove("v2.0.0.json"), "there is no copy with a tag"),
        (lambda p: p.write_bytes("v2.0.0.json", b"{"), "v2.0.0.json of "),
    ],
)
def test_a_copy_is_read_with_all_it_holds(
    storage: Path, location: BackupLocation, damage, said: str
):
    copied(storage, location)
    damage(location)
    [problem] = problems(storage, location)
    assert problem.startswith(said)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("decision_sha256", "0" * 64, "the tag names decision 000"),
        ("content", "sha256:0", "the tag is not that of decision 0001: its content is sha256:0"),
    ],
)
def test_a_tag_is_held_against_the_decision(storage, location, old, new, said):
    tag = copied(storage, location).tag
    line = f'"{old}": "{getattr(tag, old)}"'
    text = location.read_bytes("v2.0.0.json").decode().replace(line, f'"{old}": "{new}"')
    location.write_bytes("v2.0.0.json", text.encode())
    assert read_copy(location).problems == ()
    [problem] = problems(storage, location)
    assert problem.startswith(said)


def test_a_tag_and_a_copy_that_were_both_changed_are_seen(storage: Path, location: BackupLocation):
    tag = copied(storage, location).tag
    data = changed(FIRST["README.md"])
    location.write_bytes("v2.0.0/README.md", data)
    file_io.write_bytes(storage.parent / "x", data)
    text = location.read_bytes("v2.0.0.json").decode()
    text = text.replace(tag.files["README.md"].sha256, file_io.sha256_of(storage.parent / "x"))
    location.write_bytes("v2.0.0.json", text.encode())
    [problem] = problems(storage, location)
    assert problem.startswith("the tag is not that of decision 0001: README.md changed")


def test_an_approved_file_that_is_missing_is_named_before_anything_is_copied(storage, location):
    (storage / "README.md").unlink()
    with pytest.raises(BadInput, match=r"approved files are missing: README\.md"):
        copied(storage, location)
    assert not held(location)


def test_the_copy_of_another_storage_is_not_replaced(
    storage: Path, location: BackupLocation, tmp_path: Path
):
    copied(storage, location)
    before = held(location)
    other = write_approved(tmp_path / "other", SECOND)
    with pytest.raises(BadInput, match=r"holds the copy of another storage: .*approved by Ann"):
        copied(other, location)
    assert held(location) == before


def test_one_backup_of_a_storage_at_a_time(storage: Path, location: BackupLocation, monkeypatch):
    write, seen = BackupLocation.write, []

    def meanwhile(self: BackupLocation, path: str, source: Path, *told) -> str:
        with pytest.raises(BadInput, match="another backup of this storage is under way"):
            copied(storage, BackupLocation("memory://elsewhere"))
        seen.append(path)
        return write(self, path, source, *told)

    monkeypatch.setattr(BackupLocation, "write", meanwhile)
    copied(storage, location)
    assert seen and held(location) == files_of(storage)
    assert copied(storage, location).copied == 0


def test_a_guard_that_cannot_be_taken_is_named(storage: Path, location: BackupLocation):
    (storage / "signoff" / GUARD).mkdir()
    with pytest.raises(BadInput, match=rf"guard of a backup cannot be taken: .*{GUARD}"):
        copied(storage, location)
    assert not held(location)


@pytest.mark.parametrize(("before", "after"), [("a/b", "a"), ("a", "a/b"), ("a/b/c", "a/b")])
def test_a_file_may_come_in_the_place_of_a_folder(
    tmp_path: Path, location: BackupLocation, before, after
):
    root, layout = tmp_path / "storage", "models_v2"
    write_approved(root, {"README.md": b"x", f"{layout}/{before}": b"1"})
    copied(root, location)
    shutil.rmtree(root / layout)
    write_approved(root, {"README.md": b"x", f"{layout}/{after}": b"2"})
    copied(root, location)
    assert problems(root, location) == ()
    assert held(location) == files_of(root)


def test_a_decision_in_the_making_is_not_copied(storage: Path, location: BackupLocation):
    pending = storage / "signoff" / ".0002.host.1.x.tmp"
    pending.mkdir()
    (pending / "decision.json").write_text("{}")
    copied(storage, location)
    assert not any(".0002" in path for path in held(location))
