"""What is no regular file, leads out or is too large is named at once, never waited for."""

import os
import socket
from pathlib import Path

import pytest

from wmtp_assets.errors import BadInput
from wmtp_assets.files.regular import open_regular, read_small, require_inside


def test_a_regular_file_is_read(tmp_path):
    (tmp_path / "file").write_bytes(b"bytes")
    (tmp_path / "link").symlink_to("file")
    assert read_small(tmp_path / "file", limit=5, root=tmp_path) == b"bytes"
    assert read_small(tmp_path / "link", root=tmp_path) == b"bytes"
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "missing", root=tmp_path)


def fifo(path):
    os.mkfifo(path)


def listening(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (fifo, "a FIFO"),
        (listening, "not a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "a device"),
        (lambda path: path.mkdir(), "a folder"),
        (lambda path: path.symlink_to(path), "leads back to itself"),
    ],
    ids=["fifo", "socket", "device", "folder", "endless link"],
)
def test_what_is_no_regular_file_is_named(tmp_path, monkeypatch, make, named):
    monkeypatch.chdir(tmp_path)  # the name of a socket is bounded to some 100 characters
    make(tmp_path / "it")
    with pytest.raises(BadInput, match=named):
        open_regular(tmp_path / "it")


@pytest.mark.parametrize("name", ["link", "folder/file"])
def test_a_link_out_of_the_root_is_not_followed(tmp_path, name):
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "file").write_bytes(b"bytes")
    (root / "link").symlink_to(outside / "file")
    (root / "folder").symlink_to(outside)
    with pytest.raises(BadInput, match="leads out of"):
        read_small(root / name, root=root)


def test_a_file_larger_than_its_kind_is_not_read(tmp_path):
    with open(tmp_path / "sparse", "wb") as sparse:
        sparse.truncate(6 * 10**9)
    with pytest.raises(BadInput, match="larger than any such file"):
        read_small(tmp_path / "sparse")


@pytest.mark.parametrize("below", ["", "x/y"])
def test_a_loop_of_links_is_named_though_python_resolves_it(tmp_path, monkeypatch, below):
    """As it does since Python 3.13: to itself."""
    monkeypatch.setattr(Path, "resolve", lambda path: Path(os.path.realpath(path)))
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(BadInput, match="a link that leads back to itself"):
        require_inside(tmp_path / "loop" / below, tmp_path)
    require_inside(tmp_path / "missing" / below, tmp_path)
