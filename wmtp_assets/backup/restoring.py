"""A copy -> a storage: every byte proven before it appears, with the times that it had.

Needs no Dagster and no record. What is there already and right stays; what the copy does not hold
is left alone and named.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wmtp_assets.backup.location import BackupLocation
from wmtp_assets.backup.tag import INCOMING, REPLACING, TAG, Copied, Tag, read_tag
from wmtp_assets.beside import names_beside, walk_storage
from wmtp_assets.catalog import STORAGE_VERSION as VERSION
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.regular import require_inside
from wmtp_assets.folders import SIGNOFF
from wmtp_assets.layout.skeleton import SKELETON
from wmtp_assets.progress import Seen, reading

IN_THE_MAKING = f"{SIGNOFF}/."


@dataclass(frozen=True)
class Restored:
    """What a restore did; `others` is what lies there and the copy does not hold."""

    tag: Tag
    kept: int
    restored: int
    others: tuple[str, ...]


def restore(
    location: BackupLocation, root: Path, report: Callable[[str], None] = lambda line: None
) -> Restored:
    """Write the files of a copy below a storage root.

    Args:
        root: Made if it is not there; below it, a file with other bytes is replaced.
        report: Called with one line for each file.

    Raises:
        BadInput: There is no whole copy; the storage holds decisions that the copy does not know;
            a folder of it is a link that leads out; the root cannot be written or is too small; or
            files of the copy are damaged: these are named and not written, the others are.
    """
    # A backup that broke while it put files in their places has all of the new ones, here or there.
    broken = read_tag(location, REPLACING)
    tag = broken or read_tag(location)
    if tag is None:
        raise BadInput(
            "there is no whole copy: its tag is missing",
            [f"{location.shown}: {TAG}"],
            "name the place as WMTP_BACKUP_URL did",
        )
    try:
        return _restore(location, tag, (VERSION, INCOMING) if broken else (VERSION,), root, report)
    except OSError as error:
        fix = "restore into a folder that can be written, or make it so"
        raise BadInput("the storage cannot be written", [error], fix) from error


def _restore(
    location: BackupLocation,
    tag: Tag,
    folders: Sequence[str],
    root: Path,
    report: Callable[[str], None],
) -> Restored:
    here = {
        (folder / name).relative_to(root).as_posix()
        for folder, _, names in walk_storage(root)
        for name in names
    }
    others = sorted(path for path in here - tag.files.keys() if not path.startswith(IN_THE_MAKING))
    if newer := [path for path in others if path.startswith(f"{SIGNOFF}/")]:
        raise BadInput(
            "the storage holds decisions that the copy does not know",
            newer,
            "restore into another folder, or move this storage away first",
        )
    folders_here = {(root / path).parent for path in tag.files}
    _require_inside(root, folders_here | {root / folder for folder in SKELETON})
    there = {folder: location.sizes(folder) for folder in folders}
    sizes = [tag.files[path].size_bytes for path in here & tag.files.keys()]
    there_already = reading("the storage", sum(sizes), report)
    missing = [
        path for path, file in tag.files.items() if not _is_right(root / path, file, there_already)
    ]
    file_io.require_free_space(root, sum(tag.files[path].size_bytes for path in missing))
    for folder in SKELETON:
        (root / folder).mkdir(parents=True, exist_ok=True)
    wrong = []
    seen = reading("the copy", sum(tag.files[path].size_bytes for path in missing), report)
    for number, path in enumerate(missing, 1):
        file = tag.files[path]
        report(f"{path}, {file.size_bytes:,} bytes, {number} of {len(missing)}")
        sources = [f for f in folders if there[f].get(path) == file.size_bytes]
        try:
            _fetch_one_of(location, [f"{f}/{path}" for f in sources], root / path, file, seen)
        except _Damaged as error:
            wrong.append(f"{location.shown}: {path}: {error}")
    if wrong:
        raise BadInput(
            f"{len(wrong)} files of the copy are damaged; the others are restored",
            wrong,
            "take these from another copy, or materialize their assets again",
        )
    kept = len(tag.files) - len(missing)
    return Restored(tag, kept=kept, restored=len(missing), others=(*others, *names_beside(root)))


def _require_inside(root: Path, folders: Iterable[Path]) -> None:
    """Refuse to write through a link that leads out of the storage; every such folder is named."""
    wrong = []
    for folder in sorted(folders):
        try:
            require_inside(folder, root)
        except BadInput as error:
            wrong += error.culprits
    if wrong:
        fix = "remove the links, or restore into another folder"
        raise BadInput("folders of the storage are links that lead out of it", wrong, fix)


class _Damaged(Exception):
    """The copy does not hold what its tag names."""


def _is_right(path: Path, file: Copied, seen: Seen) -> bool:
    """Whether a file is there with the right bytes; its time is then set to the recorded one."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size != file.size_bytes:
        return False
    if file_io.sha256_of(path, seen) != file.sha256:
        return False
    os.utime(path, ns=(file.mtime_ns, file.mtime_ns))
    return True


def _fetch_one_of(
    location: BackupLocation, sources: Sequence[str], target: Path, file: Copied, seen: Seen
) -> None:
    """Write the first of the sources that has the bytes."""
    damage = _Damaged("is missing, or of another size")
    for source in sources:
        try:
            return _fetch(location, source, target, file, seen)
        except _Damaged as error:
            damage = error
    raise damage


def _fetch(location: BackupLocation, source: str, target: Path, file: Copied, seen: Seen) -> None:
    with file_io.atomic_path(target) as temporary:
        digest = hashlib.sha256()
        with open(temporary, "wb") as out:
            for chunk in location.read_chunks(source):
                digest.update(chunk)
                out.write(chunk)
                seen(len(chunk))
        if digest.hexdigest() != file.sha256:
            raise _Damaged(f"sha256 {digest.hexdigest()}, tagged {file.sha256}")
        os.utime(temporary, ns=(file.mtime_ns, file.mtime_ns))
