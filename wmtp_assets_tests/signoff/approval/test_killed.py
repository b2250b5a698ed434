"""kill -9 at 12 moments of an approval: the record before it stays valid, the next one succeeds.

A process of its own imports once and forks for each attempt. Each fork runs job review_phase1 with
a key, and kills itself before its n-th look, write, fsync, rename or statement to SQLite.
"""

import importlib
import json
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets.approval.chain import read_chain
from wmtp_assets.approval.signing import KeySigner
from wmtp_assets.approval.verify import verify_storage
from wmtp_assets_tests.interrupted import forked
from wmtp_assets_tests.signoff.approval.sealed import KeyPair, new_keys
from wmtp_assets_tests.signoff.world import World

pytestmark = pytest.mark.long

PROJECT = Path(__file__).parents[3]
POINTS, SEED = 12, 6
CALLS = {"write", "fsync", "fdatasync", "replace", "rename", "mkdir", "update", "sign", "execute"}
CALLERS = ("wmtp_assets.", "model_signing.", "pathlib", "sqlalchemy.engine.default")
PROGRAM = """
import sys
from pathlib import Path
from wmtp_assets_tests.signoff.approval.test_killed import rehearse
rehearse(Path(sys.argv[1]))
"""


def rehearse(root: Path) -> None:
    """Approve, then interrupt the second approval at each point; print what was left each time."""
    keys = new_keys(root / "keys")
    good, live = root / "good", root / "live"
    good.mkdir()

    def prepare() -> None:
        with opened(good) as world:
            world.make_approvable().approve(signer=KeySigner(keys.private))

    def approve() -> None:
        with opened(live) as world:
            world.approve(signer=KeySigner(keys.private), reviewer="Bea")

    # The record and the storage name their folder, so that the copy that is worked on lies there.
    live.symlink_to(good)
    assert forked(prepare, None)[0] == 0
    live.unlink()
    # A fork would import it anew each time.
    importlib.import_module("model_signing.signing")
    code, events = attempt(good, live, approve, 0)
    assert code == 0, events
    attempts = []
    for number in points(events):
        code, seen = attempt(good, live, approve, number)
        after_kill = left(live, keys)
        next_code, _ = forked(approve, None)
        attempts.append(
            {
                "event": seen[-1],
                "exit": code,
                "after_kill": after_kill,
                "next_exit": next_code,
                "after_next": left(live, keys),
            }
        )
    print(json.dumps(attempts))


class opened:
    """The world of a folder, with its record."""

    def __init__(self, root: Path):
        self.root = root

    def __enter__(self) -> World:
        home = self.root / "home"
        home.mkdir(exist_ok=True)
        self.instance = dg.DagsterInstance.local_temp(str(home))
        # The same paths whichever copy it is.
        return World(self.root.parent / "live", self.instance)

    def __exit__(self, *error) -> None:
        self.instance.dispose()


def attempt(good: Path, live: Path, work, kill_before: int) -> tuple[int, list[str]]:
    shutil.rmtree(live, ignore_errors=True)
    shutil.copytree(good, live)
    return forked(work, kill_before, calls=CALLS, callers=CALLERS)


def points(events: list[str]) -> list[int]:
    """Every rename of a whole entry and file, and as many seeded other moments as make 12."""
    renames = {n for n, name in enumerate(events, 1) if name in ("rename", "replace")}
    rest = sorted(set(range(1, len(events) + 1)) - renames)
    # Half of them before the entry appears, half after.
    last = max(renames)
    before = [n for n in rest if n < last]
    after = [n for n in rest if n > last]
    pick = random.Random(SEED).sample
    return sorted(renames | set(pick(after, 3)) | set(pick(before, POINTS - len(renames) - 3)))


def left(live: Path, keys: KeyPair) -> dict:
    root = live / "s"
    chain = read_chain(root / "signoff")
    found = verify_storage(root, [keys.public], report=lambda line: None)
    first = (root / "signoff/0001/decision.json").read_text()
    with opened(live) as world:
        standing = str(world.approval.state)
    return {
        "names": sorted(p.name for p in (root / "signoff").iterdir()),
        "reviewers": [entry.decision.reviewer for entry in chain.entries],
        "problems": found.problems,
        "first": first,
        "standing": standing,
    }


@pytest.fixture(scope="module")
def attempts(tmp_path_factory) -> list[dict]:
    root = tmp_path_factory.mktemp("killed")
    program = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(root)]
    done = subprocess.run(program, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_the_points_lie_in_every_part_of_the_approval(attempts):
    assert len(attempts) == POINTS
    assert {a["exit"] for a in attempts} == {-signal.SIGKILL}
    assert {"rename", "replace", "execute"} <= {a["event"] for a in attempts}
    entries = {len(a["after_kill"]["reviewers"]) for a in attempts}
    assert entries == {1, 2}, "before and after the entry appears"
    temporaries = [n for a in attempts for n in a["after_kill"]["names"] if n.startswith(".")]
    assert temporaries, "no attempt left a temporary: the sweep was not tested"


def test_after_each_kill_the_record_before_it_is_valid(attempts):
    first = attempts[0]["after_kill"]["first"]
    for a in attempts:
        assert a["after_kill"]["problems"] == [], a
        assert a["after_kill"]["first"] == first
        assert a["after_kill"]["reviewers"] in (["Ann"], ["Ann", "Bea"]), a
        assert a["after_kill"]["standing"] == "approved", a


def test_the_next_approval_succeeds_and_sweeps_the_rest(attempts):
    for a in attempts:
        assert a["next_exit"] == 0, a
        assert a["after_next"]["problems"] == []
        assert a["after_next"]["standing"] == "approved"
        names = a["after_next"]["names"]
        assert names == ["0001", "0002", "0003"][: len(names)] and len(names) >= 2, a
