"""Whoever reads a whole storage says how far it is: in the log of the run, or on stderr."""

import re
from pathlib import Path

import pytest

from wmtp_assets import progress
from wmtp_assets.approval.signing import KeySigner
from wmtp_assets.signoff.__main__ import main
from wmtp_assets_tests.signoff.approval.sealed import new_keys
from wmtp_assets_tests.signoff.world import World

LINE = re.compile(r"^([a-z/ ]+): [0-9.]+ of [0-9.]+ [GM]B, [0-9.,]+ MB/s, [0-9hmins ]+ left$", re.M)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that are due in 5 seconds are due now."""
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)


def told(world: World) -> set[str]:
    """What the lines of progress in the newest run are about."""
    logs = world.instance.all_logs(world.instance.get_runs(limit=1)[0].run_id)
    return {found[1] for entry in logs if (found := LINE.match(entry.user_message))}


def test_deep_checks_tell_it_by_their_asset(world: World, at_once):
    world.make_approvable()
    assert world.run("verify")
    assert told(world) == {"mbpp/raw", "mbpp/train"}


@pytest.mark.parametrize("signed", [False, True])
def test_an_approval_tells_it(world: World, tmp_path: Path, at_once, signed: bool):
    key = new_keys(tmp_path).private
    world.make_approvable().approve(signer=KeySigner(key) if signed else None)
    assert told(world) == {"the storage"}


@pytest.mark.long
def test_a_move_and_a_backup_tell_it(world: World, at_once):
    world.make_approvable().approve()
    assert world.run("backup_storage")
    assert told(world) == {"the backup"}
    assert world.run("verify_backup")
    assert told(world) == {"the copy"}
    moved = world.move("elsewhere")
    moved.tell_moved(world.store.root)
    assert told(moved) == {"the storage"}


@pytest.mark.long
def test_commands_tell_it_on_stderr(world: World, tmp_path: Path, at_once, capfd):
    world.make_approvable().approve()
    assert world.run("backup_storage")
    capfd.readouterr()
    assert main(["verify", str(world.store.root)]) == 0
    out, err = capfd.readouterr()
    assert LINE.findall(err)[-1] == "the storage" and out.endswith("verified\n")
    assert not LINE.search(out) and "reading" not in out
    root = tmp_path / "restored"
    for what in ("the copy", "the storage"):
        assert main(["restore", str(world.backups), str(root)]) == 0
        out, err = capfd.readouterr()
        assert set(LINE.findall(err)) == {what} and not LINE.search(out)


def test_what_takes_no_time_has_no_line(world: World):
    world.make_approvable()
    assert world.run("verify") and told(world) == set()
    world.approve()
    assert told(world) == set()
