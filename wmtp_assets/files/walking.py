"""The one way to walk the folders of a storage, a mirror or a backup.

No link is entered, nothing is passed over in silence, and no depth of folders ends in a traceback:
what Python's own walks do with 3,000 nested folders depends on its version and on their names.
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from wmtp_assets.errors import BadInput

# The deepest file of the real storage, an unfinished download, lies 9 folders below its root.
DEEPEST = 32
# Of the path that is named; all of it may be longer than a page.
SHOWN_LEVELS = 4
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def walk(top: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Yield (folder, names of its folders, names of what else is in it), as `os.walk` does.

    A link to a folder is among the folders and is not entered, but for `top` itself. What is
    removed from the list of folders is not entered either. A folder that is not there, or no more,
    yields nothing.

    Raises:
        BadInput: A folder cannot be read, or lies deeper than any layout.
    """
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        if (found := _names(folder, top)) is None:
            continue
        folders, others, links = found
        yield folder, folders, others
        below = [folder / name for name in folders if name not in links]
        if below and len(folder.relative_to(top).parts) >= DEEPEST:
            raise _too_deep(folder, top)
        waiting += reversed(below)


def files_below(top: Path) -> Iterator[Path]:
    """Everything at or below a folder that is no folder itself, links to folders included.

    Raises:
        BadInput: As `walk`.
    """
    for folder, folders, others in walk(top):
        yield from (folder / name for name in others)
        yield from (path for path in (folder / name for name in folders) if path.is_symlink())


def remove_tree(top: Path) -> None:
    """Remove a folder and all that is in it, however deep; links are removed, never entered.

    Raises:
        OSError: Something cannot be removed, or was moved meanwhile.
    """
    # One descriptor that goes down and up: a path becomes too long, as many descriptors too many.
    above: list[tuple[str, os.stat_result]] = []
    here = os.open(top, _FOLDER)
    try:
        while (name := _first_folder(here)) or above:
            if name:
                above.append((name, os.fstat(here)))
                here = _step(here, name)
            else:
                emptied, was = above.pop()
                here = _step(here, "..")
                if not os.path.samestat(was, os.fstat(here)):
                    raise OSError(errno.ESTALE, "moved while it was removed", str(top))
                os.rmdir(emptied, dir_fd=here)
    finally:
        os.close(here)
    top.rmdir()


def _first_folder(here: int) -> str | None:
    """Remove what is no folder; returns the name of the first one, if any."""
    with os.scandir(here) as entries:
        names = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in names:
        if not is_folder:
            os.unlink(name, dir_fd=here)
    return next((name for name, is_folder in names if is_folder), None)


def _step(here: int, name: str) -> int:
    """The descriptor of a folder beside or above, in the place of this one."""
    there = os.open(name, _FOLDER, dir_fd=here)
    os.close(here)
    return there


def _names(folder: Path, top: Path) -> tuple[list[str], list[str], set[str]] | None:
    """The names of folders, of everything else, and of what is a link among both."""
    folders: list[str] = []
    others: list[str] = []
    links: set[str] = set()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                (folders if _is_folder(entry) else others).append(entry.name)
                if entry.is_symlink():
                    links.add(entry.name)
        longest = max((*folders, *others), key=lambda name: len(os.fsencode(name)), default=".")
        with contextlib.suppress(FileNotFoundError):  # removed meanwhile
            (folder / longest).lstat()  # else whoever asks for it would be told that it is too long
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise _too_deep(folder, top) from error
        fix = "make it readable, or remove it"
        raise BadInput(f"a folder cannot be read ({error.strerror})", [folder], fix) from error
    return sorted(folders), sorted(others), links


def _is_folder(entry: os.DirEntry) -> bool:
    with contextlib.suppress(OSError):  # a link that leads back to itself
        return entry.is_dir()
    return False


def _too_deep(folder: Path, top: Path) -> BadInput:
    shown = Path(*folder.relative_to(top).parts[:SHOWN_LEVELS])
    return BadInput(
        f"folders are nested deeper than in any layout ({DEEPEST} levels at most)",
        [f"{top / shown}/..."],
        "look who made them, and remove them: rm -rf can",
    )
