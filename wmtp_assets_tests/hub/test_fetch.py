"""Raw files: proven before they appear, kept when right, refused when they contradict the lock."""

import dataclasses
import hashlib
import io
import json
from pathlib import Path

import pytest
import torch

from wmtp_assets.catalog import Files, Repo
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.hub import file_formats
from wmtp_assets.hub.fetch import fetch_files
from wmtp_assets.hub.lock import read_lock
from wmtp_assets.hub.proof import git_blob_of
from wmtp_assets.hub.sources import LISTING_NAME, MirrorSource

REPO = Repo(id="org/model", kind="model", revision="main", licence="MIT")
WANTED = (Files("weights/*.dat", 2), Files("config.txt"))
CONTENT = {"weights/1.dat": b"one", "weights/2.dat": b"two", "config.txt": b"{}", "README": b"x"}


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    root = tmp_path / "mirror"
    for name, data in CONTENT.items():
        path = root / REPO.id / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def write_listing(root: Path, files: dict[str, bytes], commit: str = "a" * 40) -> None:
    facts = {n: {"size_bytes": len(d), "sha256": digest(d)} for n, d in files.items()}
    listing = {REPO.id: {"commit": commit, "files": facts}}
    (root / LISTING_NAME).write_text(json.dumps(listing))


def fetch(tmp_path: Path, mirror: Path, repo: Repo = REPO, wanted=WANTED):
    return fetch_files(
        MirrorSource(mirror), repo, wanted, tmp_path / "s" / "raw", tmp_path / "s" / "lock.json"
    )


def test_wanted_files_arrive_and_are_locked_with_their_digests(tmp_path, mirror):
    fetched = fetch(tmp_path, mirror)
    assert (fetched.kept, fetched.fetched_bytes, len(fetched.files)) == (0, 8, 3)
    locked = read_lock(tmp_path / "s" / "lock.json")["repos"][REPO.id]
    assert locked["files"]["weights/2.dat"] == {"size_bytes": 3, "sha256": digest(b"two")}
    assert "README" not in locked["files"]


def test_what_is_right_on_disk_is_kept_and_needs_no_source(tmp_path, mirror):
    fetch(tmp_path, mirror)
    again = fetch(tmp_path, tmp_path / "no mirror at all")
    assert (again.kept, again.fetched_bytes) == (3, 0)


def test_a_damaged_raw_file_is_fetched_again(tmp_path, mirror):
    fetch(tmp_path, mirror)
    (tmp_path / "s" / "raw" / "config.txt").write_bytes(b"[]")
    assert fetch(tmp_path, mirror).fetched_bytes == 2
    assert (tmp_path / "s" / "raw" / "config.txt").read_bytes() == b"{}"


def test_a_missing_file_offline_says_what_is_missing(tmp_path, mirror):
    fetch(tmp_path, mirror)
    (tmp_path / "s" / "raw" / "config.txt").unlink()
    with pytest.raises(BadInput, match="no folder of this repository: org/model"):
        fetch(tmp_path, tmp_path / "no mirror at all")
    assert (tmp_path / "s" / "raw" / "weights" / "1.dat").read_bytes() == b"one"


def test_a_silently_changed_file_is_refused_and_both_digests_named(tmp_path, mirror):
    write_listing(mirror, CONTENT)
    fetch(tmp_path, mirror)
    (tmp_path / "s" / "raw" / "config.txt").unlink()
    write_listing(mirror, CONTENT | {"config.txt": b"[]"})
    (mirror / REPO.id / "config.txt").write_bytes(b"[]")
    with pytest.raises(BadInput) as error:
        fetch(tmp_path, mirror)
    assert digest(b"{}") in str(error.value) and digest(b"[]") in str(error.value)


def test_a_file_of_another_commit_never_joins_the_locked_ones(tmp_path, mirror):
    write_listing(mirror, CONTENT)
    fetch(tmp_path, mirror, wanted=(Files("config.txt"),))
    before = read_lock(tmp_path / "s" / "lock.json")
    write_listing(mirror, CONTENT, commit="b" * 40)
    with pytest.raises(BadInput, match=f"asked for at {'a' * 40}, and mirror lists {'b' * 40}"):
        fetch(tmp_path, mirror)
    assert read_lock(tmp_path / "s" / "lock.json") == before


def test_a_lock_without_a_commit_takes_no_file_of_a_commit(tmp_path, mirror):
    fetch(tmp_path, mirror, wanted=(Files("config.txt"),))
    write_listing(mirror, CONTENT, commit="b" * 40)
    with pytest.raises(BadInput, match=f"locked at main, and {'b' * 40} is offered"):
        fetch(tmp_path, mirror)


def test_a_mirror_of_another_commit_than_the_catalog_pins_is_refused_whatever_it_holds(
    tmp_path, mirror
):
    write_listing(mirror, CONTENT, commit="b" * 40)
    pinned = dataclasses.replace(REPO, revision="a" * 40)
    with pytest.raises(BadInput, match=f"asked for at {'a' * 40}, and mirror lists {'b' * 40}"):
        fetch(tmp_path, mirror, pinned)
    assert not (tmp_path / "s").exists()
    write_listing(mirror, CONTENT, commit="a" * 40)
    assert fetch(tmp_path, mirror, pinned).commit == "a" * 40


def test_a_mirror_of_the_locked_commit_gives_its_files_though_the_catalog_moved_on(
    tmp_path, mirror
):
    write_listing(mirror, CONTENT)
    fetch(tmp_path, mirror)
    (tmp_path / "s" / "raw" / "config.txt").unlink()
    moved = dataclasses.replace(REPO, revision="b" * 40)
    assert fetch(tmp_path, mirror, moved).commit == "a" * 40


@pytest.mark.parametrize(
    "listing",
    [[], {REPO.id: 1}, {REPO.id: {"files": {}}}, {REPO.id: {"files": {"a": {"b": 1}}}}],
)
def test_a_damaged_listing_of_a_mirror_is_named(tmp_path, mirror, listing):
    (mirror / LISTING_NAME).write_text(json.dumps(listing))
    with pytest.raises(BadInput, match=f"{LISTING_NAME} is no listing of a mirror"):
        fetch(tmp_path, mirror)


def test_a_changed_file_in_a_mirror_without_listing_is_refused_too(tmp_path, mirror):
    fetch(tmp_path, mirror)
    (tmp_path / "s" / "raw" / "config.txt").unlink()
    (mirror / REPO.id / "config.txt").write_bytes(b"[]")
    with pytest.raises(BadInput, match="sent a wrong file") as error:
        fetch(tmp_path, mirror)
    assert digest(b"{}") in str(error.value) and digest(b"[]") in str(error.value)


def test_a_catalog_pin_binds_the_first_fetch(tmp_path, mirror):
    pinned = dataclasses.replace(REPO, pins={"config.txt": digest(b"other")})
    with pytest.raises(BadInput, match=digest(b"other")):
        fetch(tmp_path, mirror, pinned)
    assert not (tmp_path / "s" / "raw" / "config.txt").exists()


def test_wrong_bytes_of_the_right_length_are_set_aside_and_the_good_file_stays(tmp_path, mirror):
    write_listing(mirror, CONTENT)
    fetch(tmp_path, mirror)
    other = tmp_path / "s" / "raw" / "weights" / "1.dat"
    other.unlink()
    (mirror / REPO.id / "weights" / "1.dat").write_bytes(b"eno")
    with pytest.raises(BadInput, match=r"sent a wrong file: weights/1.dat: sha256 .*, expected"):
        fetch(tmp_path, mirror)
    assert not other.exists()
    assert other.with_name("1.dat.rejected").read_bytes() == b"eno"
    assert (tmp_path / "s" / "raw" / "weights" / "2.dat").read_bytes() == b"two"


def test_a_folder_in_the_place_of_what_is_set_aside_is_named(tmp_path, mirror):
    write_listing(mirror, CONTENT)
    (mirror / REPO.id / "weights" / "1.dat").write_bytes(b"eno")
    (tmp_path / "s" / "raw" / "weights" / "1.dat.rejected").mkdir(parents=True)
    with pytest.raises(BadInput, match=r"1\.dat\.rejected"):
        fetch(tmp_path, mirror)


@pytest.mark.parametrize(
    ("data", "told"),
    [(b"on", "2 bytes, expected 3"), (b"version https://git-lfs.github.com/spec/v1\n", "LFS")],
)
def test_a_short_body_and_an_lfs_pointer_are_named(tmp_path, mirror, data, told):
    write_listing(mirror, CONTENT)
    (mirror / REPO.id / "weights" / "1.dat").write_bytes(data)
    with pytest.raises(BadInput, match=told):
        fetch(tmp_path, mirror)


def test_a_pattern_that_matches_another_number_of_files_is_named(tmp_path, mirror):
    with pytest.raises(BadInput, match=r"weights/\*\.dat matches 2 files, not 3"):
        fetch(tmp_path, mirror, wanted=(Files("weights/*.dat", 3),))


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a\\b", "c:x", "a\0b"])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path, mirror, name):
    write_listing(mirror, {name: b"x"})
    with pytest.raises(BadInput, match=r"no(t a)? plain relative path"):
        fetch(tmp_path, mirror, wanted=(Files("*"),))


def test_a_link_out_of_the_storage_is_refused(tmp_path, mirror):
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "s" / "raw").mkdir(parents=True)
    (tmp_path / "s" / "raw" / "weights").symlink_to(outside)
    with pytest.raises(BadInput, match="symbolic link leads out"):
        fetch(tmp_path, mirror)
    assert not list(outside.iterdir())


@pytest.mark.parametrize("name", ["raw", "raw/weights"])
def test_a_loop_of_links_is_refused(tmp_path, mirror, name):
    loop = tmp_path / "s" / name
    loop.parent.mkdir(parents=True)
    loop.symlink_to(loop)
    with pytest.raises(BadInput, match="a link that leads back to itself"):
        fetch(tmp_path, mirror)


def test_the_git_blob_id_is_git_s_own(tmp_path):
    # `printf 'hello\n' | git hash-object --stdin`
    written = file_io.write_bytes(tmp_path / "a", b"hello\n")
    assert git_blob_of(written.path) == "ce013625030ba8dba906f756967f9e9ca394464a"


@pytest.mark.parametrize("values", [1, 1000])
@pytest.mark.parametrize("stated", [False, True])
def test_a_checkpoint_in_the_old_format_is_fetched_once_and_named_with_what_to_do(
    tmp_path, mirror, values, stated
):
    old = io.BytesIO()
    torch.save({"a": torch.ones(values)}, old, _use_new_zipfile_serialization=False)
    path = mirror / REPO.id / "model.bin"
    path.write_bytes(old.getvalue())
    if stated:
        write_listing(mirror, CONTENT | {"model.bin": old.getvalue()})
    with pytest.raises(BadInput) as refused:
        fetch(tmp_path, mirror, wanted=(Files("model.bin"),))
    told = str(refused.value)
    assert (
        "model.bin: not a torch checkpoint (zip), but one in the format of torch before 1.6" in told
    )
    assert file_formats.SAVE_ANEW in told and "LFS" not in told and "HF_ENDPOINT" not in told

    torch.save(torch.load(path, weights_only=True), path)
    if stated:
        write_listing(mirror, CONTENT | {"model.bin": path.read_bytes()})
    fetch(tmp_path, mirror, wanted=(Files("model.bin"),))
