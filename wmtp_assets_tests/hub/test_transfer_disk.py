"""Disks that are too small, become full, or are read-only; the earlier good file stays."""

import contextlib
import os
import shutil
import subprocess
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest

from wmtp_assets.catalog import Files, Repo
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.hub.fetch import fetch_files
from wmtp_assets.hub.sources import MirrorSource

REPO = Repo(id="org/thing", kind="model", revision="main", licence="MIT")
SIZE = 8_000_000


@pytest.fixture
def mirror(tmp_path: Path) -> MirrorSource:
    folder = tmp_path / "mirror" / REPO.id
    folder.mkdir(parents=True)
    (folder / "big.dat").write_bytes(os.urandom(SIZE))
    (folder / "small.dat").write_bytes(b"small")
    return MirrorSource(tmp_path / "mirror")


def fetch(source: MirrorSource, root: Path, *names: str):
    wanted = tuple(Files(name) for name in names)
    return fetch_files(source, REPO, wanted, root / "raw", root / "lock.json")


@contextlib.contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """Mount something on a folder, where this user may."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"mounting needs root: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


needs_mount = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("mount"),
    reason="mounting a small or read-only disk needs root",
)


def test_a_disk_that_is_too_small_is_refused_before_the_first_byte(tmp_path, mirror, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(file_io.shutil, "disk_usage", lambda path: usage(SIZE, 1, SIZE - 1))
    with pytest.raises(BadInput, match=f"{SIZE:,} bytes needed, {SIZE - 1:,} free"):
        fetch(mirror, tmp_path / "s", "big.dat")
    assert not (tmp_path / "s").exists()


def test_what_is_there_already_is_not_needed_again(tmp_path, mirror, monkeypatch):
    from wmtp_assets.hub.partial import DownloadPaths

    upstream = mirror.root / REPO.id / "big.dat"
    with mirror.open(REPO, "main", "big.dat", 0) as body:
        partial = DownloadPaths(tmp_path / "s" / "raw", "big.dat").new(body.etag)
    partial.path.write_bytes(upstream.read_bytes()[: SIZE // 2])
    partial.held.release()
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(file_io.shutil, "disk_usage", lambda path: usage(SIZE, 1, SIZE // 2))
    assert fetch(mirror, tmp_path / "s", "big.dat").fetched_bytes == SIZE // 2
    assert (tmp_path / "s" / "raw" / "big.dat").read_bytes() == upstream.read_bytes()


@needs_mount
def test_a_disk_that_becomes_full_midway_keeps_the_good_and_removes_the_half(
    tmp_path, mirror, monkeypatch
):
    monkeypatch.setattr(file_io, "require_free_space", lambda folder, needed: None)
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=4m", "tmpfs") as disk:
        fetch(mirror, disk, "small.dat")
        with pytest.raises(BadInput, match=r"disk became full while big\.dat arrived"):
            fetch(mirror, disk, "small.dat", "big.dat")
        assert (disk / "raw" / "small.dat").read_bytes() == b"small"
        assert not list(disk.rglob("*.partial")) and not (disk / "raw" / "big.dat").exists()
        assert shutil.disk_usage(disk).free > 3_000_000


@needs_mount
def test_a_read_only_target_is_named_and_what_is_in_it_stays(tmp_path, mirror):
    storage = tmp_path / "s"
    fetch(mirror, storage, "small.dat")
    with mounted(storage, "--bind", str(storage)):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(storage)], check=True)
        with pytest.raises(BadInput, match=r"cannot write into .*raw \(Read-only file system\)"):
            fetch(mirror, storage, "small.dat", "big.dat")
        assert (storage / "raw" / "small.dat").read_bytes() == b"small"
    fetch(mirror, storage, "small.dat", "big.dat")


def test_a_raw_folder_that_is_a_link_out_of_the_storage_is_refused(tmp_path, mirror):
    (tmp_path / "outside").mkdir()
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "raw").symlink_to(tmp_path / "outside")
    with pytest.raises(BadInput, match="symbolic link leads out"):
        fetch(mirror, tmp_path / "s", "small.dat")
    assert not list((tmp_path / "outside").iterdir())


def test_a_storage_root_that_is_a_link_is_fine(tmp_path, mirror):
    (tmp_path / "outside").mkdir()
    (tmp_path / "s").symlink_to(tmp_path / "outside")
    fetch(mirror, tmp_path / "s", "small.dat")
    assert (tmp_path / "outside" / "raw" / "small.dat").read_bytes() == b"small"
