"""Which files of the storage an approval covers: all but its own folder and downloads in flight.

What lies beside the layout is not of the storage (beside.py).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from wmtp_assets.beside import names_beside, walk_storage
from wmtp_assets.catalog import BESIDE
from wmtp_assets.errors import BadInput
from wmtp_assets.files.temporaries import is_in_work
from wmtp_assets.folders import GIT_KEEP, LOCK, LOCK_GUARD, SIGNOFF

CACHE = ".cache"
# The folders that files are downloaded into, hence those with downloads in flight.
FETCHED_INTO = frozenset({"raw", "tokenizer"})


def ignored_paths(root: Path) -> tuple[str, ...]:
    """The paths below the root that a signature leaves out: of now, and those of later training."""
    caches = sorted(
        (folder / CACHE).relative_to(root).as_posix()
        for folder, folders, _ in walk_storage(root)
        if CACHE in folders and folder.name in FETCHED_INTO
    )
    return (SIGNOFF, LOCK_GUARD, *caches, *sorted({*BESIDE, *names_beside(root)}))


def finished_files(root: Path) -> dict[str, Path]:
    """The covered files without those that a running job has not finished."""
    return _by_name(root, (path for path in _walk(root) if not _in_work(root, path)))


def covered_files(root: Path) -> dict[str, Path]:
    """Path below the root -> the file, in the order of the paths.

    Raises:
        BadInput: There is a link or something that is neither file nor folder; the signature
            format knows neither.
    """
    return _by_name(root, _walk(root))


def _in_work(root: Path, path: Path) -> bool:
    above = (folder for folder in path.parents if folder.is_relative_to(root))
    return any(is_in_work(one) for one in (path, *above))


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


def unowned_files(there: Mapping[str, Path], recorded: Collection[str]) -> list[str]:
    """The covered files that no asset recorded and that do not belong there.

    Args:
        there: Path below the root -> the file, as `covered_files` has them.
    """
    # The lock is of no asset: it holds what the raw assets recorded (recorded_lock.py).
    return sorted(
        path
        for path, file in there.items()
        if path not in recorded and path != LOCK and not is_git_keep(path, file)
    )


def is_git_keep(path: str, file: Path) -> bool:
    """Whether it is the empty .gitkeep of the storage folder."""
    return path == GIT_KEEP and file.stat().st_size == 0


def _walk(root: Path) -> Iterator[Path]:
    for here, folders, files in walk_storage(root):
        in_flight = here.name in FETCHED_INTO
        folders[:] = sorted(
            n for n in folders if not (n == CACHE and in_flight) and (here, n) != (root, SIGNOFF)
        )
        yield from (here / name for name in folders if (here / name).is_symlink())
        yield from (here / name for name in files if not _is_guard(root, here / name))


def _is_guard(root: Path, file: Path) -> bool:
    """Whether it is the empty file by which one writer of the lock waits for another."""
    return file == root / LOCK_GUARD and file.lstat().st_size == 0
