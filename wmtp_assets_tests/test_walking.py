"""Folders are walked without entering links and without a traceback, and removed likewise."""

import os
from pathlib import Path

import pytest

from wmtp_assets.errors import BadInput
from wmtp_assets.files.walking import DEEPEST, files_below, remove_tree, walk


def nested(top: Path, names: list[str]) -> None:
    """Make folders in each other; their whole path may be longer than a system call takes."""
    top.mkdir(parents=True, exist_ok=True)
    here = os.open(top, os.O_RDONLY)
    for name in names:
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


# Python counts calls up to 1,000 deep, a path has up to 4,096 bytes.
DEEP = [
    pytest.param(["d"] * 1_100, id="many", marks=pytest.mark.long),
    pytest.param(["n" * 255] * 100, id="long"),
    pytest.param(["d"] * (DEEPEST + 1), id="one too many"),
]


@pytest.mark.parametrize("names", DEEP)
def test_folders_nested_too_deep_are_named_and_can_be_removed(tmp_path, names):
    top = tmp_path / "top"
    nested(top, names)
    with pytest.raises(BadInput, match=r"nested deeper.*/top/.{1,1100}\.\.\.\. Fix: "):
        list(walk(top))
    remove_tree(top)
    assert not top.exists()


def test_what_lies_within_the_depth_is_found(tmp_path):
    nested(tmp_path / "top", ["d"] * DEEPEST)
    assert [path.name for path in files_below(tmp_path / "top")] == ["file"]


def test_links_are_named_and_never_entered(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").touch()
    top = tmp_path / "top"
    (top / "a").mkdir(parents=True)
    (top / "a" / "here").touch()
    (top / "out").symlink_to(tmp_path / "outside")
    (top / "up").symlink_to("..")
    (top / "endless").symlink_to("endless")
    (top / "nowhere").symlink_to("missing")
    found = [path.relative_to(top).as_posix() for path in files_below(top)]
    assert sorted(found) == ["a/here", "endless", "nowhere", "out", "up"]
    (tmp_path / "top link").symlink_to(top)
    assert len(list(files_below(tmp_path / "top link"))) == 5
    remove_tree(top)
    assert (tmp_path / "outside" / "file").exists()


def test_a_folder_taken_off_the_list_is_not_entered(tmp_path):
    for name in ("kept/one", "left/two"):
        (tmp_path / name).mkdir(parents=True)
    seen = []
    for folder, folders, _ in walk(tmp_path):
        seen.append(folder.name)
        folders[:] = [name for name in folders if name != "left"]
    assert seen == [tmp_path.name, "kept", "one"]


def test_no_folder_yields_nothing(tmp_path):
    (tmp_path / "file").touch()
    assert list(walk(tmp_path / "missing")) == list(walk(tmp_path / "file")) == []


def test_a_folder_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o000)
    is_root = os.geteuid() == 0  # who reads every folder
    if is_root:
        os.seteuid(65_534)
    try:
        with pytest.raises(BadInput, match=r"cannot be read.*test_a_folder"):
            list(walk(tmp_path))
    finally:
        if is_root:
            os.seteuid(0)
        (tmp_path / "closed").chmod(0o700)
