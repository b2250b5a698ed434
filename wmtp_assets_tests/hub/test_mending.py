"""Storages in which an earlier release locked what is no such file: it is locked anew, or said."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from wmtp_assets.catalog import Catalog
from wmtp_assets.deployment import Deployment
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.hub.fetch import fetch_files
from wmtp_assets.hub.lock import extend_lock, read_lock
from wmtp_assets.hub.mirror import write_mirror
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.published import PUBLISHED
from wmtp_assets.raw.jobs import mirrored_repos
from wmtp_assets.store import Store
from wmtp_assets_tests.catalogs import with_rows
from wmtp_assets_tests.hub.world import write_repo

A = "a" * 40
HUMANEVAL = PUBLISHED.dataset("humaneval")
ROW = replace(HUMANEVAL, repo=replace(HUMANEVAL.repo, revision="main"))
FILE = "openai_humaneval/test-00000.parquet"
RIGHT = b"PAR1" + b"rows" * 40 + b"PAR1"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%b\nsize 168\n" % (b"a" * 64)
WRONG = {"empty": b"", "pointer": POINTER, "page": b"<!DOCTYPE html><title>Log in</title>"}


def facts(data: bytes) -> tuple[int, str]:
    return len(data), hashlib.sha256(data).hexdigest()


class Storage:
    """A storage of one repository, and the mirror that it comes from."""

    def __init__(self, root: Path):
        catalog: Catalog = with_rows(PUBLISHED, ROW)
        here = Store(root / "storage", root / "docs")
        self.deployment = Deployment(catalog, MirrorSource(root / "upstream"), here)
        self.mirror, self.lock = root / "upstream", here.lock
        self.folder = here.dataset(ROW.name).raw
        self.file = self.folder / FILE
        self.lines: list[str] = []

    def stored(self, data: bytes) -> None:
        """What an earlier release left: the bytes, and their digest in the lock."""
        file_io.write_bytes(self.file, data)
        extend_lock(self.lock, ROW.repo, A, {FILE: facts(data)})

    def offered(self, data: bytes) -> None:
        write_repo(self.mirror, ROW.repo, {FILE: data}, A)

    def fetch(self):
        source, lines = self.deployment.source, self.lines
        return fetch_files(source, ROW.repo, ROW.raw, self.folder, self.lock, lines.append)

    @property
    def locked(self) -> tuple[int, str]:
        entry = read_lock(self.lock)["repos"][ROW.repo.id]["files"][FILE]
        return entry["size_bytes"], entry["sha256"]


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path)


@pytest.mark.parametrize("wrong", WRONG)
def test_what_lies_there_and_is_no_such_file_is_fetched_and_locked_anew(storage, wrong):
    storage.stored(WRONG[wrong])
    storage.offered(RIGHT)
    assert storage.fetch().fetched_bytes == len(RIGHT)
    assert storage.file.read_bytes() == RIGHT and storage.locked == facts(RIGHT)
    assert f"{FILE} is locked with {len(WRONG[wrong])} bytes that are no such file" in str(
        storage.lines
    )
    assert storage.fetch().kept == 1


def test_an_empty_entry_stops_nothing_after_the_empty_file_was_deleted(storage):
    storage.stored(b"")
    storage.file.unlink()
    storage.offered(RIGHT)
    storage.fetch()
    assert storage.locked == facts(RIGHT)


@pytest.mark.parametrize("wrong", WRONG)
def test_a_source_that_still_has_no_such_file_is_refused_and_the_lock_stays(storage, wrong):
    storage.stored(WRONG[wrong])
    before = storage.lock.read_bytes()
    storage.offered(WRONG[wrong])
    with pytest.raises(BadInput, match=f"sent a wrong file: {FILE}: an? ") as error:
        storage.fetch()
    assert "the source holds just this under that name" in str(error.value)
    assert storage.lock.read_bytes() == before
    assert storage.file.read_bytes() == WRONG[wrong]


def test_a_right_file_that_was_damaged_does_not_disprove_the_lock(storage):
    storage.stored(RIGHT)
    storage.file.write_bytes(b"<html>" + b" " * (len(RIGHT) - 6))
    other = RIGHT.replace(b"rows", b"swor")
    storage.offered(other)
    with pytest.raises(BadInput, match="sent a wrong file") as error:
        storage.fetch()
    assert facts(RIGHT)[1] in str(error.value) and facts(other)[1] in str(error.value)
    storage.offered(RIGHT)
    assert storage.fetch().fetched_bytes == len(RIGHT) and storage.locked == facts(RIGHT)
    assert "no such file" not in str(storage.lines)


def test_an_entry_that_another_run_wrote_meanwhile_is_not_replaced(storage):
    storage.stored(RIGHT)
    with pytest.raises(BadInput, match="holds other bytes"):
        extend_lock(storage.lock, ROW.repo, A, {FILE: facts(b"x")}, instead_of={FILE: facts(b"")})
    assert storage.locked == facts(RIGHT)


def test_a_mirror_is_never_written_of_what_is_no_such_file(storage, tmp_path):
    storage.stored(b"")
    with pytest.raises(BadInput, match=f"lacks published files.*{FILE}.*materialize the raw"):
        mirrored_repos(storage.deployment)
    storage.file.unlink()
    storage.lock.unlink()
    storage.stored(POINTER)
    target = tmp_path / "travels"
    with pytest.raises(BadInput, match="a Git LFS pointer text instead of the file"):
        write_mirror(target, mirrored_repos(storage.deployment))
    assert not [path for path in target.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "said",
    [
        {"size_bytes": True, "sha256": facts(RIGHT)[1]},
        {"size_bytes": -1, "sha256": facts(RIGHT)[1]},
        {"size_bytes": "168", "sha256": facts(RIGHT)[1]},
        {"size_bytes": None, "sha256": facts(RIGHT)[1]},
        {"size_bytes": len(RIGHT), "sha256": "A" * 64},
        {"size_bytes": len(RIGHT), "sha256": None},
        {"size_bytes": len(RIGHT)},
    ],
)
def test_a_listing_of_a_mirror_with_other_facts_than_write_mirror_states_is_named(storage, said):
    storage.offered(RIGHT)
    listing = storage.mirror / "wmtp_mirror.json"
    stated = json.loads(listing.read_text())
    stated[ROW.repo.id]["files"][FILE] = said
    listing.write_text(json.dumps(stated))
    with pytest.raises(BadInput, match="is no listing of a mirror"):
        storage.fetch()
    stated[ROW.repo.id] = {"commit": None, "files": {}}
    listing.write_text(json.dumps(stated))
    with pytest.raises(BadInput, match="commit should be a valid string, found None"):
        storage.fetch()


def test_an_empty_file_in_a_mirror_without_a_listing_is_refused(storage):
    storage.offered(b"")
    (storage.mirror / "wmtp_mirror.json").unlink()
    with pytest.raises(BadInput, match="an empty file"):
        storage.fetch()
    assert not storage.lock.exists() and not storage.file.exists()
