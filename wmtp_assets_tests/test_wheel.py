"""What is published: the wheel holds the package and the licence.

That it holds what the commands need is seen in `test_run`, whose sample it makes.
"""

import zipfile
from email.parser import HeaderParser

import pytest

from wmtp_assets_tests.wheel import PROJECT, built_wheel

pytestmark = pytest.mark.long

PACKAGE = PROJECT / "wmtp_assets"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return built_wheel(tmp_path_factory.mktemp("wheel"))


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
