"""The lock is approved where it says what runs recorded, all of it, and nothing else."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from wmtp_assets.approval.chain import Verdict
from wmtp_assets.approval.recorded_lock import lock_differences, recorded_lock
from wmtp_assets.approval.signing import KeySigner, NoSigner
from wmtp_assets.catalog import Dataset, Model
from wmtp_assets.errors import BadInput
from wmtp_assets.evidence.judge import AssetRow, Materialization
from wmtp_assets.files import file_io
from wmtp_assets.hub.lock import extend_lock
from wmtp_assets.sample.catalog import SAMPLE
from wmtp_assets.store import Store
from wmtp_assets_tests.signoff.approval.sealed import new_keys
from wmtp_assets_tests.signoff.world import World

A, B = "a" * 40, "b" * 40
MTP, REF, MBPP = SAMPLE.model("meta_mtp"), SAMPLE.model("ref_sheared"), SAMPLE.dataset("mbpp")
OTHER, EVIL = "0" * 64, "evil/never-fetched"
WEIGHTS = "7B_1T_4/consolidated.pth"


def made(key: str, row: Model | Dataset, files: Mapping[str, str], commit: str = A) -> AssetRow:
    """An asset as its run recorded it: path below the root -> sha256."""
    facts = {p: {"size_bytes": 7, "sha256": s, "mtime_ns": 1} for p, s in files.items()}
    metadata = {"repo": row.repo.url, "revision": commit}
    latest = Materialization(1, "sha256:0", "run", 1.0, facts, metadata)
    return AssetRow(key, key.split("/")[0], "", latest)


def raw(key: str, row: Model | Dataset, *files: str, commit: str = A) -> AssetRow:
    folder = f"models_v2/{row.folder}" if isinstance(row, Model) else f"datasets_v2/{row.name}"
    return made(f"{key}/raw", row, {f"{folder}/raw/{f}": "1" * 64 for f in files}, commit)


TOKENIZER = made(
    "meta_mtp/tokenizer",
    MTP,
    {
        f"models_v2/{MTP.folder}/tokenizer/tokenizer.model": "2" * 64,
        f"models_v2/{MTP.folder}/tokenizer/tokenizer.json": "3" * 64,
    },
)
# Derived: it names the repository too, and nothing of it was fetched.
CONFIGS = made("meta_mtp/configs", MTP, {f"models_v2/{MTP.folder}/configs/params.json": "4" * 64})
RECORD = (
    raw("meta_mtp", MTP, WEIGHTS, "7B_1T_4/params.json"),
    TOKENIZER,
    CONFIGS,
    raw("mbpp", MBPP, "full/train-0.parquet"),
    AssetRow("ref_sheared/raw", "ref_sheared", "", None),
)


@pytest.fixture
def place(tmp_path: Path) -> Store:
    """A storage whose lock the two runs wrote."""
    place = Store(tmp_path / "s", tmp_path / "d")
    extend_lock(place.lock, MBPP.repo, A, {"full/train-0.parquet": (7, "1" * 64)})
    weights = {WEIGHTS: (7, "1" * 64), "7B_1T_4/params.json": (7, "1" * 64)}
    extend_lock(place.lock, MTP.repo, A, weights)
    extend_lock(place.lock, MTP.repo, A, {"tokenizer.model": (7, "2" * 64)})
    return place


def told(place: Store, record=RECORD) -> list[str]:
    lock = place.lock.read_bytes() if place.lock.exists() else None
    return [*lock_differences(lock, recorded_lock(place, SAMPLE, record), place.lock)]


def test_the_lock_that_the_runs_wrote_is_the_recorded_one_byte_by_byte(place: Store):
    assert told(place) == []
    assert file_io.json_bytes(recorded_lock(place, SAMPLE, RECORD)) == place.lock.read_bytes()


Edit = Callable[[dict], object]


def of_mtp(edit: Edit) -> Edit:
    return lambda lock: edit(lock["repos"][MTP.repo.id])


def one_digest(entry: dict) -> None:
    entry["files"][WEIGHTS]["sha256"] = OTHER


def all_commits(lock: dict) -> None:
    for entry in lock["repos"].values():
        entry["commit"] = B


EDITS: dict[str, tuple[Edit, str]] = {
    "all commits": (all_commits, f'{MBPP.repo.id}: commit: recorded "{A}", locked "{B}"'),
    "one digest": (of_mtp(one_digest), f'sha256: recorded "{"1" * 64}"'),
    "one size": (
        of_mtp(lambda e: e["files"][WEIGHTS].update(size_bytes=8)),
        "recorded 7, locked 8",
    ),
    "a size that is equal in Python": (
        of_mtp(lambda e: e["files"][WEIGHTS].update(size_bytes=7.0)),
        "recorded 7, locked 7.0",
    ),
    "a repository never fetched": (
        lambda lock: lock["repos"].update({EVIL: lock["repos"][MBPP.repo.id]}),
        f"no run recorded that {EVIL} was fetched",
    ),
    "a repository of the catalog never fetched": (
        lambda lock: lock["repos"].update({REF.repo.id: lock["repos"][MTP.repo.id]}),
        f"no run recorded that {REF.repo.id} was fetched",
    ),
    "a repository gone": (
        lambda lock: lock["repos"].pop(MBPP.repo.id),
        f"it does not hold {MBPP.repo.id}, which was fetched",
    ),
    "a file more": (
        of_mtp(lambda e: e["files"].update(x={"size_bytes": 1, "sha256": OTHER})),
        "no run recorded files.x.sha256",
    ),
    "a file less": (of_mtp(lambda e: e["files"].pop("tokenizer.model")), "it lacks files"),
    "another revision": (of_mtp(lambda e: e.update(revision="v9")), 'revision: recorded "main"'),
    "no revision": (of_mtp(lambda e: e.pop("revision")), "it lacks revision"),
    "another kind": (of_mtp(lambda e: e.update(kind="dataset")), 'locked "dataset"'),
    "a field more": (of_mtp(lambda e: e.update(note="approve me")), "no run recorded note"),
    "a field more at the top": (lambda lock: lock.update(note=1), "no run recorded note"),
    "another version": (lambda lock: lock.update(version=True), "recorded 1, locked true"),
    "no repositories": (lambda lock: lock.update(repos=[]), "no object repos"),
    "an entry that is none": (
        lambda lock: lock["repos"].update({MBPP.repo.id: 7}),
        f"{MBPP.repo.id} is no object",
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_what_is_not_as_recorded_is_named(place: Store, edit: str):
    change, says = EDITS[edit]
    lock = json.loads(place.lock.read_bytes())
    change(lock)
    file_io.write_json(place.lock, lock)
    assert any(says in clause for clause in told(place)), told(place)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"[" * 100_000, "not valid JSON"),
        (b"\xff\x00", "not valid JSON"),
        (b"[]", "instead of an object"),
        (b'{"version": 1, "version": 1, "repos": {}}', "names that come twice"),
    ],
)
def test_a_lock_that_is_none_is_named(place: Store, data: bytes, says: str):
    place.lock.write_bytes(data)
    [clause] = told(place)
    assert says in clause


def test_a_lock_that_is_gone_is_named_with_what_was_fetched(place: Store):
    place.lock.unlink()
    assert told(place) == [
        f"sources.lock.json is missing; {MTP.repo.id} was fetched",
        f"sources.lock.json is missing; {MBPP.repo.id} was fetched",
    ]
    assert told(place, RECORD[-1:]) == []


def test_an_asset_that_was_made_at_another_commit_than_its_sibling_is_named(place: Store):
    """As after job renew_lock, until all of them are materialized again."""
    newer = raw("meta_mtp", MTP, WEIGHTS, "7B_1T_4/params.json", commit=B)
    [clause] = told(place, (newer, *RECORD[1:]))
    assert f'commit: recorded "{A} and {B}", locked "{A}"' in clause


def test_an_asset_of_another_repository_vouches_for_none_of_this_one(place: Store):
    other = replace(MTP, repo=replace(MTP.repo, id="evil/mtp"))
    [clause] = told(place, (raw("meta_mtp", other, WEIGHTS), *RECORD[3:]))
    assert f"no run recorded that {MTP.repo.id} was fetched" in clause


class Swapped(NoSigner):
    """Somebody rewrites the lock between two looks at it, and puts it back."""

    def __init__(self, read: bytes, signer: NoSigner | KeySigner):
        self.read, self.signer = read, signer
        self.key_fingerprint = signer.key_fingerprint
        self.sign_file = signer.sign_file

    def read_storage(self, root: Path, signature: Path, seen) -> Mapping[str, str]:
        lock = root / "sources.lock.json"
        before = lock.read_bytes()
        lock.write_bytes(self.read)
        digests = self.signer.read_storage(root, signature, seen)
        lock.write_bytes(before)
        return digests


def forged() -> bytes:
    entry = {"kind": "model", "revision": "main", "commit": B, "files": {}}
    return file_io.json_bytes({"version": 1, "repos": {EVIL: entry}})


EMPTY = file_io.json_bytes({"version": 1, "repos": {}})


@pytest.mark.parametrize("signed", [False, True])
def test_a_lock_swapped_while_the_storage_is_read_gets_into_no_decision(world: World, signed: bool):
    world.make_approvable()
    key = KeySigner(new_keys(world.root).private) if signed else NoSigner()
    world.store.lock.write_bytes(EMPTY)
    with pytest.raises(BadInput, match=r"not as recorded: sources\.lock\.json"):
        world.approve(signer=Swapped(forged(), key))
    world.store.lock.write_bytes(forged())
    with pytest.raises(BadInput, match=f"no run recorded that {EVIL} was fetched"):
        world.approve(signer=Swapped(EMPTY, key))
    assert world.chain.entries == ()
    world.store.lock.write_bytes(EMPTY)
    world.approve(signer=Swapped(EMPTY, key))
    [entry] = world.chain.entries
    assert entry.manifest["sources"] == {}
    assert entry.manifest["files"]["sources.lock.json"]["size_bytes"] == len(EMPTY)


def test_a_damaged_lock_does_not_keep_anybody_from_rejecting(world: World):
    world.make_approvable()
    world.store.lock.write_bytes(b"{")
    world.approve(verdict=Verdict.REJECTED)
    assert len(world.chain.entries) == 1
