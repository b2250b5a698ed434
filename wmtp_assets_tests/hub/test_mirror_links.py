"""A mirror is read by links inside of it, as the cache of the Hub has them, and no further."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from wmtp_assets.catalog import Files, Repo
from wmtp_assets.doctor.plans import RepoRequest
from wmtp_assets.doctor.repositories import asked, mirror_lines
from wmtp_assets.errors import BadInput
from wmtp_assets.hub.fetch import fetch_files
from wmtp_assets.hub.sources import LISTING_NAME, MirrorSource
from wmtp_assets.published import PUBLISHED
from wmtp_assets.store import Store
from wmtp_assets_tests.hub.world import write_repo

REPO = Repo(id="org/name", kind="model", revision="main", licence="MIT")
WANTED = (Files("a.dat"),)


def fetched(mirror: Path, root: Path) -> bytes:
    fetch_files(MirrorSource(mirror), REPO, WANTED, root / "raw", root / "sources.lock.json")
    return (root / "raw" / "a.dat").read_bytes()


def test_a_snapshot_of_the_cache_of_the_hub_is_a_mirror(tmp_path: Path):
    # As huggingface_hub lays it out; mirrors lie in a folder .cache as often as not.
    mirror = tmp_path / ".cache" / "huggingface" / "hub"
    blobs, snapshot = mirror / "models--org--name/blobs", mirror / "models--org--name/snapshots/a"
    for folder in (blobs, snapshot / "sub", mirror / "org"):
        folder.mkdir(parents=True)
    (blobs / "123").write_bytes(b"bytes")
    (snapshot / "a.dat").symlink_to("../../blobs/123")
    (snapshot / "sub" / "b.dat").symlink_to("../../../blobs/123")
    (mirror / REPO.id).symlink_to("../models--org--name/snapshots/a")
    listing = MirrorSource(mirror).list_files(REPO, "main")
    assert {f.path: f.size_bytes for f in listing.files} == {"a.dat": 5, "sub/b.dat": 5}
    assert fetched(mirror, tmp_path / "storage") == b"bytes"


def link_of_a_file(mirror: Path, outside: Path) -> None:
    (mirror / REPO.id / "a.dat").unlink()
    (mirror / REPO.id / "a.dat").symlink_to(outside / "a.dat")


def link_of_the_repository(mirror: Path, outside: Path) -> None:
    (mirror / REPO.id / "a.dat").unlink()
    (mirror / REPO.id).rmdir()
    (mirror / REPO.id).symlink_to(outside)


def link_by_another(mirror: Path, outside: Path) -> None:
    link_of_a_file(mirror, mirror)
    (mirror / "a.dat").symlink_to(outside / "a.dat")


@pytest.mark.parametrize("with_listing", [True, False])
@pytest.mark.parametrize("change", [link_of_a_file, link_of_the_repository, link_by_another])
def test_a_link_out_of_the_mirror_is_named_and_not_followed(
    tmp_path: Path, change: Callable[[Path, Path], None], with_listing: bool
):
    mirror, outside = tmp_path / "mirror", tmp_path / "outside"
    write_repo(mirror, REPO, {"a.dat": b"bytes"}, "a" * 40)
    if not with_listing:
        (mirror / LISTING_NAME).unlink()
    outside.mkdir()
    (outside / "a.dat").write_bytes(b"bytes")
    change(mirror, outside)
    with pytest.raises(BadInput, match=r"leads out of .*mirror.* -> .*outside"):
        fetched(mirror, tmp_path / "storage")
    assert not (tmp_path / "storage" / "raw" / "a.dat").exists()


def test_what_nobody_wants_may_lie_in_a_mirror(tmp_path: Path):
    mirror = tmp_path / "mirror"
    write_repo(mirror, REPO, {"a.dat": b"bytes"}, "a" * 40)
    (mirror / LISTING_NAME).unlink()
    (mirror / REPO.id / "latest").symlink_to(tmp_path)
    (mirror / REPO.id / "gone").symlink_to("nowhere")
    os.mkfifo(mirror / REPO.id / "pipe")
    assert fetched(mirror, tmp_path / "storage") == b"bytes"


def test_the_doctor_names_a_file_of_the_mirror_that_lies_elsewhere(tmp_path: Path):
    row, mirror = PUBLISHED.dataset("humaneval"), tmp_path / "mirror"
    name = "openai_humaneval/test-0.parquet"
    write_repo(mirror, row.repo, {name: b"PAR1rowsPAR1"}, row.repo.revision)
    ask = asked(Store(tmp_path / "s", tmp_path / "d"), RepoRequest(row, row.raw, ("datasets",)))
    [line] = mirror_lines(MirrorSource(mirror), [ask])
    assert line.state.name == "OK"
    (mirror / row.repo.id / name).rename(tmp_path / "elsewhere")
    (mirror / row.repo.id / name).symlink_to(tmp_path / "elsewhere")
    [line] = mirror_lines(MirrorSource(mirror), [ask])
    assert line.state.name == "FAIL" and name in str(line)
