"""What training writes beside the layout: no part of an approval, named, and no place to hide."""

import contextlib
import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets.approval.chain import read_chain
from wmtp_assets.approval.covered_files import covered_files, finished_files
from wmtp_assets.approval.events import APPROVAL_KEY, APPROVED_BY_REVIEWER
from wmtp_assets.approval.signing import KeySigner
from wmtp_assets.approval.state import ApprovalState
from wmtp_assets.approval.verify import stock_commands, verify_storage
from wmtp_assets.beside import beside, is_beside
from wmtp_assets.catalog import BESIDE, LAYOUT
from wmtp_assets.errors import BadInput
from wmtp_assets.files.walking import remove_tree
from wmtp_assets.signoff.__main__ import main
from wmtp_assets.signoff.status import status_lines
from wmtp_assets_tests.signoff.approval.sealed import (
    FILES,
    KeyPair,
    change_one_byte,
    new_keys,
    seal,
    signed_storage,
    write_storage,
)
from wmtp_assets_tests.signoff.approval.test_signature import STOCK, WEIGHTS
from wmtp_assets_tests.signoff.world import World
from wmtp_assets_tests.test_walking import nested

CHECKPOINT = "checkpoints/run1/x.pt"
CHECKPOINT_LINE = "not covered: checkpoints/ (checkpoints of training; 1 entry at its top)"


def write(path: Path, data: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> KeyPair:
    return new_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """An approved one, not signed."""
    root = write_storage(tmp_path / "storage")
    seal(root)
    return root


def problems(root: Path) -> str:
    return "; ".join(verify_storage(root, report=lambda line: None).problems)


def run_stock(command: str) -> subprocess.CompletedProcess:
    """Run a printed command, without network."""
    arguments = shlex.split(command)
    assert arguments[0] == "model_signing"
    program = [sys.executable, "-W", "ignore", "-c", STOCK, *arguments]
    return subprocess.run(program, capture_output=True, text=True)


def stock_command(root: Path, keys: KeyPair) -> str:
    return stock_commands(root, read_chain(root / "signoff").entries[-1], str(keys.public))[0]


def test_a_checkpoint_beside_an_approved_storage_leaves_the_approval_and_is_named(world: World):
    world.make_approvable().approve()
    root = world.store.root
    write(root / CHECKPOINT)
    assert world.approval.state == ApprovalState.APPROVED
    assert CHECKPOINT_LINE in [*status_lines(world.evidence, world.approval)]
    found = verify_storage(root, report=lambda line: None)
    assert found.problems == () and CHECKPOINT_LINE in found.facts
    assert world.failed("report") == {}
    write(root / "models_v2/micro-mtp/x.pt")
    assert world.approval.state == ApprovalState.SUSPENDED
    assert world.approval.changes == ("models_v2/micro-mtp/x.pt was not there",)
    assert problems(root) == "since decision 0001: models_v2/micro-mtp/x.pt was not there"


def test_the_page_names_it_at_the_approval_and_at_the_checklist(world: World):
    write(world.store.root / CHECKPOINT)
    world.make_approvable().approve()
    row = {"name": "checkpoints/", "what": BESIDE["checkpoints"], "amount": "1 entry at its top"}
    for key in (APPROVAL_KEY, dg.AssetKey(["signoff", "checklist"])):
        metadata = world.latest(key).asset_materialization.metadata
        assert [r.data for r in metadata["not_covered"].records] == [row]
    results = world._execute("report", None).get_asset_check_evaluations()
    [result] = [r for r in results if r.check_name == APPROVED_BY_REVIEWER]
    assert result.passed and [r.data for r in result.metadata["not_covered"].records] == [row]


def test_it_is_neither_hashed_nor_signed_nor_in_the_way_of_an_approval(world: World, keys):
    world.make_approvable()
    names = (CHECKPOINT, "x.pt", ".DS_Store", "a b/c", "signoff.bak/0001")
    for name in names:
        write(world.store.root / name)
    world.approve(signer=KeySigner(keys.private))
    [entry] = world.chain.entries
    assert not set(names) & entry.manifest["files"].keys()
    assert world.approval.state == ApprovalState.APPROVED
    assert run_stock(stock_command(world.store.root, keys)).returncode == 0


def test_the_stock_command_ignores_it_and_still_finds_a_change_in_the_layout(tmp_path, keys):
    root = signed_storage(tmp_path / "a storage", keys)
    printed = stock_command(root, keys)
    write(root / CHECKPOINT)
    assert run_stock(printed).returncode == 0, "as `approve` printed it, before the training"
    for name in ("x.pt", "my run/log.txt", "--allow_symlinks/x", "x --ignore_unsigned_files/y"):
        write(root / name)
    assert run_stock(stock_command(root, keys)).returncode == 0
    stray = write(root / "models_v2/micro-mtp/x.pt")
    done = run_stock(stock_command(root, keys))
    assert done.returncode == 1 and "models_v2/micro-mtp/x.pt" in done.stderr
    stray.unlink()
    change_one_byte(root / WEIGHTS)
    done = run_stock(stock_command(root, keys))
    assert done.returncode == 1 and WEIGHTS in done.stderr and "x.pt" not in done.stderr


PROJECT = Path(__file__).parents[3]


def stock_block(page: str) -> str:
    """What a page tells to run in the storage folder."""
    [block] = re.findall(r"```\n(?:[^`]*?\n)?(set --\n.*?)```", page, re.DOTALL)
    return block


def test_what_the_pages_tell_ignores_it_and_finds_a_change(world: World, keys):
    world.make_approvable().approve(signer=KeySigner(keys.private))
    root, lines = world.store.root, stock_block(world.store.readme.read_text())
    assert lines == stock_block((PROJECT / "docs/reviewing.md").read_text())
    lines = lines.replace("reviewer.pub", str(keys.public))
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def run(shell: str = "sh") -> subprocess.CompletedProcess:
        return subprocess.run(
            [shell, "-ec", lines], cwd=root, env=environment, capture_output=True, text=True
        )

    names = (CHECKPOINT, "a b/x", ".hidden", "..x", "x --ignore_unsigned_files/y", "--help/x")
    for name in (*names, "datasets_v2/mbpp/raw/.cache/part"):
        write(root / name)
    for shell in ("sh", "bash"):
        done = run(shell)
        assert done.stdout.count("Verification succeeded") == 2, done.stderr
    strays = ("models_v2/micro-mtp/x.pt", "docs/x.md", "models/x.pt")
    for name in strays:
        write(root / name)
    told = run().stderr
    assert [name for name in (*strays, CHECKPOINT) if name in told] == [*strays]


def test_verify_prints_the_stock_command_as_it_is_now(tmp_path, keys, capsys):
    root = signed_storage(tmp_path / "storage", keys)
    write(root / "unknown/x.pt")
    assert main(["verify", str(root), "--public-key", str(keys.public)]) == 0
    told = capsys.readouterr().out
    assert "not covered: unknown/ (unknown; 1 entry at its top)" in told
    [printed] = [
        line.removeprefix("with the stock tool: ")
        for line in told.splitlines()
        if line.startswith("with the stock tool: ") and "storage.sig" in line
    ]
    assert run_stock(printed).returncode == 0


def test_a_link_beside_it_is_named_and_not_followed(storage: Path, tmp_path: Path):
    outside = write(tmp_path / "scratch/x.pt").parent
    for name, target in (
        ("checkpoints", storage / "models_v2/m"),
        ("outputs", outside),
        ("wandb", "nowhere"),
        ("x.pt", storage / WEIGHTS),
        ("runs", "runs"),
    ):
        (storage / name).symlink_to(target)
    found = verify_storage(storage, report=lambda line: None)
    assert found.problems == ()
    assert f"not covered: outputs (output of runs; a link to {outside})" in found.facts
    assert "not covered: wandb (Weights & Biases; a link to nowhere)" in found.facts
    assert covered_files(storage).keys() == FILES.keys()


def test_a_link_below_what_lies_beside_stops_the_stock_tool_alone(tmp_path, keys):
    """As wandb makes them; the tool looks at what it leaves out."""
    root = write_storage(tmp_path / "storage")
    write(root / "wandb/run-1/x.log")
    (root / "wandb/latest-run").symlink_to("run-1")
    seal(root, KeySigner(keys.private))
    assert problems(root) == ""
    command = stock_command(root, keys)
    done = run_stock(command)
    assert done.returncode == 1 and "wandb/latest-run' because it is a symlink" in done.stderr
    assert run_stock(f"{command} --allow_symlinks").returncode == 0


def test_what_is_written_through_a_link_into_the_layout_suspends(storage: Path):
    (storage / "checkpoints").symlink_to(storage / "models_v2/m")
    write(storage / "checkpoints/x.pt")
    assert problems(storage) == "since decision 0001: models_v2/m/x.pt was not there"


def test_the_stock_command_allows_a_link_beside_and_no_linked_folder_of_the_layout(tmp_path, keys):
    root = signed_storage(tmp_path / "storage", keys)
    (root / "checkpoints").symlink_to(write(tmp_path / "scratch/x.pt").parent)
    assert run_stock(stock_command(root, keys)).returncode == 0
    (root / "models_v2").rename(tmp_path / "elsewhere")
    (root / "models_v2").symlink_to(tmp_path / "elsewhere")
    done = run_stock(stock_command(root, keys))
    assert done.returncode == 1 and WEIGHTS in done.stderr


@pytest.mark.parametrize("name", [*LAYOUT, "README.md", "sources.lock.json"])
def test_a_link_in_the_place_of_a_part_of_the_storage_is_refused(storage: Path, name: str):
    if (storage / name).exists():
        (storage / name).rename(storage / "moved")
        (storage / name).symlink_to("moved")
    else:
        (storage / name).symlink_to("nowhere")
    with pytest.raises(BadInput, match=f"files and folders only: {name}"):
        verify_storage(storage, report=lambda line: None)


@pytest.mark.parametrize("name", LAYOUT)
def test_a_file_added_in_a_folder_of_the_layout_suspends(storage: Path, name: str):
    write(storage / name / "new/x.pt")
    assert problems(storage) == f"since decision 0001: {name}/new/x.pt was not there"


# On macOS, or a disk of Windows, each is the same folder as the one of the layout.
SAME_ELSEWHERE = (
    "Models_v2",
    "MODELS_V2",
    "models_v2 ",
    " models_v2",
    "models_v2.",
    "models_v2. .",
    "models\u200c_v2",
    "\ufeffmodels_v2",
    "\uff4dodels_v2",
    "mode\u006cs_v\u00b2",
    "model\u017f_v2",
    "dataset\u017f_v2",
    "Docs",
    "Datasets_Local_Small",
    "Signoff",
    "s\u0131gnoff",
    "Sources.loc\u212a.json",
)


@pytest.mark.parametrize("name", SAME_ELSEWHERE, ids=ascii)
def test_another_spelling_of_a_name_of_the_storage_is_no_hiding_place(storage: Path, name: str):
    assert not is_beside(name)
    path = storage / name
    write(path / "x.pt" if "." not in name.strip(". ") else path)
    assert "was not there" in problems(storage)


def test_a_folder_of_the_layout_under_another_spelling_is_missing(storage: Path):
    """As it is seen where Models_v2 opens under the name models_v2."""
    (storage / "models_v2").rename(storage / "Models_v2")
    told = problems(storage)
    assert f"{WEIGHTS} is missing" in told
    assert f"{WEIGHTS.replace('models', 'Models')} was not there" in told


@pytest.mark.parametrize("name", ["modelsv2", "models_v3", "xdocs", "x.pt", ".x", ".git", "..x"])
def test_any_other_name_is_beside(storage: Path, name: str):
    write(storage / name)
    found = verify_storage(storage, report=lambda line: None)
    assert found.problems == ()
    assert f"not covered: {name} (unknown; 1 bytes)" in found.facts


@pytest.mark.parametrize(
    "name",
    [".README.md.host.0123abcd.0123456789abcdef.tmp", ".sources.lock.json.guard", ".gitkeep"],
)
def test_names_of_the_project_are_what_they_were(storage: Path, name: str):
    write(storage / name)
    assert problems(storage) == f"since decision 0001: {name} was not there"


def test_nothing_beside_is_looked_into(storage: Path):
    nested(storage / "outputs", ["n" * 255] * 100)
    (storage / "logs").mkdir()
    # The name of a socket is bounded to some 100 characters.
    with socket.socket(socket.AF_UNIX) as pipe, contextlib.chdir(storage / "logs"):
        pipe.bind("s")
    write(storage / "mlruns/0/meta.yaml")
    (storage / "mlruns/link").symlink_to("nowhere")
    (storage / "mlruns").chmod(0)
    try:
        found = verify_storage(storage, report=lambda line: None)
        assert found.problems == ()
        assert finished_files(storage).keys() == FILES.keys()
        mlruns = [line for line in found.facts if "mlruns/ (MLflow; " in line]
        assert mlruns and (os.geteuid() == 0 or "cannot be read" in mlruns[0])
    finally:
        (storage / "mlruns").chmod(0o755)
        remove_tree(storage / "outputs")


def test_many_names_are_counted_and_not_all_shown(storage: Path):
    for number in range(500):
        write(storage / f"{number:03d}.pt")
    for number in range(1_100):
        write(storage / f"checkpoints/{number}.pt")
    lines = [f for f in verify_storage(storage, report=lambda line: None).facts if "not cov" in f]
    assert len(lines) < 30 and "not covered: and 481 more" in lines
    assert any("checkpoints/ (checkpoints of training; over 1,000 entries" in f for f in lines)


def test_a_name_cannot_act_on_a_terminal_or_on_the_page(storage: Path):
    write(storage / "gone\x1b[2K\nverified" / "x")
    (storage / "runs").symlink_to("gone\x1b[2K")
    facts = verify_storage(storage, report=lambda line: None).facts
    assert sum("gone\\x1b[2K" in fact for fact in facts) == 2
    shown = [text for one in beside(storage) for text in (one.name, one.what, one.amount)]
    assert len(shown) == 6 and all(text.isprintable() for text in (*facts, *shown))


def test_what_the_catalog_calls_beside_is_so():
    assert all(is_beside(name) for name in BESIDE)
    assert not any(is_beside(name) for name in LAYOUT)
