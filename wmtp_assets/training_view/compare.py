"""What of a view is not the storage's: every file, by name.

Pure: the storage is what the record says (`plan_view`), and what its files are now (`Digests`: of
recorded size and time, or read). A file of a view is that file itself, or read. What was made anew
is counted again from the JSONL.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from wmtp_assets.checking.digests import UNREADABLE
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.regular import require_regular
from wmtp_assets.files.walking import files_below
from wmtp_assets.progress import Seen, reading, unseen
from wmtp_assets.training_view.index_map import index_map_difference
from wmtp_assets.training_view.layout import ViewPlan
from wmtp_assets.training_view.view_json import VIEW, LinkName, View, ViewFile

ANEW = "write the view again (job write_training_view)"


def differences(
    folder: Path,
    view: View,
    plan: ViewPlan,
    root: Path,
    now: Mapping[str, str],
    workers: int = 1,
    report: Callable[[str], None] = lambda line: None,
) -> Iterator[str]:
    """Yield one clause for each thing that is wrong with a view.

    Args:
        folder: The view.
        view: What it says of itself.
        plan: What it has to hold, by the record.
        root: The storage root.
        now: Path in the storage -> sha256 of the file there now.
        report: Called with a line before long work, and how far it is.

    Raises:
        BadInput: A JSONL of the storage cannot be read.
    """
    yield from _misstatements(view, plan)
    there = paths_in(folder)
    yield from (f"{path} is missing" for path in sorted(plan.paths - there))
    yield from (
        f"{path} does not belong to the view"
        for path in sorted(there - plan.paths - {VIEW})
        if path.split("/")[0] in plan.folders
    )
    look = _LOOKS[view.link]
    # A link is known by where it leads; only copies are read.
    copied = plan.shown.values() if view.link == "copy" else ()
    seen = reading("the view", sum(file.size_bytes for file in copied), report)
    for path in sorted(plan.shown.keys() & there):
        file = plan.shown[path]
        if (found := now.get(file.shows, "missing")) != file.sha256:
            yield (
                f"{path} shows {file.shows} of the storage, which is not as recorded: recorded "
                f"{file.sha256}, found {found}"
            )
        elif wrong := look(folder / path, root / file.shows, file.sha256, seen):
            yield f"{path} {wrong}"
    for path in sorted(plan.index_maps.keys() & there):
        report(f"counting {path} again")
        yield from (f"{path} {wrong}" for wrong in _of_map(folder, path, view, plan, workers))


def paths_in(folder: Path) -> set[str]:
    """What lies in a view, folders aside."""
    return {path.relative_to(folder).as_posix() for path in files_below(folder)}


def beside(folder: Path, plan: ViewPlan) -> list[str]:
    """What lies in the folder of a view beside its own folders: of no view, whoever wrote it."""
    return sorted(p.name for p in folder.iterdir() if p.name not in {*plan.folders, VIEW})


def unlisted(folder: Path, listed: Collection[str]) -> list[str]:
    """What lies in a view that its VIEW.json does not list, such as checkpoints of training."""
    return sorted(paths_in(folder) - {*listed, VIEW})


def _misstatements(view: View, plan: ViewPlan) -> Iterator[str]:
    """Where VIEW.json contradicts the record."""
    wanted: dict[str, ViewFile] = {
        path: ViewFile(size_bytes=file.size_bytes, sha256=file.sha256, shows=file.shows)
        for path, file in plan.shown.items()
    }
    for path in sorted(view.files.keys() | plan.paths):
        stated = view.files.get(path)
        if stated is None:
            yield f"{VIEW} does not list {path}"
        elif path not in plan.paths:
            yield f"{VIEW} lists {path}, which is not of layout {plan.layout}"
        elif path in wanted and stated != wanted[path]:
            yield (
                f"{VIEW} says of {path}: {_facts(stated)}; the record has {_facts(wanted[path])}"
            )


def _facts(file: ViewFile) -> str:
    return f"{f'{file.shows}, ' if file.shows else ''}{file.size_bytes:,} bytes, {file.sha256}"


def _of_map(folder: Path, path: str, view: View, plan: ViewPlan, workers: int) -> Iterator[str]:
    if (folder / path).is_symlink():
        yield "is a link, it is made anew in a view"
        return
    try:
        require_regular(folder / path, root=folder)
        read = file_io.stored(folder / path)
        found = ViewFile(size_bytes=read.size_bytes, sha256=read.sha256, shows=None)
        if view.files.get(path, found) != found:
            yield f"is not as {VIEW} says: {_facts(view.files[path])}; found {_facts(found)}"
    except (BadInput, OSError) as error:
        yield f"is {UNREADABLE} ({error})"
        return
    if wrong := index_map_difference(folder / path, plan.index_maps[path], workers):
        yield f"is not as counted again: {wrong}"


def _of_hard_link(path: Path, stored: Path, sha256: str, seen: Seen) -> str:
    """Also bytes that are equal: the storage made the file anew since."""
    if path.is_symlink():
        return "is a symbolic link, VIEW.json says that links are hard"
    return "" if path.samefile(stored) else _of_bytes(path, sha256, unseen)


def _of_symbolic_link(path: Path, stored: Path, sha256: str, seen: Seen) -> str:
    if not path.is_symlink():
        return "is no symbolic link, VIEW.json says that all are"
    leads = path.readlink()
    there = path.exists() and path.samefile(stored)
    return "" if there else f"leads to {leads}, not to {stored}"


def _of_copy(path: Path, stored: Path, sha256: str, seen: Seen) -> str:
    if path.is_symlink() or path.samefile(stored):
        return "is no copy but the storage's file itself, VIEW.json says that all are copies"
    return _of_bytes(path, sha256, seen)


def _of_bytes(path: Path, sha256: str, seen: Seen) -> str:
    try:
        found = file_io.sha256_of(path, seen)
    except (BadInput, OSError) as error:
        return f"is {UNREADABLE} ({error})"
    return "" if found == sha256 else f"has other bytes: recorded {sha256}, found {found}"


_LOOKS: Mapping[LinkName, Callable[[Path, Path, str, Seen], str]] = {
    "hard": _of_hard_link,
    "symbolic": _of_symbolic_link,
    "copy": _of_copy,
}
