"""A plan -> a folder of links or copies, and the line metadata made anew; proven, then in place.

All of it is made in a folder beside the target, VIEW.json last, and compared with the storage. Then
the target appears by one rename. Where it replaces an earlier view there are two: the earlier one
is put aside first, since no file system of Python renames over a full folder. A crash between the
two leaves no target, and both views beside it under names that begin with a dot and end with .tmp;
the next write makes the view anew and sweeps them. What was there before stays until then.

Nothing is replaced that is no view, or that holds a file which its VIEW.json does not list.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.apart import require_apart
from wmtp_assets.files.file_io import StoredFile
from wmtp_assets.files.temporaries import temporary_beside
from wmtp_assets.files.walking import remove_tree, walk
from wmtp_assets.training_view.compare import unlisted
from wmtp_assets.training_view.index_map import write_index_map
from wmtp_assets.training_view.layout import ViewPlan
from wmtp_assets.training_view.view_json import LinkName, View, ViewFile, read_view, write_view_json

ELSEWHERE = "name another target, such as a folder beside the storage"
# Called with a finished folder and what it says of itself; raises where it is not the storage's.
Prove = Callable[[Path, View], None]


def require_replaceable(target: Path, root: Path) -> None:
    """Refuse a target that may not be written, before any work.

    Raises:
        BadInput: It is not absolute, in the storage or around it, a link, no view, or a view with
            files of others in it.
    """
    require_apart(target, root, "a view", ELSEWHERE)
    if target.is_symlink():
        raise BadInput("the target of a view is a link", [target], "name the folder itself")
    if not target.exists():
        return
    view = read_view(target)
    if others := unlisted(target, view.files):
        raise BadInput(
            f"the view at {target} holds files that are not of it, and is not replaced",
            others,
            "move them away, such as checkpoints to where they stay, or name another target",
        )


def write_view(
    target: Path,
    plan: ViewPlan,
    root: Path,
    *,
    link: LinkName,
    catalog: str,
    storage_digest: str,
    approved_by_decision: int | None,
    prove: Prove,
    workers: int = 1,
    report: Callable[[str], None] = lambda line: None,
) -> View:
    """Write a view, or replace one.

    Args:
        root: The storage root.
        prove: Called before the view appears; what it raises leaves the target as it was.

    Raises:
        BadInput: As `require_replaceable`; the file system cannot have such links; a file is not
            as recorded; the disk is too small.
    """
    require_replaceable(target, root)
    if link == "copy":
        needed = sum(file.size_bytes for file in plan.shown.values())
        file_io.require_free_space(target.parent, needed)
    with file_io.folder_beside(target) as folder:
        files: dict[str, ViewFile] = {}
        for path, file in plan.shown.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            _LINKS[link](root / file.shows, place, file.sha256)
            facts = {"size_bytes": file.size_bytes, "sha256": file.sha256}
            files[path] = ViewFile(**facts, shows=file.shows)
        report(f"{len(plan.shown)} files shown, link: {link}")
        for path, split in plan.index_maps.items():
            made = write_index_map(folder / path, split, workers)
            files[path] = _made(made)
            report(f"{path} made anew, {made.size_bytes:,} bytes")
        view = View(
            layout=plan.layout,
            link=link,
            catalog=catalog,
            storage_digest=storage_digest,
            approved_by_decision=approved_by_decision,
            files=dict(sorted(files.items())),
        )
        write_view_json(folder, view)
        for below, _, _ in walk(folder):
            file_io.fsync_folder(below)
        prove(folder, view)
        require_replaceable(target, root)
        _put_in_place(folder, target)
    return view


def _made(file: StoredFile) -> ViewFile:
    return ViewFile(size_bytes=file.size_bytes, sha256=file.sha256, shows=None)


def _link_hard(stored: Path, place: Path, sha256: str) -> None:
    try:
        os.link(stored.resolve(strict=True), place)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise BadInput(
            f"the target cannot have hard links to the storage ({error.strerror})",
            [stored],
            "set link: copy, or link: symbolic; or name a target on the disk of the storage",
        ) from error


def _link_symbolic(stored: Path, place: Path, sha256: str) -> None:
    place.symlink_to(stored)


def _copy(stored: Path, place: Path, sha256: str) -> None:
    copied = file_io.copy_file(stored, place)
    if copied.sha256 != sha256:
        raise BadInput(
            "a file of the storage is not as recorded",
            [f"{stored}: recorded {sha256}, read {copied.sha256}"],
            "materialize its asset again, then write the view again",
        )


_LINKS: Mapping[LinkName, Callable[[Path, Path, str], None]] = {
    "hard": _link_hard,
    "symbolic": _link_symbolic,
    "copy": _copy,
}


def _put_in_place(folder: Path, target: Path) -> None:
    earlier = temporary_beside(target) if target.exists() else None
    try:
        if earlier:
            os.rename(target, earlier)
        os.rename(folder, target)
    except OSError as error:
        if earlier and earlier.exists() and not target.exists():
            os.rename(earlier, target)
        raise BadInput(
            f"the view cannot be put in its place ({error.strerror})",
            [target],
            "let nothing else write there, then run again",
        ) from error
    file_io.fsync_folder(target.parent)
    if earlier:
        remove_tree(earlier)
