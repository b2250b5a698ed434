"""Make .venv and install the project in it: `python tools/set_up.py [--exact] sign|dev`.

`make` calls it before each target. Any Python from 3.7 on can run it, to say which ones are wanted.
.venv is made in its place, because its scripts name their own path. A marker in it says what is
there; a set-up that was interrupted leaves the marker empty, and the next one begins anew.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

WANTED = ("3.11", "3.12", "3.13")
VENV = Path(".venv")
PYTHON = VENV / "bin" / "python"
MARKER = VENV / "set_up.json"
MARKER_BEFORE = VENV / "installed"  # of release 2.0
REMOVED = Path(".venv.removed")
PINS = ("pyproject.toml", "constraints.txt")
EVERY_SECONDS = 10
COSTS = (
    "1.8 GB with the CPU build of torch, 5.8 GB where the package index gives the CUDA build; "
    "2 to 11 minutes, most of it downloads"
)


def tell(line: str) -> None:
    """Print at once, also into a pipe."""
    print("set-up:", line, flush=True)


def is_wanted(version: str) -> bool:
    """Whether a version such as 3.12.1 is one of the wanted."""
    return ".".join(version.split(".")[:2]) in WANTED


def wrong_python(version: str, at: str, other: str) -> str:
    """The line about a Python that is none of the wanted, and the fix.

    Args:
        version: Such as 3.12.1.
        at: Its executable.
        other: The command of a wanted one on this machine; empty where there is none.
    """
    fix = f"PYTHON={other or 'python3.12'}"
    have = "" if other else "install one, and "
    return (
        f"Python {version} was found ({at}), wanted is {', '.join(WANTED)}: "
        f"{have}add {fix} to the command, as in make sample {fix}"
    )


def version_of(python: str | Path) -> str:
    """The version of a Python, such as 3.12.1; empty where it does not run."""
    command = [str(python), "-Ic", "import platform; print(platform.python_version())"]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return ""
    return done.stdout.decode().strip() if done.returncode == 0 else ""


def other_here() -> str:
    """The command of a wanted Python that runs on this machine; empty if none does."""
    commands = (f"python{version}" for version in WANTED)
    return next((command for command in commands if is_wanted(version_of(command))), "")


def pins() -> str:
    """The digest over what decides which packages are installed."""
    return hashlib.sha256(b"\0".join(Path(name).read_bytes() for name in PINS)).hexdigest()


def made() -> dict[str, str]:
    """The marker of a .venv that runs: python, extra, pins; empty where it is unfinished."""
    try:
        marker = json.loads(MARKER.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return marker if marker and version_of(PYTHON) == marker["python"] else {}


@contextlib.contextmanager
def alone():
    """Wait for another set-up in this folder, and for a pip that outlived a killed one."""
    with open("pyproject.toml", "rb") as file:
        os.set_inheritable(file.fileno(), True)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            tell("another one is under way here, waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def clear_the_way() -> None:
    """Remove what an earlier set-up made; move aside what somebody else did."""
    shutil.rmtree(REMOVED, ignore_errors=True)
    if MARKER.exists() or MARKER_BEFORE.exists():
        tell("the .venv here is unfinished or of another Python: made anew")
        # By its new name it is known to be on its way out, wherever the removal is cut.
        os.rename(VENV, REMOVED)
        shutil.rmtree(REMOVED)
    elif VENV.exists():
        names = (Path(f".venv.aside-{number}") for number in range(1, 1000))
        aside = next(name for name in names if not name.exists())
        tell(f"the .venv here was not made by make: moved to {aside}")
        os.rename(VENV, aside)


def make_venv() -> None:
    """An empty virtual environment of this Python, marked as unfinished."""
    free = shutil.disk_usage(".").free / 1e9
    tell(f"Python {platform.python_version()} makes .venv ({COSTS}; free here {free:.0f} GB)")
    VENV.mkdir()
    MARKER.write_text("{}", "utf-8")
    # Where this is the Python of a .venv that was moved, only its base is still there.
    base = getattr(sys, "_base_executable", None) or sys.executable
    subprocess.run([base, "-m", "venv", str(VENV)], check=True, close_fds=False)


def install(extra: str) -> None:
    """Install the project as it lies here, with the pinned versions; tell how far it is."""
    python, began = version_of(PYTHON), time.monotonic()
    MARKER.write_text("{}", "utf-8")
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check"]
    command += ["--progress-bar", "off", "-c", "constraints.txt", "-e", f".[{extra}]"]
    pip = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        universal_newlines=True,
        errors="replace",
        close_fds=False,
    )
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(iter(pip.stdout.readline, "")))
    reader.start()
    while reader.is_alive():
        reader.join(EVERY_SECONDS)
        if reader.is_alive():
            tell(f"{time.monotonic() - began:4.0f} s, {how_far(lines, packages())}")
    if pip.wait() != 0:
        raise SystemExit("set-up: pip failed, as it says above; the next make begins anew")
    MARKER.write_text(json.dumps({"python": python, "extra": extra, "pins": pins()}), "utf-8")
    tell(f"{packages()} packages are there after {time.monotonic() - began:.0f} s")


def how_far(lines: list[str], there: int) -> str:
    """How far pip is, by its lines and the packages that are there."""
    for line in reversed(lines):
        if line.startswith("Installing collected packages:"):
            total = line.count(",") + 1
            # With pip itself there is one more.
            return f"{min(there, total)} packages installed of {total}"
        if line.strip().startswith(("Downloading", "Using cached")):
            found = sum(one.startswith("Collecting") for one in lines)
            return f"{found} packages found; {' '.join(line.split())[:90]}"
    return "asks the package index"


def packages() -> int:
    """How many packages lie in .venv."""
    return sum(1 for _ in VENV.glob("lib/python*/site-packages/*.dist-info"))


def set_up(extra: str, exact: bool) -> None:
    """Leave a .venv with the pinned packages and what `extra` names; at once where it is there.

    Args:
        extra: `sign`, or `dev`, which holds it.
        exact: Whether it has to be of this very version of Python.

    Raises:
        SystemExit: This Python is none of the wanted, or something failed; one line says what.
    """
    there = made()
    if exact and there.get("python") != platform.python_version():
        there = {}
    if there.get("extra") in (extra, "dev") and there["pins"] == pins():
        return
    if not there:
        version = platform.python_version()
        if not is_wanted(version):
            raise SystemExit(wrong_python(version, sys.executable, other_here()))
    if VENV.is_symlink():
        raise SystemExit("set-up: .venv is a link: set up where it leads to, or remove it")
    if not there:
        clear_the_way()
        make_venv()
    install("dev" if there.get("extra") == "dev" else extra)


def main(arguments: list[str]) -> int:
    """Set up for the arguments of the command line; returns the exit code."""
    with alone():
        try:
            set_up(arguments[-1], "--exact" in arguments)
        except KeyboardInterrupt:
            tell("interrupted; the next make begins anew")
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
