"""Python, packages, folders, the record: what the machine must have."""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from packaging.version import Version

from wmtp_assets.doctor.lines import Line, fail, ok, warn
from wmtp_assets.files.file_io import nearest_existing
from wmtp_assets.project_yaml import PROJECT_YAML
from wmtp_assets.setting_values import RECORD_FIX, wrong_with_record
from wmtp_assets.versions import find_packages, python_fault

SETUP = "run make setup"
# Bytes of sockaddr_un.sun_path, the final zero included; other systems have at least 104.
MOST_ADDRESS = {"linux": 108}
# `/pymp-xxxxxxxx/listener-xxxxxxxx` of multiprocessing, the longest name; Dagster's are shorter.
SOCKET_BYTES = len("/pymp-xxxxxxxx/listener-xxxxxxxx")
# Dagster loads .env from the working folder; a shell and this look do not.
READ_BY_DAGSTER = ("WMTP_", "HF_", "DAGSTER_HOME")


def python_line(running: str, supported: str) -> Line:
    """Whether this Python is one of the supported versions, such as `>=3.11,<3.14`."""
    fault = python_fault(running, supported)
    return fail(fault, "make setup PYTHON=python3.12") if fault else ok(f"Python {running}")


def package_lines(
    required: Iterable[str], pinned: Mapping[str, str], installed: Callable[[str], str]
) -> Iterator[Line]:
    """Whether the required packages are there, in versions that were tested together.

    Args:
        required, installed: As in `find_packages`.
        pinned: Package -> version of constraints.txt; empty where that file is not at hand.
    """
    found = find_packages(required, installed)
    wrong = [
        f"{name} {found.versions[name]}, needed is {needed}" for name, needed in found.wrong.items()
    ]
    other = [
        f"{name} {version}, tested is {pin}"
        for name, version in found.versions.items()
        if name not in found.wrong and (pin := pinned.get(_as_pinned(name)))
        if Version(version).public != Version(pin).public
    ]
    if found.missing:
        yield fail(f"packages are missing: {', '.join(found.missing)}", SETUP)
    if wrong:
        yield fail(f"packages: {'; '.join(wrong)}", SETUP)
    if other:
        yield warn(f"packages: {'; '.join(other)}", SETUP)
    if not found.missing + wrong + other:
        yield ok(f"{len(found.versions)} packages in their tested versions")


def read_pins(text: str) -> dict[str, str]:
    """The `name==version` lines of a constraints file."""
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    pairs = [line.split("==", 1) for line in lines if "==" in line]
    return {_as_pinned(name.strip()): version.strip() for name, version in pairs}


def _as_pinned(name: str) -> str:
    return name.lower().replace("_", "-")


def folder_line(name: str, folder: Path, variable: str) -> Line:
    """Whether a folder can be written, or made, by writing a temporary file.

    Mode bits do not tell: root ignores them, and a mount can be read-only.
    """
    try:
        with tempfile.TemporaryFile(dir=nearest_existing(folder)) as probe:
            probe.write(b"x")
    except OSError as error:
        return fail(
            f"{name} cannot be written: {folder} ({error.strerror})",
            f"make it writable, or choose another {variable}",
        )
    return ok(f"{name} can be written: {folder}")


def temporary_line(folder: str, system: str) -> Line:
    """Whether the sockets of worker processes fit below the folder for temporary files.

    Args:
        folder: As `tempfile.gettempdir` gives it (TMPDIR).
        system: As `sys.platform` names it.
    """
    length, most = len(os.fsencode(folder)), MOST_ADDRESS.get(system, 104) - 1 - SOCKET_BYTES
    if length > most:
        return fail(
            f"TMPDIR is {length} bytes long, the sockets of processes need at most {most}",
            "export TMPDIR=/tmp",
        )
    return ok(f"temporary files in {folder}")


def record_lines(home: str | None, source: str) -> Iterator[Line]:
    """DAGSTER_HOME: without it the record is thrown away, with exit code 0."""
    if not home:
        what = "DAGSTER_HOME is not set: the record would be thrown away"
        fix = 'export DAGSTER_HOME="$PWD/.dagster_home"; mkdir -p "$DAGSTER_HOME"'
        yield (
            warn(what, "make sample and make ui set it") if source == "sample" else fail(what, fix)
        )
    elif wrong := wrong_with_record(home):
        yield fail(wrong, RECORD_FIX)
    else:
        path = Path(home)
        yield folder_line("DAGSTER_HOME", path, "DAGSTER_HOME")
        if not (path / "dagster.yaml").is_file():
            what = "DAGSTER_HOME holds no dagster.yaml: no limits, telemetry on"
            yield warn(what, f'cp "{PROJECT_YAML}" "$DAGSTER_HOME"/')


def dotenv_lines(folder: Path, environment: Mapping[str, str] = os.environ) -> Iterator[Line]:
    """Settings in a .env that this process does not have, but Dagster will."""
    path = folder / ".env"
    if not path.is_file():
        return
    names = [
        line.split("=", 1)[0].removeprefix("export ").strip()
        for line in path.read_text("utf-8", "replace").splitlines()
        if "=" in line
    ]
    hidden = [n for n in names if n.startswith(READ_BY_DAGSTER) and n not in environment]
    if hidden:
        what = f"Dagster reads .env, this look does not: {', '.join(hidden)}"
        yield warn(what, "set -a; . ./.env; set +a; look again")
