"""sources.lock.json: obeyed, never mixed, and a damaged one is named with what to do."""

import json
from pathlib import Path

import pytest

from wmtp_assets.catalog import Repo
from wmtp_assets.errors import BadInput
from wmtp_assets.hub.field_values import NO_COMMIT
from wmtp_assets.hub.lock import (
    extend_lock,
    locked_commit,
    locked_repo,
    locked_revision,
    read_lock,
    replace_entry,
)

REPO = Repo(id="org/data", kind="dataset", revision="main", licence="MIT")
A, B = "a" * 40, "b" * 40
ONE = {"one.dat": (3, "1" * 64)}
TWO = {"two.dat": (4, "2" * 64)}


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "sources.lock.json"
    extend_lock(path, REPO, A, ONE)
    return path


def test_files_of_the_locked_commit_join_what_is_there(lock):
    extend_lock(lock, REPO, A, TWO)
    locked = locked_repo(lock, REPO)
    assert (locked.commit, locked.files) == (A, ONE | TWO)


def test_files_of_another_commit_are_refused_and_both_commits_named(lock):
    before = lock.read_bytes()
    with pytest.raises(BadInput, match=rf"commit {A}: files of commit {B} .*renew_lock"):
        extend_lock(lock, REPO, B, TWO)
    assert lock.read_bytes() == before
    assert locked_commit(lock, REPO) == A


@pytest.mark.parametrize(("commit", "shown"), [(A, A), ("main", NO_COMMIT)])
def test_a_document_shows_the_locked_commit_and_never_a_branch(tmp_path, commit, shown):
    extend_lock(tmp_path / "lock", REPO, commit, ONE)
    assert locked_revision(tmp_path / "lock", REPO) == shown


def test_another_digest_of_a_locked_file_is_refused_and_both_digests_named(lock):
    before = lock.read_bytes()
    with pytest.raises(BadInput, match=f"one.dat: locked {'1' * 64}, now {'9' * 64}"):
        extend_lock(lock, REPO, A, {"one.dat": (3, "9" * 64)} | TWO)
    assert lock.read_bytes() == before


def test_another_repository_has_an_entry_of_its_own(lock):
    other = Repo(id="org/a", kind="model", revision="main", licence="MIT")
    extend_lock(lock, other, B, TWO)
    assert list(read_lock(lock)["repos"]) == ["org/a", "org/data"]
    assert locked_commit(lock, REPO) == A and locked_commit(lock, other) == B


def test_what_is_locked_already_is_not_written_again(lock):
    before = lock.stat().st_ino
    extend_lock(lock, REPO, A, ONE)
    assert lock.stat().st_ino == before


def test_an_entry_is_replaced_only_if_it_is_still_the_one_that_was_looked_at(lock):
    old = locked_repo(lock, REPO)
    extend_lock(lock, REPO, A, TWO)
    with pytest.raises(BadInput, match="changed meanwhile: org/data"):
        replace_entry(lock, REPO, old, B, TWO)
    replace_entry(lock, REPO, locked_repo(lock, REPO), B, TWO)
    locked = locked_repo(lock, REPO)
    assert (locked.commit, locked.files) == (B, TWO)


def damaged(**entry) -> str:
    whole = {"commit": A, "files": {"one.dat": {"size_bytes": 3, "sha256": "1" * 64}}}
    return json.dumps({"version": 1, "repos": {"org/data": whole | entry}})


def fact(**facts) -> str:
    return damaged(files={"one.dat": {"size_bytes": 3, "sha256": "1" * 64} | facts})


@pytest.mark.parametrize(
    ("text", "culprit"),
    [
        ("{", "is not JSON"),
        ("\xff", "is not JSON"),
        ("[" * 100_000, "is not JSON .nested deeper"),
        ('{"version": 1, "version": 1, "repos": {}}', "is not JSON .names that come twice"),
        ("[]", "the whole is no object"),
        ("{}", "version is missing; repos is missing"),
        ('{"version": 2, "repos": {}}', "version 2, this release reads 1"),
        ('{"version": 1, "repos": []}', "repos is no object"),
        ('{"version": 1, "repos": {"org/data": null}}', "repos: org/data is no object"),
        ('{"version": 1, "repos": {"org/data": {}}}', "commit is missing; .* files is missing"),
        (damaged(commit=7), "org/data: commit should be a valid string, found 7"),
        (damaged(commit=""), "org/data: commit should have at least 1"),
        (damaged(files=["one.dat"]), "org/data: files is no object"),
        (damaged(files={"one.dat": None}), "files: one.dat is no object"),
        (damaged(files={"one.dat": {"size_bytes": 3}}), "one.dat: sha256 is missing"),
        (damaged(files={"../one.dat": {}}), "../one.dat.* is no plain relative path"),
        (damaged(kind=["model"]), "org/data: kind should be a valid string"),
        (damaged(extra=1), "org/data: extra is unknown"),
        (fact(size_bytes="3"), "one.dat: size_bytes should be a valid integer, found '3'"),
        (fact(size_bytes=3.0), "one.dat: size_bytes should be a valid integer, found 3.0"),
        (fact(size_bytes=-1), "one.dat: size_bytes should be greater than or equal to 0"),
        (fact(size_bytes=10**40), "is not JSON .a whole number of more than 40 digits"),
        (fact(size_bytes=10**39), "one.dat: size_bytes should be less than"),
        (fact(size_bytes=True), "one.dat: size_bytes should be a valid integer, found True"),
        (fact(sha256="1" * 63), "one.dat: sha256 should match pattern"),
        (fact(sha256=None), "one.dat: sha256 should be a valid string, found None"),
    ],
)
def test_a_damaged_lock_is_named_with_the_culprit_and_the_fix(lock, text, culprit):
    lock.write_text(text, "latin-1")
    for use in (
        lambda: locked_repo(lock, REPO),
        lambda: extend_lock(lock, REPO, A, ONE),
    ):
        with pytest.raises(BadInput, match=culprit) as error:
            use()
        assert str(lock) in str(error.value) and error.value.fix
    assert lock.read_text("latin-1") == text, "a damaged lock is left as it is"


def test_the_whole_form_is_read(lock):
    lock.write_text(damaged())
    assert locked_repo(lock, REPO).files == ONE
