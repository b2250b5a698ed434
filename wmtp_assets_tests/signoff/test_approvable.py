"""A copied world is as if its jobs had run, and only one that begins alike is copied."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets.evidence.judge import is_ready
from wmtp_assets.files.walking import remove_tree
from wmtp_assets_tests.signoff import approvable
from wmtp_assets_tests.signoff.world import World, train_checks_without_parse


@contextmanager
def fresh(root: Path) -> Iterator[World]:
    root.mkdir()
    with dg.DagsterInstance.ephemeral() as instance:
        yield World(root, instance)
    remove_tree(root)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[World]:
    """The worlds whose jobs were run; none has been made yet."""
    found: list[World] = []
    run = World._run_to_approvable
    monkeypatch.setattr(approvable, "_made", {})
    monkeypatch.setattr(
        World, "_run_to_approvable", lambda world: found.append(world) or run(world)
    )
    return found


def test_a_copy_has_files_record_and_evidence_of_what_was_made(tmp_path: Path, ran):
    seen = []
    for _ in range(2):
        with fresh(tmp_path / "root") as world:
            assert is_ready(world.make_approvable().evidence)
            files = {p: p.read_bytes() for p in world.root.rglob("*") if p.is_file()}
            made = [asset.latest for asset in world.evidence.assets]
            runs = [run.run_id for run in world.instance.get_runs()]
            seen.append((files, made, world.evidence.checks, runs))
            world.approve()  # which changes no later copy
    assert len(ran) == 1
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    "change",
    [
        lambda world: (world.root / "wanted_raw").write_bytes(b"others"),
        lambda world: world.code(train_checks_without_parse),
        lambda world: world.trusting(world.root),
        lambda world: world.run("only_raw"),
    ],
    ids=["another file", "other checks", "another setting", "a run before"],
)
def test_a_world_that_begins_otherwise_is_made(
    tmp_path: Path, ran, monkeypatch: pytest.MonkeyPatch, change: Callable[[World], object]
):
    monkeypatch.setattr(World, "_run_to_approvable", lambda world: ran.append(world))
    for changes in ((), (), (change,)):
        with fresh(tmp_path / "root") as world:
            for each in changes:
                each(world)
            world.make_approvable()
    assert len(ran) == 2
