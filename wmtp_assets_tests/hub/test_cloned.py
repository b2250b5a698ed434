"""Raw files from a mirror whose disk shares blocks: nothing is copied, all of it is hashed."""

import errno
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from wmtp_assets.errors import BadInput
from wmtp_assets.files import clone, file_io
from wmtp_assets.hub import sources
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets_tests.hub.test_transfer_disk import REPO, SIZE, fetch, mounted, needs_mount


@pytest.fixture
def mirror(tmp_path: Path) -> MirrorSource:
    return mirror_below(tmp_path)


def mirror_below(root: Path) -> MirrorSource:
    folder = root / "mirror" / REPO.id
    folder.mkdir(parents=True)
    (folder / "big.dat").write_bytes(os.urandom(SIZE))
    return MirrorSource(root / "mirror")


def upstream(mirror: MirrorSource) -> Path:
    return mirror.root / REPO.id / "big.dat"


def copied(source: int, target: int) -> bool:
    """As a file system that can."""
    os.pwrite(target, os.pread(source, SIZE, 0), 0)
    return True


def test_a_clone_is_hashed_from_the_disk_and_recorded(tmp_path, mirror, monkeypatch):
    def another(source: int, target: int) -> bool:
        copied(source, target)
        os.pwrite(target, b"other", SIZE // 2)
        return True

    monkeypatch.setattr(sources, "clone", another)
    monkeypatch.setattr(MirrorSource, "list_files", without_digest)
    (file,) = fetch(mirror, tmp_path, "big.dat").files
    assert file.path.read_bytes()[SIZE // 2 :].startswith(b"other")
    assert file.sha256 == file_io.sha256_of(file.path) != file_io.sha256_of(upstream(mirror))
    assert file.size_bytes == SIZE


def without_digest(self, repo, revision):
    return sources.Listing(repo.id, revision, (sources.RemoteFile("big.dat", SIZE),))


def test_what_is_cloned_is_not_sent_as_well(tmp_path, mirror, monkeypatch):
    monkeypatch.setattr(sources, "clone", copied)
    monkeypatch.setattr(sources.file_io, "CHUNK_BYTES", SIZE)  # a second copy would be one chunk
    fetched = fetch(mirror, tmp_path, "big.dat")
    assert (fetched.fetched_bytes, fetched.files[0].size_bytes) == (SIZE, SIZE)


def test_a_clone_that_was_not_hashed_when_its_run_ended_is_hashed_by_the_next(
    tmp_path, mirror, monkeypatch
):
    def ended(source: int, target: int) -> bool:
        copied(source, target)
        raise RuntimeError("killed")

    monkeypatch.setattr(sources, "clone", ended)
    with pytest.raises(RuntimeError, match="killed"):
        fetch(mirror, tmp_path, "big.dat")
    assert not (tmp_path / "raw" / "big.dat").exists()
    # A second clone would end it again.
    (file,) = fetch(mirror, tmp_path, "big.dat").files
    assert file.sha256 == file_io.sha256_of(upstream(mirror)) == file_io.sha256_of(file.path)


@pytest.mark.parametrize("grown", [-1, 1])
def test_a_source_that_changes_its_size_while_it_is_cloned_is_refused(
    tmp_path, mirror, monkeypatch, grown
):
    def changed(source: int, target: int) -> bool:
        os.truncate(upstream(mirror), SIZE + grown)
        os.ftruncate(target, SIZE + grown)
        return True

    monkeypatch.setattr(sources, "clone", changed)
    monkeypatch.setattr("wmtp_assets.hub.retry.MAX_FAILURES", 1)
    with pytest.raises(BadInput, match=r"wrong file|gave up|ended after"):
        fetch(mirror, tmp_path, "big.dat")
    assert not (tmp_path / "raw" / "big.dat").exists()


@pytest.mark.skipif(not hasattr(os, "fork") or os.uname().sysname != "Linux", reason="of Linux")
@pytest.mark.parametrize(
    "wrong", ["EXDEV", "EOPNOTSUPP", "EINVAL", "ENOSYS", "ENOTTY", "EPERM", "ENOSPC", "ETXTBSY"]
)
def test_where_blocks_cannot_be_shared_the_bytes_are_copied(tmp_path, mirror, monkeypatch, wrong):
    def refused(descriptor: int, request: int, argument: int) -> int:
        assert request == clone.FICLONE
        os.pwrite(descriptor, b"some of it", SIZE)  # ended in the middle
        raise OSError(getattr(errno, wrong), os.strerror(getattr(errno, wrong)))

    monkeypatch.setattr(clone.fcntl, "ioctl", refused)
    (file,) = fetch(mirror, tmp_path, "big.dat").files
    assert file.sha256 == file_io.sha256_of(upstream(mirror)) == file_io.sha256_of(file.path)


@needs_mount
@pytest.mark.long
@pytest.mark.parametrize("make", [["mkfs.xfs", "-q", "-m", "reflink=1"], ["mkfs.btrfs", "-q"]])
def test_a_file_system_that_shares_blocks_gives_no_new_ones(tmp_path, make):
    if not shutil.which(make[0]):
        pytest.skip(f"{make[0]} is not installed")
    image = tmp_path / "image"
    with open(image, "wb") as handle:
        handle.truncate(400_000_000)
    subprocess.run([*make, str(image)], check=True)
    with mounted(tmp_path / "disk", "-o", "loop", str(image)) as disk:
        mirror = mirror_below(disk)
        os.sync()
        free = shutil.disk_usage(disk).free
        (file,) = fetch(mirror, disk, "big.dat").files
        os.sync()
        time.sleep(0.1)
        assert free - shutil.disk_usage(disk).free < SIZE / 4
        assert file.sha256 == file_io.sha256_of(upstream(mirror)) == file_io.sha256_of(file.path)
        upstream(mirror).write_bytes(b"")
        assert file_io.sha256_of(file.path) == file.sha256
