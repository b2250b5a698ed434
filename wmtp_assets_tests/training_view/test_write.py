"""What a view holds, by which links, what it may replace, and what a kill leaves."""

import contextlib
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from wmtp_assets.errors import BadInput
from wmtp_assets.training_view.index_map import index_map_difference
from wmtp_assets.training_view.view_json import read_view
from wmtp_assets_tests.interrupted import forked
from wmtp_assets_tests.training_view.world import (
    IN_MODEL,
    MODELS,
    UNTIED_REF,
    WEIGHTS,
    ViewWorld,
    files_in,
)

LINKS = ("hard", "symbolic", "copy")
SPLITS = {"codecontests": ("train", "valid", "test"), "mbpp": ("train", "validation", "test")}
IN_VIEW = (*MODELS, "micro-ref-hf")


def expected(layout: str) -> set[str]:
    """The files of a view, spelled out."""
    plan = layout == "plan"
    models, datasets = ("models_v2", "datasets_v2") if plan else ("models", "datasets")
    files = {"VIEW.json"} | {f"{models}/{m}/{name}" for m in IN_VIEW for name in IN_MODEL}
    files.add(f"{models}/micro-ref-hf/model.safetensors")
    for name, splits in SPLITS.items():
        files.add(f"{datasets}/{name}/processed/README.md")
        for split in splits:
            files.add(f"{datasets}/{name}/processed/{split}.jsonl")
            files.add(f"{datasets}/{name}/processed/{split}_metadata.json")
            if plan:
                files.add(f"datasets_local_small/{name}_small/{split}_small.jsonl")
        if plan:
            files |= {
                f"{datasets}/{name}/raw/x.parquet",
                f"{datasets}/{name}/stats/2026-11-30_summary.json",
            }
    return files


@pytest.mark.parametrize("layout", ["plan", "current"])
@pytest.mark.parametrize("link", LINKS)
def test_a_view_holds_what_its_layout_names(world: ViewWorld, layout, link):
    target = world.make_view(layout, link)
    assert files_in(target) == expected(layout)
    assert world.differences() == []
    assert sorted(path.name for path in target.parent.iterdir()) == ["view"]
    models = target / ("models_v2" if layout == "plan" else "models")
    shown = {
        "micro-mtp": "micro-mtp-untied",
        "micro-mtp-untied": "micro-mtp-untied",
        "micro-ref": "micro-ref",
        "micro-ref-hf": "micro-ref-untied",
        "ref-sheared-llama-2.7b": "ref-sheared-llama-2.7b",
    }
    for place, folder in shown.items():
        assert (models / place / "metadata.json").read_text() == f"metadata.json of {folder}"


def test_links_are_links_and_copies_are_copies(world: ViewWorld):
    stored = world.store.root / WEIGHTS
    shown = Path("models/micro-mtp/safetensors/model.safetensors")
    hard = world.make_view(link="hard") / shown
    assert hard.samefile(stored) and not hard.is_symlink()
    symbolic = world.make_view(link="symbolic") / shown
    assert symbolic.readlink() == stored
    copy = world.make_view(link="copy") / shown
    assert not copy.samefile(stored) and copy.read_bytes() == stored.read_bytes()


def test_line_metadata_is_made_anew_in_the_current_layout_alone(world: ViewWorld):
    plan, current = world.plan("plan"), world.plan("current")
    assert not plan.index_maps and len(current.index_maps) == 6
    target = world.make_view("current")
    for path, split in current.index_maps.items():
        assert index_map_difference(target / path, split) is None
        assert read_view(target).files[path].shows is None


def test_view_json_says_what_is_shown(world: ViewWorld):
    view = read_view(world.make_view("current", "symbolic"))
    assert (view.layout, view.link, view.catalog) == ("current", "symbolic", "sample")
    assert view.files.keys() == expected("current") - {"VIEW.json"}
    shown = view.files["models/micro-mtp/safetensors/model.safetensors"]
    facts = world.recorded[WEIGHTS]
    assert (shown.shows, shown.size_bytes, shown.sha256) == (
        WEIGHTS,
        facts["size_bytes"],
        facts["sha256"],
    )


@pytest.mark.parametrize("how", ["no row", "not stored"])
def test_a_model_that_is_not_stored_is_named(world: ViewWorld, how):
    if how == "no row":
        micros = tuple(row for row in world.catalog.micros if row.name != UNTIED_REF.name)
        world.catalog = replace(world.catalog, micros=micros)
    else:
        shutil.rmtree(world.store.model(UNTIED_REF.folder).root)
        world.record()
    with pytest.raises(BadInput, match="models that are not stored: micro_ref_untied"):
        world.make_view()


def test_a_split_that_is_not_stored_is_named(world: ViewWorld):
    world.store.dataset("mbpp").jsonl("test").unlink()
    world.record()
    with pytest.raises(BadInput, match="splits that are not stored: mbpp/test"):
        world.make_view("current")


@pytest.mark.parametrize("place", ["relative", "{}", "{}/models_v2/view", "{}/.."])
def test_a_target_in_the_storage_or_around_it_is_refused(world: ViewWorld, place):
    world.target = Path(place.format(world.store.root))
    with pytest.raises(BadInput, match="a view needs an absolute folder apart from the storage"):
        world.make_view()


def test_a_target_that_is_a_loop_of_links_is_refused(world: ViewWorld):
    world.target.parent.mkdir(parents=True, exist_ok=True)
    world.target.symlink_to(world.target)
    with pytest.raises(BadInput, match="a link that leads back to itself"):
        world.make_view()


def link_elsewhere(target: Path) -> None:
    (target.parent / "elsewhere").mkdir(parents=True)
    target.symlink_to(target.parent / "elsewhere")


def folder_of_others(target: Path) -> None:
    target.mkdir(parents=True)
    (target / "thesis.tex").write_text("years of work")


def folder_with_another_view_json(target: Path) -> None:
    target.mkdir(parents=True)
    (target / "VIEW.json").write_text('{"format": "of another program"}')


def file_of_others(target: Path) -> None:
    target.parent.mkdir(parents=True)
    target.write_text("x")


@pytest.mark.parametrize(
    ("there", "why"),
    [
        (link_elsewhere, "the target of a view is a link"),
        (folder_of_others, r"no view: the folder has no VIEW\.json"),
        (folder_with_another_view_json, r"no view: its VIEW\.json is none of ours"),
        (file_of_others, r"no view: the folder has no VIEW\.json"),
    ],
)
def test_what_is_no_view_is_not_replaced(world: ViewWorld, there, why):
    there(world.target)
    before = files_in(world.target.parent)
    with pytest.raises(BadInput, match=why):
        world.make_view()
    assert files_in(world.target.parent) == before


@pytest.mark.parametrize("where", ["checkpoints/run1/x.pt", "models/micro-mtp/x.pt"])
def test_a_view_that_training_wrote_into_is_not_replaced(world: ViewWorld, where):
    checkpoint = world.make_view() / where
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.write_bytes(b"weeks")
    with pytest.raises(BadInput, match=f"holds files that are not of it.*{where}"):
        world.make_view()
    assert checkpoint.read_bytes() == b"weeks"


def test_what_training_writes_while_a_view_is_made_is_not_lost(world: ViewWorld, monkeypatch):
    checkpoint = world.make_view() / "checkpoints" / "x.pt"
    prove = world.prove

    def save(folder, view):
        prove(folder, view)
        checkpoint.parent.mkdir()
        checkpoint.write_bytes(b"weeks")

    monkeypatch.setattr(world, "prove", save)
    with pytest.raises(BadInput, match="holds files that are not of it"):
        world.make_view()
    assert checkpoint.read_bytes() == b"weeks"


def test_a_view_is_replaced_by_one_of_another_layout_and_link(world: ViewWorld):
    world.make_view("plan", "copy")
    assert files_in(world.make_view("current", "hard")) == expected("current")
    assert world.differences() == [] and len(list(world.target.parent.iterdir())) == 1


def test_where_hard_links_cannot_be_the_error_says_what_can(world: ViewWorld, monkeypatch):
    def refuse(source, target):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(BadInput, match=r"cross-device link.*set link: copy, or link: symbolic"):
        world.make_view()
    assert not world.target.exists() and list(world.target.parent.iterdir()) == []


def test_a_copy_of_a_file_that_is_not_as_recorded_is_refused(world: ViewWorld):
    (world.store.root / WEIGHTS).write_bytes(b"other")
    with pytest.raises(BadInput, match=r"not as recorded.*model\.safetensors: recorded \w{64}"):
        world.make_view(link="copy")


def test_a_disk_too_small_is_refused_before_the_first_byte(world: ViewWorld, monkeypatch):
    tiny = shutil.disk_usage(world.store.root)._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: tiny)
    with pytest.raises(BadInput, match="disk too small"):
        world.make_view(link="copy")
    assert not world.target.exists()


def test_what_fails_its_proof_does_not_appear(world: ViewWorld):
    world.make_view("plan")
    (world.store.root / WEIGHTS).write_bytes(b"other")
    with pytest.raises(BadInput, match="is not as recorded"):
        world.make_view("current")
    assert read_view(world.target).layout == "plan"
    assert len(list(world.target.parent.iterdir())) == 1


RENAMES = frozenset({"rename"})
WRITE = ("wmtp_assets.training_view.write",)


def test_a_kill_leaves_the_earlier_view_or_none_and_the_next_run_mends_it(world: ViewWorld):
    world.make_view("plan")

    def again() -> None:
        world.make_view("current")

    code, calls = forked(again, 0, calls=RENAMES, callers=WRITE)
    assert (code, calls) == (0, ["rename", "rename"])
    for kill_before, left in ((1, {"current"}), (2, set())):
        world.make_view("current")
        forked(again, kill_before, calls=RENAMES, callers=WRITE)
        layouts = set()
        with contextlib.suppress(BadInput):
            layouts.add(read_view(world.target).layout)
        assert layouts == left
        assert len(list(world.target.parent.iterdir())) == 2
        world.make_view("current")
        assert world.differences() == [] and len(list(world.target.parent.iterdir())) == 1


def test_an_error_between_the_renames_puts_the_earlier_view_back(world: ViewWorld, monkeypatch):
    world.make_view("plan")
    rename, count = os.rename, iter(range(9))

    def refuse_second(source, target):
        if next(count) == 1:
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse_second)
    with pytest.raises(BadInput, match="cannot be put in its place"):
        world.make_view("current")
    assert read_view(world.target).layout == "plan" and world.differences() == []


def test_the_tied_form_appears_nowhere_under_the_name_of_the_untied_one(world: ViewWorld):
    """In whatever order the record has the files."""
    for recorded in (world.recorded, dict(reversed(world.recorded.items()))):
        world.recorded = recorded
        shown = {file.shows for file in world.plan("current").shown.values()}
        assert not any(path.startswith("models_v2/micro-mtp/") for path in shown)
