"""What is published: the wheel holds the package, the licence and what the commands need."""

import os
import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

PROJECT = Path(__file__).parents[1]
PACKAGE = PROJECT / "wmtp_assets"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built without network from what git would give to somebody else."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (PROJECT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((PROJECT / name).read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--wheel-dir", str(folder), str(source)]
    subprocess.run(command, check=True)
    [built] = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def test_the_wheel_installs_the_package_alone_and_all_of_it(wheel: zipfile.ZipFile):
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    stored = {p for p in PACKAGE.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    assert names == {path.relative_to(PROJECT).as_posix() for path in stored}
    assert {"wmtp_assets/dagster.yaml", "wmtp_assets/py.typed"} <= names


def test_the_wheel_states_and_holds_its_licence(wheel: zipfile.ZipFile):
    [info] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    stated = HeaderParser().parsestr(wheel.read(info).decode())
    assert stated["License-Expression"] == "Apache-2.0"
    licence = wheel.read(info.replace("METADATA", f"licenses/{stated['License-File']}"))
    assert licence == (PROJECT / "LICENSE").read_bytes()
    assert b"END OF TERMS AND CONDITIONS" in licence


def test_the_sample_runs_from_the_wheel_in_an_empty_folder(wheel: zipfile.ZipFile, tmp_path: Path):
    """The wheel lies beside the packages of this environment, and is found before the checkout."""
    wheel.extractall(tmp_path / "site")
    empty = tmp_path / "empty"
    empty.mkdir()
    settings = {"PYTHONPATH": str(tmp_path / "site"), "DAGSTER_HOME": "/of/a/real/run"}

    def python(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=empty,
            env=os.environ | settings,
            capture_output=True,
            text=True,
        )

    found = python("-c", "import wmtp_assets; print(wmtp_assets.__file__)").stdout
    assert found.startswith(str(tmp_path / "site"))
    done = python("-m", "wmtp_assets.sample")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert [path.name for path in empty.iterdir()] == [".sample"]
    assert (empty / ".sample/dagster_home/dagster.yaml").is_file()
    assert (empty / ".sample/storage/models_v2/micro-mtp/safetensors/model.safetensors").is_file()
