"""What clearing the storage would remove (plan, Step 0): listed first, removed only when told.

Spared: downloads in flight (.cache folders, and the raw folder of the 27 GB Meta checkpoint), the
lock, and the sign-off.
"""

from dataclasses import dataclass
from pathlib import Path

from wmtp_assets.folders import DATASETS, MODELS, SMALL_SETS
from wmtp_assets.store import Store

# v2 folders and those of the layout before (plan, Step 0).
CLEARED = (MODELS, DATASETS, SMALL_SETS, "models", "datasets")
SPARED_RAW = Path(MODELS) / "meta-llama-mtp" / "raw" / "7B_1T_4"


@dataclass(frozen=True)
class Clearing:
    """Files to remove, and what stays although it lies among them."""

    files: tuple[Path, ...]
    spared: tuple[Path, ...]
    size_bytes: int


def plan_clearing(store: Store) -> Clearing:
    """List the files that a reset removes and the ones it spares."""
    remove, spare = [], []
    for name in CLEARED:
        for path in sorted((store.root / name).rglob("*")):
            relative = path.relative_to(store.root)
            if path.is_dir() and not path.is_symlink():
                continue
            kept = ".cache" in relative.parts or relative.is_relative_to(SPARED_RAW)
            (spare if kept else remove).append(path)
    size = sum(path.lstat().st_size for path in remove)
    return Clearing(tuple(remove), tuple(spare), size)


def clear(store: Store, clearing: Clearing) -> None:
    """Remove the listed files and the folders that are empty then."""
    for path in clearing.files:
        path.unlink(missing_ok=True)
    for name in CLEARED:
        top = store.root / name
        for folder in sorted((p for p in top.rglob("*") if p.is_dir()), reverse=True):
            if not any(folder.iterdir()):
                folder.rmdir()
        if top.is_dir() and not any(top.iterdir()):
            top.rmdir()
