"""A storage comes back from its copy with every byte and every time, or what is wrong is named."""

import re
from pathlib import Path

import pytest

from wmtp_assets.approval.verify import verify_storage
from wmtp_assets.backup.location import BackupLocation
from wmtp_assets.backup.restoring import restore
from wmtp_assets.errors import BadInput
from wmtp_assets.layout.skeleton import SKELETON
from wmtp_assets.signoff.__main__ import main
from wmtp_assets_tests.signoff.backup.conftest import FIRST, SECOND, write_approved
from wmtp_assets_tests.signoff.backup.test_copying import changed, copied, files_of


def times_of(root: Path) -> dict[str, int]:
    return {path: (root / path).stat().st_mtime_ns for path in files_of(root)}


def test_bytes_and_times_come_back_and_are_the_approved_ones(storage, location, tmp_path):
    copied(storage, location)
    target = tmp_path / "restored"
    done = restore(location, target)
    assert files_of(target) == files_of(storage)
    assert times_of(target) == times_of(storage)
    assert all((target / folder).is_dir() for folder in SKELETON)
    assert (done.restored, done.kept, done.others) == (len(files_of(storage)), 0, ())
    assert verify_storage(target, report=lambda line: None).problems == ()


def test_what_is_right_stays_and_what_differs_is_replaced(storage, location, tmp_path):
    copied(storage, location)
    target = tmp_path / "restored"
    restore(location, target)
    kept = (target / "sources.lock.json").stat().st_ino
    (target / "sources.lock.json").touch()
    (target / "README.md").write_bytes(changed(FIRST["README.md"]))
    (target / "models_v2/m/model.safetensors").unlink()
    (target / "note.txt").write_text("mine")
    done = restore(location, target)
    assert (done.restored, done.others) == (2, ("note.txt",))
    assert (target / "sources.lock.json").stat().st_ino == kept
    assert times_of(target) == times_of(storage) | {
        "note.txt": (target / "note.txt").stat().st_mtime_ns
    }
    (target / "note.txt").unlink()
    assert files_of(target) == files_of(storage)


def test_what_lies_beside_the_layout_is_not_copied_not_entered_and_left_alone(
    storage, location, tmp_path
):
    before = files_of(storage)
    (storage / "checkpoints").mkdir()
    (storage / "checkpoints" / "x.pt").write_bytes(b"x")
    copied(storage, location)
    target = tmp_path / "restored"
    (target / "outputs").mkdir(parents=True)
    (target / "outputs" / "x.log").write_bytes(b"x")
    (target / "wandb").symlink_to("nowhere")
    done = restore(location, target)
    assert done.others == ("outputs", "wandb")
    assert files_of(target).keys() - {"outputs/x.log"} == before.keys()


def test_damaged_files_are_named_and_the_others_restored(storage, location, tmp_path):
    copied(storage, location)
    location.write_bytes("v2.0.0/README.md", changed(FIRST["README.md"]))
    location.remove("v2.0.0/models_v2/m/metadata.json")
    target = tmp_path / "restored"
    (target / "models_v2/m").mkdir(parents=True)
    (target / "README.md").write_bytes(b"an earlier one")
    with pytest.raises(BadInput, match="2 files of the copy are damaged") as raised:
        restore(location, target)
    first, second = (c.removeprefix(f"{location.shown}: ") for c in raised.value.culprits)
    assert re.fullmatch("README.md: sha256 [0-9a-f]{64}, tagged [0-9a-f]{64}", first)
    assert second == "models_v2/m/metadata.json: is missing, or of another size"
    assert (target / "README.md").read_bytes() == b"an earlier one"
    there = files_of(target)
    assert there.keys() == files_of(storage).keys() - {"models_v2/m/metadata.json"}


def test_without_a_tag_nothing_is_restored(tmp_path: Path, location: BackupLocation):
    with pytest.raises(BadInput, match=r"no whole copy: its tag is missing: .*v2\.0\.0\.json"):
        restore(location, tmp_path / "restored")
    assert not (tmp_path / "restored").exists()


def test_a_disk_that_is_too_small_is_refused(storage, location, tmp_path, monkeypatch):
    copied(storage, location)
    monkeypatch.setattr("wmtp_assets.files.file_io.free_bytes", lambda folder: 10)
    with pytest.raises(BadInput, match="disk too small"):
        restore(location, tmp_path / "restored")
    assert not (tmp_path / "restored").exists()


def test_the_command_restores_and_says_what_comes_next(storage, tmp_path, capsys):
    backups = tmp_path / "backups"
    copied(storage, BackupLocation(str(backups)))
    target = tmp_path / "restored"
    assert main(["restore", str(backups), str(target)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[-2].startswith(f"restored {len(files_of(storage))} files, kept 0: approved by Ann")
    assert told[-1] == f"next: python -m wmtp_assets.signoff verify {target}"
    assert main(["verify", str(target)]) == 0
    (target / "note.txt").write_text("mine")
    assert main(["restore", str(backups), str(target)]) == 0
    assert "not of the backup, left alone: note.txt\n" in capsys.readouterr().out
    assert main(["restore", str(tmp_path / "nowhere"), str(target)]) == 1
    assert "its tag is missing" in capsys.readouterr().err


def test_decisions_that_the_copy_does_not_know_are_not_overwritten(
    storage: Path, location: BackupLocation
):
    copied(storage, location)
    write_approved(storage, SECOND)
    before = files_of(storage)
    with pytest.raises(BadInput, match=r"decisions that the copy does not know: signoff/0002/"):
        restore(location, storage)
    assert files_of(storage) == before


@pytest.mark.parametrize("taken", ["", "README.md"])
def test_a_storage_that_cannot_be_written_is_named(storage, location, tmp_path, taken: str):
    copied(storage, location)
    target = tmp_path / "restored"
    if taken:
        (target / taken).mkdir(parents=True)
    else:
        target.write_text("a file")
    with pytest.raises(BadInput, match=r"the storage cannot be written: .*restored"):
        restore(location, target)


@pytest.mark.parametrize("link", ["models_v2", "models_v2/m", "signoff", "datasets_v2"])
def test_nothing_is_written_through_a_link_that_leads_out(storage, location, tmp_path, link: str):
    copied(storage, location)
    outside = tmp_path / "outside"
    outside.mkdir()
    target = tmp_path / "restored"
    (target / link).parent.mkdir(parents=True, exist_ok=True)
    (target / link).symlink_to(outside)
    with pytest.raises(BadInput, match=r"links that lead out of it: .*outside"):
        restore(location, target)
    assert not list(outside.iterdir())


@pytest.mark.parametrize("link", ["models_v2", "signoff"])
def test_a_link_that_leads_nowhere_or_to_itself_is_named(storage, location, tmp_path, link: str):
    copied(storage, location)
    target = tmp_path / "restored"
    target.mkdir()
    (target / link).symlink_to(target / link)
    with pytest.raises(BadInput, match=r"(?s)links that lead out|leads back to itself"):
        restore(location, target)


def test_a_storage_named_by_a_link_is_restored(storage, location, tmp_path):
    copied(storage, location)
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    restore(location, tmp_path / "link")
    assert files_of(tmp_path / "real") == files_of(storage)


BAD_TIMES = ["1" + "0" * 40, str(2**63), "-1", "1e18", "NaN", "true", '"1"', "null"]


@pytest.mark.parametrize("time", BAD_TIMES)
def test_a_tag_with_a_time_that_no_file_can_have_is_refused(storage, location, tmp_path, time: str):
    copied(storage, location)
    data = location.read_bytes("v2.0.0.json")
    changed_tag, count = re.subn(rb'("mtime_ns": )[0-9]+', rb"\g<1>" + time.encode(), data)
    assert count == len(files_of(storage))
    location.write_bytes("v2.0.0.json", changed_tag)
    with pytest.raises(BadInput, match="is no tag of a copy"):
        restore(location, tmp_path / "restored")
    assert not (tmp_path / "restored").exists()


def test_the_latest_time_that_a_tag_may_state_is_restored(storage, location, tmp_path):
    copied(storage, location)
    data = location.read_bytes("v2.0.0.json")
    latest = str(2**63 - 1).encode()
    location.write_bytes("v2.0.0.json", re.sub(rb'("mtime_ns": )[0-9]+', rb"\g<1>" + latest, data))
    restore(location, tmp_path / "restored")
    assert files_of(tmp_path / "restored") == files_of(storage)
