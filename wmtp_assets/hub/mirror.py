"""A storage -> the mirror folder that a site without network reads with WMTP_SOURCE=mirror.

In: what is locked and where it lies. Out: `<repo id>/<path>` and the listing of digests, written
last. Every file is read again under its temporary name and compared with the lock before it
appears: a mirror never spreads a damaged file. On one disk the files are hard links, else copies.
"""

import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.apart import require_apart
from wmtp_assets.hub.file_formats import fault
from wmtp_assets.hub.lock import LockedRepo, stated_files
from wmtp_assets.hub.sources import LISTING_NAME, read_listing
from wmtp_assets.progress import Seen, reading


@dataclass(frozen=True)
class MirrorFile:
    """One locked file: its published path, where it lies, where it goes, what it must be."""

    path: str
    source: Path
    target: Path
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Mirrored:
    """How many files of the mirror were there already, linked and copied."""

    kept: int
    linked: int
    copied: int
    size_bytes: int


def require_own_folder(target: Path, storage_root: Path) -> None:
    """Refuse a folder that is not absolute, or that lies in the storage or around it.

    Raises:
        BadInput: The folder is named.
    """
    fix = "name another target, such as a folder of the disk that travels"
    require_apart(target, storage_root, "a mirror", fix)


def write_mirror(
    target: Path,
    repos: Iterable[tuple[LockedRepo, dict[str, Path]]],
    report: Callable[[str], None] = lambda line: None,
) -> Mirrored:
    """Write or complete a mirror; entries of other repositories in it stay.

    Args:
        repos: What is locked of a repository, and path in it -> where that file lies.
        report: Called with one line for each file, and how far it is.

    Raises:
        BadInput: A file is not what the lock says (all of them are named), or the disk is too
            small. The listing is then as it was.
    """
    repos = list(repos)
    files = [
        MirrorFile(path, found[path], target / locked.repo / path, size, sha256)
        for locked, found in repos
        for path, (size, sha256) in locked.files.items()
    ]
    file_io.require_free_space(target, sum(f.size_bytes for f in files if _is_copied(f, target)))
    counts = {"kept": 0, "linked": 0, "copied": 0}
    wrong = []
    seen = reading("the mirror", sum(file.size_bytes for file in files), report)
    for number, file in enumerate(files, 1):
        name = file.target.relative_to(target)
        report(f"{name}, {file.size_bytes:,} bytes, {number} of {len(files)}")
        try:
            counts[_place(file, seen)] += 1
        except WrongBytes as error:
            wrong.append(f"{file.source}: {error}")
    if wrong:
        raise BadInput(
            "the storage is not what its lock says; the mirror is not complete",
            wrong,
            "materialize the raw assets of these files again, then write the mirror again",
        )
    _write_listing(target, [locked for locked, _ in repos])
    return Mirrored(**counts, size_bytes=sum(f.size_bytes for f in files))


class WrongBytes(Exception):
    """The digest of a file is not the locked one, or it is no such file."""


def _place(file: MirrorFile, seen: Seen) -> str:
    there = _is_there(file) and file_io.sha256_of(file.target, seen) == file.sha256
    if there and not fault(file.target, file.path):
        return "kept"
    with file_io.folder_beside(file.target) as folder:
        temporary = folder / file.target.name
        try:
            os.link(file.source.resolve(), temporary)
            how = "linked"
        except OSError:  # another file system, or one without hard links
            shutil.copyfile(file.source, temporary)
            how = "copied"
        found = file_io.sha256_of(temporary, seen)
        if found != file.sha256:
            raise WrongBytes(f"sha256 {found}, locked {file.sha256}")
        if wrong := fault(temporary, file.path):
            raise WrongBytes(wrong)
        file_io.publish(temporary, file.target)
    return how


def _is_there(file: MirrorFile) -> bool:
    there = file.target.is_file() and not file.target.is_symlink()
    return there and file.target.stat().st_size == file.size_bytes


def _is_copied(file: MirrorFile, target: Path) -> bool:
    device = file_io.nearest_existing(target).stat().st_dev
    return file.source.stat().st_dev != device and not _is_there(file)


def _write_listing(target: Path, repos: list[LockedRepo]) -> None:
    listing = target / LISTING_NAME
    stated: dict[str, Any] = {repo: of.model_dump() for repo, of in read_listing(target).items()}
    for locked in repos:
        stated[locked.repo] = {"commit": locked.commit, "files": stated_files(locked.files)}
    file_io.write_json(listing, dict(sorted(stated.items())))
