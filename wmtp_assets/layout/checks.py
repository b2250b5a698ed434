"""The checks of storage_layout (plan, Steps 0 and 1)."""

import contextlib
import platform
import re
import sys
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from wmtp_assets.checks import Reading, Seen, checks_on
from wmtp_assets.findings import Finding, verdict
from wmtp_assets.folders import SKELETON
from wmtp_assets.layout.assets import layout_digest
from wmtp_assets.propositions import ours
from wmtp_assets.setup import Setup
from wmtp_assets.walking import walk

SUPPORTED = ((3, 11), (3, 13))
PACKAGE = "wmtp-assets"
# Folders of the layout before v2 (plan, Step 0).
LEGACY = ("models", "datasets")
# Younger temporaries may belong to a running conversion: 27 GB take less than a day.
ABANDONED_SECONDS = 86_400


def _folders_exist(setup: Setup, seen: Seen) -> dict[str, Finding]:
    root = setup.store.root
    missing = [folder for folder in SKELETON if not (root / folder).is_dir()]
    links = [folder for folder in SKELETON if (root / folder).is_symlink()]
    finding = verdict(
        [f"{folder} is missing" for folder in missing] + [f"{link} is a link" for link in links],
        f"all {len(SKELETON)} folders of the v2 layout exist",
        "layout differs",
        expected=len(SKELETON),
        missing=len(missing),
        links=len(links),
    )
    return {"folders_match_v2_layout": finding}


def _environment(setup: Setup, seen: Seen) -> dict[str, Finding]:
    python = platform.python_version_tuple()
    wrong = (
        []
        if SUPPORTED[0] <= tuple(map(int, python[:2])) <= SUPPORTED[1]
        else [f"Python {platform.python_version()}, supported are 3.11 to 3.13"]
    )
    versions: dict[str, str] = {}
    try:
        needed = requires(PACKAGE) or []
    except PackageNotFoundError:
        needed = [PACKAGE]
    for requirement in needed:
        name, pinned = re.match(r"([\w.-]+)(?:==([\w.]+))?", requirement).groups()
        if "extra ==" in requirement:
            continue
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            wrong.append(f"{name} is not installed")
            continue
        # A build for one kind of machine is the pinned version: 2.13.0+cpu.
        if pinned and versions[name].split("+")[0] != pinned:
            wrong.append(f"{name} {versions[name]}, pinned is {pinned}")
    torch = versions.get("torch")
    good = f"Python {platform.python_version()}, torch {torch}, {len(versions)} packages there"
    finding = verdict(
        wrong, good, "environment differs; run make setup", packages=versions, system=sys.platform
    )
    return {"environment_is_supported": finding}


def _no_leftovers(setup: Setup, seen: Seen) -> dict[str, Finding]:
    root = setup.store.root
    legacy = [f"{name}/ of the old layout" for name in LEGACY if (root / name).exists()]
    temporaries = sorted(str(path.relative_to(root)) for path in _abandoned(root))
    finding = verdict(
        legacy + temporaries,
        "no folder of the old layout, no abandoned temporary file",
        "left over; job reset_storage removes it",
        legacy=len(legacy),
        temporaries=len(temporaries),
    )
    return {"no_leftovers_of_older_layouts": finding}


def _abandoned(root: Path) -> Iterator[Path]:
    """Temporary files, and folders of them, that nobody changed for long."""
    for folder, folders, files in walk(root):
        for path in (Path(folder, name) for name in (*folders, *files)):
            # What a running conversion removes meanwhile is not abandoned.
            with contextlib.suppress(FileNotFoundError):
                if path.match(".*.tmp") and path.lstat().st_mtime < time.time() - ABANDONED_SECONDS:
                    yield path


storage_layout_checks = checks_on(
    "storage_layout",
    Reading(
        _folders_exist,
        {
            "folders_match_v2_layout": ours(
                "Every folder of the v2 layout exists", "this project makes the folders"
            )
        },
    ),
    Reading(
        _environment,
        {
            "environment_is_supported": ours(
                "Python and packages are those this project is tested with",
                "other versions may write other bytes",
            )
        },
    ),
    Reading(
        _no_leftovers,
        {
            "no_leftovers_of_older_layouts": ours(
                "Nothing of older layouts or killed runs lies around",
                "this project's killed runs left it, or an older layout",
            )
        },
    ),
    content=lambda setup, digests: layout_digest(setup.store),
)
