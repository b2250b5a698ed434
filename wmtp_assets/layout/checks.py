"""The checks of storage_layout (plan, Steps 0 and 1)."""

import contextlib
import platform
import sys
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

from wmtp_assets.beside import walk_storage
from wmtp_assets.checking.asset_checks import checks_on
from wmtp_assets.checking.check_group import AssetState, CheckGroup
from wmtp_assets.checking.findings import Finding, verdict
from wmtp_assets.checking.propositions import ours
from wmtp_assets.deployment import Deployment
from wmtp_assets.files.temporaries import SILENT_SECONDS, is_abandoned, is_temporary
from wmtp_assets.files.walking import files_below
from wmtp_assets.folders import LEGACY, UNFINISHED
from wmtp_assets.layout.assets import layout_digest
from wmtp_assets.layout.skeleton import SKELETON
from wmtp_assets.versions import PACKAGE, Packages, find_packages, python_fault


def _folders_exist(deployment: Deployment, state: AssetState) -> dict[str, Finding]:
    root = deployment.store.root
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


def _environment(deployment: Deployment, state: AssetState) -> dict[str, Finding]:
    python = platform.python_version()
    try:
        fault = python_fault(python, metadata(PACKAGE)["Requires-Python"])
        found = find_packages(requires(PACKAGE) or (), version)
    except PackageNotFoundError:
        fault, found = "", Packages({}, [PACKAGE], {})
    wrong = [fault] if fault else []
    wrong += [f"{name} is not installed" for name in found.missing]
    wrong += [
        f"{name} {found.versions[name]}, needed is {needed}" for name, needed in found.wrong.items()
    ]
    torch = found.versions.get("torch")
    good = f"Python {python}, torch {torch}, {len(found.versions)} packages there"
    finding = verdict(
        wrong,
        good,
        "environment differs; run make setup",
        packages=found.versions,
        system=sys.platform,
    )
    return {"environment_is_supported": finding}


def _no_leftovers(deployment: Deployment, state: AssetState) -> dict[str, Finding]:
    root = deployment.store.root
    legacy = [f"{name}/ of the old layout" for name in LEGACY if (root / name).exists()]
    sizes = {str(path.relative_to(root)): _size_bytes(path) for path in _abandoned(root)}
    finding = verdict(
        legacy + [f"{name}, {sizes[name]:,} bytes" for name in sorted(sizes)],
        "no folder of the old layout, no abandoned unfinished file",
        "left over: storage_layout, materialized, sweeps unfinished files (.tmp), a raw asset its "
        "downloads (.partial); job reset_storage removes the old layout",
        legacy=len(legacy),
        temporaries=len(sizes),
        leftover_bytes=sum(sizes.values()),
    )
    return {"no_leftovers_of_older_layouts": finding}


def _abandoned(root: Path) -> Iterator[Path]:
    """Unfinished files, and folders of them, that nobody works on and nobody will continue."""
    for folder, folders, files in walk_storage(root):
        for path in (folder / name for name in (*folders, *files)):
            # What a running conversion removes meanwhile is not abandoned.
            with contextlib.suppress(FileNotFoundError):
                if _is_leftover(path):
                    yield path
        folders[:] = [name for name in folders if not is_temporary(Path(name))]


def _is_leftover(path: Path) -> bool:
    if is_temporary(path) or _is_whole_already(path):
        return is_abandoned(path)
    # The unfinished file of another program.
    return path.match(".*.tmp") and path.lstat().st_mtime < time.time() - SILENT_SECONDS


def _is_whole_already(path: Path) -> bool:
    """Whether it is an unfinished download of a file that is there."""
    raw, found, file = str(path.parent).partition(f"/{UNFINISHED}/")
    return bool(found) and path.suffix == ".partial" and Path(raw, file).exists()


def _size_bytes(path: Path) -> int:
    """What it takes of the disk, with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        return sum(one.lstat().st_size for one in files_below(path))
    return path.lstat().st_size


storage_layout_checks = checks_on(
    "storage_layout",
    CheckGroup(
        _folders_exist,
        {
            "folders_match_v2_layout": ours(
                "Every folder of the v2 layout exists", "this project makes the folders"
            )
        },
    ),
    CheckGroup(
        _environment,
        {
            "environment_is_supported": ours(
                "Python and packages are those this project is tested with",
                "other versions may write other bytes",
            )
        },
    ),
    CheckGroup(
        _no_leftovers,
        {
            "no_leftovers_of_older_layouts": ours(
                "Nothing of older layouts or killed runs lies around",
                "this project's killed runs left it, or an older layout",
            )
        },
    ),
    content=lambda deployment, digests: layout_digest(deployment.store),
)
