"""Which files of a storage are covered while jobs are at work in it."""

import signal
from pathlib import Path

import pytest

from wmtp_assets.approval.covered_files import covered_files, finished_files, ignored_paths
from wmtp_assets.approval.verify import verify_storage
from wmtp_assets.errors import BadInput
from wmtp_assets.files.temporaries import new_folder
from wmtp_assets.files.walking import remove_tree
from wmtp_assets_tests.leftovers import folder_left_behind
from wmtp_assets_tests.signoff.approval.sealed import seal, write_storage
from wmtp_assets_tests.test_walking import nested


def parts_in(folder: Path) -> Path:
    """A folder of parts, as a conversion has it, with one part and one attempt in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("0000", "0001.elsewhere.12.abc"):
        (folder / name).write_bytes(b"half a split")
    return folder


def test_a_folder_in_work_is_left_out_with_all_that_is_in_it(tmp_path: Path):
    whole = tmp_path / "datasets_v2" / "train.jsonl"
    whole.parent.mkdir()
    parts = parts_in(new_folder(whole).path)
    parts_in(parts / "below")
    whole.write_bytes(b"whole")
    assert list(finished_files(tmp_path)) == ["datasets_v2/train.jsonl"]
    assert len(covered_files(tmp_path)) == 5


def test_a_folder_that_a_dead_process_left_is_not(tmp_path: Path):
    parts = parts_in(folder_left_behind(tmp_path / "train.jsonl"))
    assert list(finished_files(tmp_path)) == [
        f"{parts.name}/0000",
        f"{parts.name}/0001.elsewhere.12.abc",
    ]


def test_what_is_odd_in_a_folder_in_work_concerns_nobody(tmp_path: Path):
    """As a part that is removed between two looks."""
    parts = parts_in(new_folder(tmp_path / "train.jsonl").path)
    (parts / "gone").symlink_to("nowhere")
    assert finished_files(tmp_path) == {}
    with pytest.raises(BadInput, match="gone"):
        covered_files(tmp_path)


@pytest.mark.parametrize("look", [covered_files, finished_files, ignored_paths])
def test_folders_nested_without_end_are_named(tmp_path: Path, look):
    nested(tmp_path / "models_v2" / "m", ["n" * 255] * 100)
    try:
        with pytest.raises(BadInput, match=r"nested deeper than in any layout.*models_v2/m/n"):
            look(tmp_path)
    finally:
        remove_tree(tmp_path / "models_v2")


def _read_forever(*_) -> None:
    raise TimeoutError("it was read")


@pytest.mark.parametrize(
    ("name", "how"), [("README.md", "changed"), ("models_v2/stray.bin", "was not there")]
)
def test_a_sparse_file_of_terabytes_differs_without_being_read(tmp_path: Path, name, how):
    root = write_storage(tmp_path / "storage")
    seal(root)
    with open(root / name, "wb") as sparse:
        sparse.truncate(4 * 10**12)  # an hour
    before = signal.signal(signal.SIGALRM, _read_forever)
    signal.alarm(20)
    try:
        [problem] = verify_storage(root, report=lambda line: None).problems
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert name in problem and how in problem
