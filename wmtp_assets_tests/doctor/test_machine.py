"""What the machine must have: named where it lacks, with the fix."""

import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from wmtp_assets.doctor import machine
from wmtp_assets.doctor.lines import State, fail, ok, table, warn
from wmtp_assets_tests.doctor.world import states


def test_the_table_has_a_column_for_each_part_and_says_nothing_where_all_is_well():
    text = table([ok("fine"), warn("so so", "look"), fail("bad indeed", "do this")])
    assert text.splitlines() == [
        "ok    fine",
        "warn  so so       look",
        "fail  bad indeed  do this",
    ]


@pytest.mark.parametrize(
    ("running", "state"),
    [
        ("3.10.9", State.FAIL),
        ("3.11.0", State.OK),
        ("3.13.0rc1", State.OK),
        ("3.13.5+", State.OK),
        ("3.14.0rc1", State.FAIL),
        ("3.14.0", State.FAIL),
    ],
)
def test_python_is_one_of_the_supported_versions(running, state):
    line = machine.python_line(running, ">=3.11,<3.14")
    assert line.state == state and bool(line.fix) is (state == State.FAIL)


def test_packages_that_are_missing_wrong_or_untested_are_named():
    there = {"torch": "2.12.0", "numpy": "2.0.0", "dagster": "1.13.27"}

    def installed(name: str) -> str:
        if name not in there:
            raise PackageNotFoundError(name)
        return there[name]

    required = ["torch==2.13.0", "numpy", "dagster", "rensa", 'ruff; extra == "dev"']
    lines = list(machine.package_lines(required, {"numpy": "2.3.5"}, installed))
    assert states(lines) == [State.FAIL, State.FAIL, State.WARN]
    assert "rensa" in lines[0].what and "ruff" not in lines[0].what
    assert "torch 2.12.0, needed is ==2.13.0" in lines[1].what
    assert "numpy 2.0.0, tested is 2.3.5" in lines[2].what
    there |= {"torch": "2.13.0+cpu", "rensa": "1", "numpy": "2.3.5"}
    pins = {"numpy": "2.3.5", "torch": "2.13.0"}
    lines = list(machine.package_lines(required, pins, installed))
    assert lines == [ok("4 packages in their tested versions")]


def test_pins_are_read_from_a_constraints_file():
    text = "# exact\nPyYAML==6.0.3\nhuggingface_hub==2.4.0  # names\n\n-e .\n"
    assert machine.read_pins(text) == {"pyyaml": "6.0.3", "huggingface-hub": "2.4.0"}


def test_a_folder_is_proven_by_writing_and_nothing_stays(tmp_path):
    line = machine.folder_line("root", tmp_path / "to" / "be" / "made", "WMTP_STORAGE_ROOT")
    assert line.state == State.OK and list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_names_the_variable():
    line = machine.folder_line("storage root", Path("/proc/nowhere"), "WMTP_STORAGE_ROOT")
    assert line.state == State.FAIL and "WMTP_STORAGE_ROOT" in line.fix


def test_the_record_needs_an_absolute_existing_folder_with_its_settings(tmp_path, monkeypatch):
    def look(home, source="hub"):
        return list(machine.record_lines(home, source))

    assert states(look(None)) == [State.FAIL] and "export DAGSTER_HOME" in look(None)[0].fix
    assert states(look("", "sample")) == [State.WARN]
    monkeypatch.chdir(tmp_path.parent)
    assert states(look(tmp_path.name)) == [State.FAIL]
    assert states(look(str(tmp_path / "nowhere"))) == [State.FAIL]
    assert states(look(str(tmp_path))) == [State.OK, State.WARN]
    (tmp_path / "dagster.yaml").touch()
    assert states(look(str(tmp_path))) == [State.OK]
    (tmp_path / "a?b").mkdir()
    [line] = look(str(tmp_path / "a?b"), "sample")
    assert line.state == State.FAIL and "SQLite takes for part of an address" in line.what


def test_settings_that_only_dagster_would_read_are_named(tmp_path):
    assert list(machine.dotenv_lines(tmp_path, {})) == []
    (tmp_path / ".env").write_text("export WMTP_SOURCE=hub\nHF_TOKEN=secret\nOTHER=1\n")
    [line] = machine.dotenv_lines(tmp_path, {"WMTP_SOURCE": "hub"})
    assert line.state == State.WARN and "HF_TOKEN" in line.what
    assert not any(word in line.what for word in ("WMTP_SOURCE", "OTHER", "secret"))


@pytest.mark.parametrize(
    ("length", "system", "state"),
    [
        (75, "linux", State.OK),
        (76, "linux", State.FAIL),
        (134, "linux", State.FAIL),
        (71, "darwin", State.OK),
        (72, "darwin", State.FAIL),
    ],
)
def test_a_folder_for_temporary_files_that_leaves_no_room_for_sockets_is_said(
    length, system, state
):
    line = machine.temporary_line("/" + "t" * (length - 1), system)
    assert line.state == state
    assert state == State.OK or f"{length} bytes long" in line.what


WORKER = """
import multiprocessing
if __name__ == "__main__":
    process = multiprocessing.get_context("forkserver").Process(target=print)
    process.start()
    process.join()
"""


@pytest.mark.parametrize("length", [75, 76])
def test_the_sockets_of_processes_fit_exactly_where_the_doctor_says_so(length, monkeypatch):
    if sys.platform != "linux":
        pytest.skip("the limit of Linux; others have a shorter one")
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        folder = short + "/" + "t" * (length - len(short) - 1)
        Path(folder).mkdir()
        monkeypatch.setenv("TMPDIR", folder)
        ran = subprocess.run([sys.executable, "-c", WORKER], capture_output=True, text=True)
    fits = machine.temporary_line(folder, "linux").state == State.OK
    assert (ran.returncode == 0) is fits
    assert fits or "AF_UNIX path too long" in ran.stderr
