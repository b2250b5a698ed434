"""What of a storage folder is the storage, and what training wrote beside it.

The one place that decides it. Beside is every name at the top that is not of the layout and not of
the project: no approval covers it, nothing in it is read, counted or swept, it is only named. Below
a folder of the layout nothing is beside.
"""

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from wmtp_assets.catalog import BESIDE, LAYOUT
from wmtp_assets.files.temporaries import is_temporary
from wmtp_assets.files.walking import walk
from wmtp_assets.folders import GIT_KEEP, LOCK, LOCK_GUARD, README, SIGNOFF
from wmtp_assets.printable import printable

OF_THE_STORAGE = (*LAYOUT, README, LOCK, LOCK_GUARD, SIGNOFF, GIT_KEEP)
UNKNOWN = "unknown"
# A folder of checkpoints may hold millions of files: nobody waits for their number.
MAX_COUNTED = 1_000
MAX_SHOWN = 20


@dataclass(frozen=True)
class Beside:
    """A name beside the layout.

    Attributes:
        name: As it is shown, a folder with a slash.
        what: By the catalog, else UNKNOWN.
        amount: What is known without a walk: the size of a file, how many names a folder has at
            its top, where a link leads.
    """

    name: str
    what: str
    amount: str


def is_beside(name: str) -> bool:
    """Whether a name at the top of a storage is of nothing that an approval covers.

    Another spelling of a name of the storage is not beside: on macOS, or on a disk of Windows, it
    may open the same folder.
    """
    return _spelled_alike(name) not in _OF_THE_STORAGE and not is_temporary(Path(name))


def _spelled_alike(name: str) -> str:
    """The same for all names that some file system takes for one.

    Case and Unicode form (APFS), characters that are not seen (HFS+), blanks and dots at the end
    (NTFS, exFAT, SMB).
    """
    seen = (c for c in name if unicodedata.category(c)[0] not in "CZ")
    plain = unicodedata.normalize("NFKC", "".join(seen))
    return plain.upper().casefold().rstrip(".")


_OF_THE_STORAGE = frozenset(map(_spelled_alike, OF_THE_STORAGE))


def walk_storage(root: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """`walk` below a storage root, without what lies beside.

    Raises:
        BadInput: As `walk`.
    """
    for folder, folders, others in walk(root):
        if folder == root:
            folders[:] = [name for name in folders if not is_beside(name)]
            others = [name for name in others if not is_beside(name)]
        yield folder, folders, others


def names_beside(root: Path) -> list[str]:
    """The names beside, those of the catalog first; none where there is no storage."""
    try:
        names = [path.name for path in root.iterdir() if is_beside(path.name)]
    except OSError:  # no storage, or one that every walk will name as unreadable
        return []
    return sorted(names, key=lambda name: (name not in BESIDE, name))


def beside(root: Path) -> Iterator[Beside]:
    """What lies beside, by a look at each name and none below it."""
    for name in names_beside(root):
        path, what = root / name, BESIDE.get(name, UNKNOWN)
        try:
            shown, amount = _look(path)
        except OSError as error:
            shown, amount = name, f"cannot be read ({error.strerror})"
        yield Beside(printable(shown), what, printable(amount))


def not_covered_lines(root: Path) -> Iterator[str]:
    """A line for each of the first, and the number of the others."""
    yield from (
        f"not covered: {one.name} ({one.what}; {one.amount})"
        for one in islice(beside(root), MAX_SHOWN)
    )
    if (more := len(names_beside(root)) - MAX_SHOWN) > 0:
        yield f"not covered: and {more} more"


def _look(path: Path) -> tuple[str, str]:
    """The name as it is shown, and the amount."""
    if path.is_symlink():
        return path.name, f"a link to {path.readlink()}"
    if not path.is_dir():
        return path.name, f"{path.lstat().st_size:,} bytes"
    with os.scandir(path) as entries:
        count = sum(1 for _ in islice(entries, MAX_COUNTED + 1))
    number = f"over {MAX_COUNTED:,}" if count > MAX_COUNTED else str(count)
    return f"{path.name}/", f"{number} {'entry' if count == 1 else 'entries'} at its top"
