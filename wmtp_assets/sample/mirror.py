"""The embedded upstream: a small mirror in the published layout, written on first use.

The generator is deterministic; its listing of digests is made from the bytes it wrote. From then
on it is read as any mirror: the conversion knows nothing of it.
"""

import os
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wmtp_assets.catalog import Model, Repo
from wmtp_assets.files import file_io
from wmtp_assets.files.temporaries import guarded
from wmtp_assets.hub.sources import LISTING_NAME, MirrorSource
from wmtp_assets.sample.catalog import SAMPLE, entry_of
from wmtp_assets.source import Body, Listing

Writer = Callable[[Path], None]


@dataclass(frozen=True)
class SampleSource(MirrorSource):
    """A mirror that writes itself when it is first asked for something."""

    name: str = "sample"

    def list_files(self, repo: Repo, revision: str) -> Listing:
        ensure_mirror(self.root)
        return super().list_files(repo, revision)

    def open(self, repo: Repo, commit: str, path: str, start: int) -> AbstractContextManager[Body]:
        ensure_mirror(self.root)
        return super().open(repo, commit, path, start)


def ensure_mirror(root: Path) -> None:
    """Write the sample mirror unless it is there.

    A second process waits for the first one; where file locks do nothing, both write one and
    whoever renames first wins.
    """
    if (root / LISTING_NAME).exists():
        return
    with guarded(root.with_name(f".{root.name}.guard")):
        if not (root / LISTING_NAME).exists():
            _make_mirror(root)


def _make_mirror(root: Path) -> None:
    with file_io.folder_beside(root) as made:
        write_mirror(made, all_writers())
        shutil.rmtree(root, ignore_errors=True)
        try:
            os.rename(made, root)
        except OSError:
            if not (root / LISTING_NAME).exists():
                raise


def all_writers() -> dict[str, Writer]:
    """Repository id -> who writes it, of all repositories of the sample."""
    from wmtp_assets.sample import checkpoints, datasets

    of_models = "wmtp_assets/sample/checkpoints.py, WRITERS"
    of_datasets = "wmtp_assets/sample/datasets.py, WRITERS"
    return {
        **{
            row.repo.id: _of_model(entry_of(row.name, checkpoints.WRITERS, of_models), row)
            for row in SAMPLE.models
        },
        **{
            row.repo.id: entry_of(row.name, datasets.WRITERS, of_datasets)
            for row in SAMPLE.datasets
        },
    }


def _of_model(write: Callable[[Path, Model], None], model: Model) -> Writer:
    return lambda folder: write(folder, model)


def write_mirror(root: Path, writers: Mapping[str, Writer]) -> None:
    """Write repositories and the listing of their digests."""
    # Two at a time: numpy and hashlib work outside of the interpreter lock.
    with ThreadPoolExecutor(2) as pool:
        entries = pool.map(_write_repo, (root / repo for repo in writers), writers.values())
        listing = dict(zip(writers, entries, strict=True))
    file_io.write_json(root / LISTING_NAME, listing)


def _write_repo(folder: Path, write: Writer) -> dict[str, Any]:
    """Write one repository; returns its entry in the listing, made from the bytes on disk."""
    folder.mkdir(parents=True)
    write(folder)
    files = {
        path.relative_to(folder).as_posix(): file_io.stored(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    digest = file_io.content_digest({name: f.sha256 for name, f in files.items()})
    return {
        # Forty hex digits like a commit: the digest of what the repository holds.
        "commit": digest.removeprefix("sha256:")[:40],
        "files": {
            name: {"size_bytes": f.size_bytes, "sha256": f.sha256} for name, f in files.items()
        },
    }
