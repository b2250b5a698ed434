"""What clearing the storage would remove (plan, Step 0): listed first, removed only when told.

Spared: downloads in flight (.cache folders, and the raw folder of the 27 GB Meta checkpoint), the
lock, the sign-off, and what training wrote beside the layout. A link is removed itself; nothing
behind it is listed or touched.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wmtp_assets.files.walking import files_below, walk
from wmtp_assets.folders import DATASETS, LEGACY, MODELS, SMALL_SETS
from wmtp_assets.store import Store

CLEARED = (MODELS, DATASETS, SMALL_SETS, *LEGACY)
SPARED_RAW = Path(MODELS) / "meta-llama-mtp" / "raw" / "7B_1T_4"


@dataclass(frozen=True)
class ResetPlan:
    """Files to remove, and what stays although it lies among them."""

    files: tuple[Path, ...]
    spared: tuple[Path, ...]
    size_bytes: int


def plan_clearing(store: Store) -> ResetPlan:
    """List the files that a reset removes and the ones it spares."""
    remove, spare = [], []
    for name in CLEARED:
        for path in sorted(_leaves(store.root / name)):
            relative = path.relative_to(store.root)
            kept = ".cache" in relative.parts or relative.is_relative_to(SPARED_RAW)
            (spare if kept else remove).append(path)
    size = sum(path.lstat().st_size for path in remove)
    return ResetPlan(tuple(remove), tuple(spare), size)


def clear(store: Store, clearing: ResetPlan) -> None:
    """Remove the listed files and the folders that are empty then."""
    for path in clearing.files:
        # A folder on the way may have become a link since the look.
        if path.parent.resolve() == path.parent:
            path.unlink(missing_ok=True)
    for top in (store.root / name for name in CLEARED):
        for folder in _folders(top):
            if not any(folder.iterdir()):
                folder.rmdir()


def _folders(top: Path) -> Iterator[Path]:
    """The folders at or below a path, deepest first, no link entered."""
    if not top.is_symlink():
        yield from reversed([folder for folder, _, _ in walk(top)])


def _leaves(top: Path) -> Iterator[Path]:
    """The files and links at or below a path, no link entered."""
    if top.is_symlink():
        yield top
        return
    yield from files_below(top)
