"""Renewing the lock: the difference is shown first, and nothing changes until told."""

import dataclasses
import hashlib
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets.catalog import Files, Repo
from wmtp_assets.errors import BadInput
from wmtp_assets.hub.fetch import fetch_files
from wmtp_assets.hub.lock import LockedRepo, extend_lock, locked_commit, locked_repo, replace_entry
from wmtp_assets.hub.renewal import plan_renewal
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.raw.jobs import renew_lock
from wmtp_assets.source import Listing, RemoteFile
from wmtp_assets_tests.hub.world import World, write_repo

A, B = "a" * 40, "b" * 40
REPO = Repo(id="org/model", kind="model", revision="main", licence="MIT")
WANTED = (Files("weights-*.dat", 2),)
FILES = {"weights-1.dat": b"one", "weights-2.dat": b"two", "vocab[1].txt": b"words"}


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@dataclasses.dataclass
class Branch:
    """A source like the Hub: sha256 of large files, git blob ids of small ones."""

    commits: dict[str, dict[str, bytes]]
    main: str = A
    name: str = "fake"

    def list_files(self, repo: Repo, revision: str) -> Listing:
        commit = self.main if revision == "main" else revision
        return Listing(repo.id, commit, tuple(self.facts(*f) for f in self.commits[commit].items()))

    @staticmethod
    def facts(path: str, data: bytes) -> RemoteFile:
        large = path.endswith(".dat")
        return RemoteFile(
            path, len(data), digest(data) if large else None, None if large else blob(data)
        )


@pytest.fixture
def old() -> LockedRepo:
    return LockedRepo(REPO.id, A, {p: (len(d), digest(d)) for p, d in FILES.items()})


def plan(old: LockedRepo, new: dict[str, bytes], repo: Repo = REPO):
    return plan_renewal(Branch({A: FILES, B: new}, B), repo, WANTED, old)


def test_a_branch_that_stayed_has_no_difference(old):
    renewal = plan_renewal(Branch({A: FILES}), REPO, WANTED, old)
    assert not renewal.differs and renewal.locked_files == old.files
    assert renewal.lines == [f"org/model: still at the locked commit {A}"]


def test_a_catalog_that_asks_for_another_revision_of_equal_content_has_a_difference(old):
    """An approval holds the revision of the lock against the catalog's."""
    asked = dataclasses.replace(old, revision="main")
    assert not plan_renewal(Branch({A: FILES}), REPO, WANTED, asked).differs
    pinned = dataclasses.replace(REPO, revision=A)
    renewal = plan_renewal(Branch({A: FILES}), pinned, WANTED, asked)
    assert renewal.differs and renewal.locked_files == old.files


def test_a_commit_that_changes_no_wanted_file_keeps_every_digest(old):
    renewal = plan(old, FILES | {"README.md": b"new"})
    assert renewal.differs and renewal.locked_files == old.files
    assert (renewal.added, renewal.removed, renewal.changed, renewal.unknown) == ((),) * 4
    assert "3 files unchanged" in renewal.lines[0] and A in renewal.lines[0]


def test_a_changed_large_file_is_shown_with_both_digests_and_locked_at_the_new_one(old):
    renewal = plan(old, FILES | {"weights-1.dat": b"eno"})
    assert renewal.changed == ("weights-1.dat",)
    assert digest(b"one") in renewal.lines[1] and digest(b"eno") in renewal.lines[1]
    assert renewal.locked_files["weights-1.dat"] == (3, digest(b"eno"))
    assert renewal.locked_files["vocab[1].txt"] == (5, digest(b"words"))


def test_a_large_file_that_changed_at_the_same_commit_is_shown_too(old):
    renewal = plan_renewal(Branch({A: FILES | {"weights-1.dat": b"eno"}}), REPO, WANTED, old)
    assert renewal.differs and renewal.changed == ("weights-1.dat",)


def test_a_changed_small_file_is_found_by_its_git_blob_and_left_for_the_fetch(old):
    renewal = plan(old, FILES | {"vocab[1].txt": b"sword"})
    assert renewal.changed == ("vocab[1].txt",)
    assert "told by the next fetch" in renewal.lines[1]
    assert "vocab[1].txt" not in renewal.locked_files


def test_files_under_other_names_are_new_and_gone(old):
    files = {p: d for p, d in FILES.items() if p != "weights-2.dat"} | {"weights-3.dat": b"3"}
    renewal = plan(old, files)
    assert (renewal.added, renewal.removed) == (("weights-3.dat",), ("weights-2.dat",))
    assert renewal.locked_files.keys() == files.keys()


def test_without_a_digest_nothing_is_called_equal(old, tmp_path):
    for name, data in FILES.items():
        path = tmp_path / REPO.id / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    renewal = plan_renewal(MirrorSource(tmp_path), REPO, WANTED, old)
    assert renewal.unknown == tuple(sorted(FILES)) and renewal.locked_files == {}
    (tmp_path / REPO.id / "weights-1.dat").write_bytes(b"longer")
    assert plan_renewal(MirrorSource(tmp_path), REPO, WANTED, old).changed == ("weights-1.dat",)


def test_a_wanted_file_that_is_gone_upstream_is_named_and_the_lock_stays(old):
    with pytest.raises(BadInput, match=r"vocab.*matches 0 files"):
        plan(old, {p: d for p, d in FILES.items() if p.endswith("dat")})
    with pytest.raises(BadInput, match=r"weights-\*.dat matches 1 files, not 2"):
        plan(old, {p: d for p, d in FILES.items() if p != "weights-2.dat"})


def test_a_change_against_the_catalogs_pins_is_refused_with_both_digests(old):
    pinned = dataclasses.replace(REPO, pins={"weights-1.dat": digest(b"one")})
    with pytest.raises(BadInput, match=f"pin says {digest(b'one')}, the source {digest(b'eno')}"):
        plan(old, FILES | {"weights-1.dat": b"eno"}, pinned)


@pytest.fixture
def world(tmp_path: Path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        world = World(tmp_path, instance, renew_lock)
        world.publish(b"first", A)
        world.materialize()
        world.publish(b"other", B)
        yield world


def renew(world: World, **config) -> dg.ExecuteInProcessResult:
    return world.run("renew_lock", run_config={"ops": {"renew_locked_repos": {"config": config}}})


def test_the_job_only_shows_until_it_is_told(world):
    before = world.lock.read_bytes()
    assert renew(world).success
    assert world.lock.read_bytes() == before
    assert renew(world, renew=True).success
    assert locked_commit(world.lock, world.repo) == B


def test_after_the_renewal_the_next_run_fetches_and_no_change_shows_any_more(world):
    renew(world)
    assert world.shows_change(), "the job saw that main moved"
    world.materialize()
    assert world.rows == b"first"
    renew(world, renew=True)
    assert world.rows == b"first", "the lock changes, the disk does not"
    world.materialize()
    assert world.rows == b"other"
    assert not world.shows_change()


def test_only_the_named_repository_is_renewed(world):
    assert not renew(world, renew=True, only=["org/unknown"]).success
    assert renew(world, renew=True, only=[world.catalog.dataset("mbpp").repo.id]).success
    assert locked_commit(world.lock, world.repo) == A


def test_a_repository_that_cannot_be_asked_fails_the_job_and_hides_no_other(world):
    other = world.catalog.dataset("mbpp").repo
    extend_lock(world.lock, other, A, {"x": (1, "1" * 64)})
    result = renew(world, renew=True)
    assert not result.success
    [failure] = result.get_step_failure_events()
    assert other.id in str(failure.step_failure_data.error)
    assert locked_commit(world.lock, world.repo) == B
    assert locked_commit(world.lock, other) == A


def test_files_fetched_after_a_renewal_fill_what_the_lock_left_open(tmp_path):
    mirror, lock, raw = tmp_path / "m", tmp_path / "lock.json", tmp_path / "raw"
    write_repo(mirror, REPO, FILES, A)
    wanted = (*WANTED, Files("vocab*"))
    fetch_files(MirrorSource(mirror), REPO, wanted, raw, lock)
    write_repo(mirror, REPO, FILES | {"weights-1.dat": b"eno"}, B)
    with pytest.raises(BadInput, match=f"asked for at {A}, and mirror lists {B}"):
        (raw / "weights-1.dat").unlink()
        fetch_files(MirrorSource(mirror), REPO, wanted, raw, lock)
    entry = locked_repo(lock, REPO)
    renewal = plan_renewal(MirrorSource(mirror), REPO, wanted, entry)
    replace_entry(lock, REPO, entry, renewal.commit, renewal.locked_files)
    assert fetch_files(MirrorSource(mirror), REPO, wanted, raw, lock).commit == B
    assert (raw / "weights-1.dat").read_bytes() == b"eno"
