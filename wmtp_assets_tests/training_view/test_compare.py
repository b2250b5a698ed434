"""Attacks on a view: each is found, and named."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from wmtp_assets import progress
from wmtp_assets.training_view.view_json import read_view
from wmtp_assets_tests.training_view.world import WEIGHTS, ViewWorld

SHOWN = "models/micro-mtp/safetensors/model.safetensors"
MAP = "datasets/codecontests/processed/train_metadata.json"
LINKS = ("hard", "symbolic", "copy")


def swap(world: ViewWorld) -> None:
    path = world.target / SHOWN
    other = (world.target / "models/micro-ref/safetensors/model.safetensors").read_bytes()
    path.unlink()
    path.write_bytes(other)


def swap_for_the_tied_form(world: ViewWorld) -> None:
    path = world.target / SHOWN
    path.unlink()
    os.link(world.store.root / WEIGHTS.replace("-untied", ""), path)


def link_to_equal_bytes_elsewhere(world: ViewWorld) -> None:
    path = world.target / SHOWN
    shutil.copy(world.store.root / WEIGHTS, world.target.parent / "mine")
    path.unlink()
    path.symlink_to(world.target.parent / "mine")


def link_in_the_air(world: ViewWorld) -> None:
    (world.target / SHOWN).unlink()
    (world.target / SHOWN).symlink_to("nowhere")


def fifo(world: ViewWorld) -> None:
    (world.target / SHOWN).unlink()
    os.mkfifo(world.target / SHOWN)


def remove(world: ViewWorld) -> None:
    (world.target / SHOWN).unlink()


def add(world: ViewWorld) -> None:
    (world.target / SHOWN).with_name("pytorch_model.bin").write_bytes(b"run me")


def folder_is_a_link(world: ViewWorld) -> None:
    folder = world.target / "models/micro-mtp"
    shutil.copytree(folder, world.target.parent / "mine")
    shutil.rmtree(folder)
    folder.symlink_to(world.target.parent / "mine")


def move_an_index(world: ViewWorld) -> None:
    path = world.target / MAP
    path.write_bytes(path.read_bytes().replace(b"[2]", b"[1]"))


def move_an_index_and_say_so(world: ViewWorld) -> None:
    """The digest in VIEW.json agrees: only the recount finds it."""
    move_an_index(world)
    state_as_found(world, MAP)


def map_of_the_stored_form(world: ViewWorld) -> None:
    path = world.target / MAP
    path.unlink()
    os.link(world.store.dataset("codecontests").line_metadata("train"), path)
    state_as_found(world, MAP)


def map_is_a_link(world: ViewWorld) -> None:
    path = world.target / MAP
    shutil.copy(path, world.target.parent / "mine")
    path.unlink()
    path.symlink_to(world.target.parent / "mine")


def write_through(world: ViewWorld) -> None:
    """What training does that writes into its input; of a copy it changes the copy."""
    with (world.target / SHOWN).open("r+b") as handle:
        handle.write(b"X")


def state(world: ViewWorld, change: Callable[[dict], None]) -> None:
    path = world.target / "VIEW.json"
    stated = json.loads(path.read_text())
    change(stated)
    path.write_text(json.dumps(stated))


def state_as_found(world: ViewWorld, path: str) -> None:
    from wmtp_assets.files import file_io

    found = file_io.stored(world.target / path)
    facts = {"size_bytes": found.size_bytes, "sha256": found.sha256}
    state(world, lambda view: view["files"][path].update(facts))


ATTACKS: dict[Callable[[ViewWorld], None], str] = {
    swap: SHOWN,
    swap_for_the_tied_form: SHOWN,
    link_to_equal_bytes_elsewhere: SHOWN,
    link_in_the_air: SHOWN,
    fifo: SHOWN,
    remove: f"{SHOWN} is missing",
    add: "models/micro-mtp/safetensors/pytorch_model.bin does not belong to the view",
    folder_is_a_link: "models/micro-mtp does not belong to the view",
    move_an_index: f"{MAP} is not as VIEW.json says",
    move_an_index_and_say_so: f"{MAP} is not as counted again: line 8: found",
    map_of_the_stored_form: f"{MAP} is not as counted again: line 1: found",
    map_is_a_link: f"{MAP} is a link",
    write_through: f"{SHOWN} ",
}


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.__name__ for attack in ATTACKS])
def test_what_is_not_the_storage_s_is_named(world: ViewWorld, attack, link):
    world.make_view("current", link)
    attack(world)
    assert any(told.startswith(ATTACKS[attack]) for told in world.differences())


def test_what_is_written_through_a_hard_link_is_named_as_a_change_of_the_storage(world: ViewWorld):
    world.make_view("current", "hard")
    write_through(world)
    assert f"{SHOWN} shows {WEIGHTS} of the storage, which is not as recorded" in str(
        world.differences()
    )


def test_a_byte_of_a_copy_at_equal_size_and_time_is_found(world: ViewWorld):
    path = world.make_view("current", "copy") / SHOWN
    before = path.stat()
    path.write_bytes(b"X" + path.read_bytes()[1:])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert [told[: len(SHOWN) + 16] for told in world.differences()] == [f"{SHOWN} has other bytes"]


EDITS: dict[str, Callable[[dict], object]] = {
    "says of models/micro-mtp/metadata.json": lambda view: view["files"][
        "models/micro-mtp/metadata.json"
    ].update(sha256="0" * 64),
    f"VIEW.json says of {SHOWN}": lambda view: view["files"][SHOWN].update(
        shows=WEIGHTS.replace("-untied", "")
    ),
    f"VIEW.json does not list {SHOWN}": lambda view: view["files"].pop(SHOWN),
    "VIEW.json lists models/more": lambda view: view["files"].update(
        {"models/more": view["files"][SHOWN]}
    ),
    f"{MAP} is not as VIEW.json says": lambda view: view["files"][MAP].update(size_bytes=1),
    f"{MAP} is not as VIEW.json says:": lambda view: view["files"][MAP].update(shows=WEIGHTS),
    f"{SHOWN} is no symbolic link": lambda view: view.update(link="symbolic"),
    f"{SHOWN} is no copy": lambda view: view.update(link="copy"),
    "models_v2/micro-mtp/metadata.json is missing": lambda view: view.update(layout="plan"),
}


@pytest.mark.parametrize("told", EDITS)
def test_an_edited_view_json_is_found(world: ViewWorld, told):
    world.make_view("current", "hard")
    state(world, EDITS[told])
    assert any(told in clause for clause in world.differences())


@pytest.mark.parametrize("link", LINKS)
def test_a_view_of_what_was_made_anew_since_is_stale_by_name(world: ViewWorld, link):
    world.make_view("current", link)
    world.write(WEIGHTS, b"other weights")
    world.record()
    assert any(told.startswith(f"VIEW.json says of {SHOWN}") for told in world.differences())


@pytest.mark.parametrize("link", LINKS)
def test_a_storage_made_anew_with_equal_bytes_leaves_its_views_right(world: ViewWorld, link):
    world.make_view("current", link)
    world.write(WEIGHTS, (world.store.root / WEIGHTS).read_bytes())
    world.record()
    assert world.differences() == []


def test_rows_made_anew_are_found_in_the_map(world: ViewWorld):
    world.make_view("current", "symbolic")
    jsonl = world.store.dataset("codecontests").jsonl("train")
    jsonl.write_bytes(b"".join(reversed(jsonl.read_bytes().splitlines(keepends=True))))
    world.record()
    assert any(told.startswith(f"{MAP} is not as counted again") for told in world.differences())


def test_what_training_writes_beside_the_folders_of_a_view_is_not_of_it(world: ViewWorld):
    checkpoint: Path = world.make_view() / "checkpoints" / "run1" / "x.pt"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"x")
    assert world.differences() == []


@pytest.mark.parametrize("link", LINKS)
def test_reading_copies_is_told_and_links_are_not_read(
    world: ViewWorld, monkeypatch: pytest.MonkeyPatch, link: str
):
    world.make_view(link=link)
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)
    told: list[str] = []
    assert world.differences_in(world.target, read_view(world.target), told.append) == []
    lines = [line for line in told if re.match(r"the view: [0-9.]+ of [0-9.]+ [GM]B, ", line)]
    assert bool(lines) == (link == "copy")
