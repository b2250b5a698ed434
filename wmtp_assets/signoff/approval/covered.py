"""Which files of the storage an approval covers: all but its own folder and downloads in flight."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from wmtp_assets.errors import BadInput
from wmtp_assets.temporaries import is_in_work
from wmtp_assets.walking import walk

SIGNOFF = "signoff"
CACHE = ".cache"
LOCK_GUARD = ".sources.lock.json.guard"
# Kept beside the artifacts; the lock is held against the raw files by their checks.
FILES_OF_NO_ASSET = frozenset({"sources.lock.json", ".gitkeep"})


def ignored_paths(root: Path) -> tuple[str, ...]:
    """The paths below the storage root that a signature leaves out, as they are there now."""
    caches = sorted(
        (folder / CACHE).relative_to(root).as_posix()
        for folder, folders, _ in walk(root)
        if CACHE in folders
    )
    return (SIGNOFF, LOCK_GUARD, *caches)


def finished_files(root: Path) -> dict[str, Path]:
    """The covered files but for those that a running job has not finished, folders of them too."""
    return _by_name(root, (path for path in _walk(root) if not _in_work(path.relative_to(root))))


def covered_files(root: Path) -> dict[str, Path]:
    """Path below the root -> the file, in the order of the paths.

    Raises:
        BadInput: There is a link or something that is neither file nor folder; the signature
            format knows neither.
    """
    return _by_name(root, _walk(root))


def _in_work(relative: Path) -> bool:
    return any(is_in_work(Path(name)) for name in relative.parts)


def _by_name(root: Path, paths: Iterable[Path]) -> dict[str, Path]:
    found, odd = {}, []
    for path in paths:
        if path.is_symlink() or not path.is_file():
            odd.append(path.relative_to(root).as_posix())
        found[path.relative_to(root).as_posix()] = path
    if odd:
        raise BadInput(
            "an approved storage holds files and folders only",
            sorted(odd),
            "replace a link by what it points to, remove anything else",
        )
    return dict(sorted(found.items()))


def of_no_asset(stored: Iterable[str], recorded: Collection[str]) -> list[str]:
    """The covered files that no asset recorded and that have no business there."""
    return sorted(set(stored) - set(recorded) - FILES_OF_NO_ASSET)


def _walk(root: Path) -> Iterator[Path]:
    for here, folders, files in walk(root):
        folders[:] = sorted(n for n in folders if n != CACHE and (here, n) != (root, SIGNOFF))
        yield from (here / name for name in folders if (here / name).is_symlink())
        yield from (here / name for name in files if (here, name) != (root, LOCK_GUARD))
