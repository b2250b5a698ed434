"""`hf download` on a fast line: the documented commands, run, and what a fetch makes of it all.

In: a hub on loopback with a file for each name of the catalog, and the installed `hf`.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from wmtp_assets.catalog import Files, Repo
from wmtp_assets.hub.fast_line import hf_download, into_mirror, into_storage
from wmtp_assets.hub.fetch import fetch_files
from wmtp_assets.hub.lock import read_lock
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.hub.stored import raw_folder, wanted_files
from wmtp_assets.published import PUBLISHED
from wmtp_assets.source import select
from wmtp_assets.store import Store
from wmtp_assets_tests.hub.loopback import FakeHub, serve
from wmtp_assets_tests.hub.loopback_client import BIG, FILES, is_right, run

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "real-run.md").read_text("utf-8")
ROWS = [*PUBLISHED.models, *PUBLISHED.datasets]
RELATIVE = Store(Path("storage"), Path("docs"))
REPO = Repo(id="org/thing", kind="model", revision="main", licence="MIT")
WANTED = (Files("big/*.dat"), Files("config.json"))


def block(last_folder: str) -> str:
    """The block of commands on the page that ends with a folder."""
    [found] = [
        b for b in re.findall(r"```\n(.*?)```", PAGE, re.S) if b.endswith(f"{last_folder}\n")
    ]
    return found


def commands(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.replace("\\\n", " ").strip().split("\n")]


INTO_STORAGE = block("storage/models_v2/starling-rm-7b/raw")
INTO_MIRROR = block("mirror/berkeley-nest/Starling-RM-7B-alpha")


def test_the_page_has_the_commands_for_every_repository():
    """Required models, then datasets, then what is optional."""
    rows = sorted(ROWS, key=lambda row: getattr(row, "status", "") == "optional")
    storage = [into_storage(row, RELATIVE, row.repo.revision) for row in rows]
    mirror = [into_mirror(row, Path("mirror")) for row in rows]
    for stated, made in ((INTO_STORAGE, storage), (INTO_MIRROR, mirror)):
        assert commands(stated) == [f".venv/bin/{' '.join(words)}" for words in made]


def hf(endpoint: str, root: Path, script: str) -> None:
    """Run a block of the page in a folder that has a `.venv`, against a hub."""
    (root / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
    if not (root / ".venv" / "bin" / "hf").exists():
        (root / ".venv" / "bin" / "hf").symlink_to(Path(sys.executable).parent / "hf")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    environment |= {"HF_ENDPOINT": endpoint, "HF_HOME": str(root / "hf")}
    done = subprocess.run(
        ["bash", "-ec", script], cwd=root, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.long
def test_every_documented_command_brings_the_files_of_its_row(tmp_path):
    repos = {
        row.repo.id: {f.pattern.replace("*", "0"): os.urandom(9) for f in wanted_files(row)}
        for row in ROWS
    }
    pinned = {r.repo.id: r.repo.revision for r in ROWS if r.repo.revision != "main"}
    hub = FakeHub({r: {**files, "other.bin": b"no"} for r, files in repos.items()}, commits=pinned)
    with serve(hub) as endpoint:
        for script in (INTO_STORAGE, INTO_MIRROR):
            hf(endpoint, tmp_path, script)
    here = Store(tmp_path / "storage", tmp_path / "docs")
    for row in ROWS:
        wanted = {f.pattern.replace("*", "0") for f in wanted_files(row)}
        raw = {f.pattern.replace("*", "0") for f in row.raw}
        mirror = MirrorSource(tmp_path / "mirror").list_files(row.repo, row.repo.revision)
        assert {file.path for file in mirror.files} == wanted
        for folder, names in ((raw_folder(here, row), raw), (mirror_of(tmp_path, row), wanted)):
            assert {name: (folder / name).read_bytes() for name in names} == {
                name: repos[row.repo.id][name] for name in names
            }
            assert not (folder / "other.bin").exists()


def mirror_of(root: Path, row) -> Path:
    return root / "mirror" / row.repo.id


def hub_with_digests() -> FakeHub:
    return FakeHub({REPO.id: FILES}, lfs={BIG}, cdn=True)


def test_what_hf_put_into_the_raw_folder_is_kept_and_locked_with_the_commit_of_the_hub(tmp_path):
    hub = hub_with_digests()
    command = " ".join([".venv/bin/hf", *hf_download(REPO, WANTED, "main", tmp_path / "raw")[1:]])
    with serve(hub) as endpoint:
        hf(endpoint, tmp_path, command)
        once = dict(hub.bytes_served)
        assert run(tmp_path, endpoint)["kept"] == 2 and hub.bytes_served == once
        locked = read_lock(tmp_path / "lock.json")["repos"][REPO.id]
        assert locked["commit"] == hub.commit
        assert locked["files"][BIG]["sha256"] == hub.facts(REPO.id, BIG)["sha256"]


def test_a_wrong_byte_of_what_hf_put_there_is_fetched_again(tmp_path):
    command = " ".join([".venv/bin/hf", *hf_download(REPO, WANTED, "main", tmp_path / "raw")[1:]])
    with serve(hub_with_digests()) as endpoint:
        hf(endpoint, tmp_path, command)
        (tmp_path / "raw" / BIG).write_bytes(bytes(len(FILES[BIG])))
        told = run(tmp_path, endpoint)
    assert (told["kept"], told["bytes"]) == (1, len(FILES[BIG])) and is_right(tmp_path)


def test_a_mirror_that_hf_wrote_gives_the_same_digests_and_hides_what_hf_keeps_there(tmp_path):
    hub, mirror = hub_with_digests(), tmp_path / "mirror"
    command = " ".join([".venv/bin/hf", *hf_download(REPO, WANTED, "main", mirror / REPO.id)[1:]])
    with serve(hub) as endpoint:
        hf(endpoint, tmp_path, command)
        run(tmp_path / "online", endpoint)
    assert (mirror / REPO.id / ".cache" / "huggingface").is_dir()
    lock = tmp_path / "lock.json"
    fetch_files(MirrorSource(mirror), REPO, WANTED, tmp_path / "raw", lock)
    of_mirror, of_hub = (
        read_lock(path)["repos"][REPO.id]["files"]
        for path in (lock, tmp_path / "online" / "lock.json")
    )
    assert of_mirror == of_hub and set(of_mirror) == {BIG, "config.json"}
    listing = MirrorSource(mirror).list_files(REPO, "main")
    assert [f.path for f in select(listing, (Files("*", 2),))] == sorted(of_mirror)
