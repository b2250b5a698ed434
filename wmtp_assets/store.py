"""Where the artifacts and documents of a storage lie: paths below its two roots.

With folders.py the only module that builds paths of the storage. Not here: how a file gets there
(file_io.py), and what it holds.
"""

from dataclasses import dataclass
from pathlib import Path

from wmtp_assets.files.regular import require_inside
from wmtp_assets.folders import (
    LOCK,
    README,
    SIGNOFF,
    DatasetFolder,
    ModelFolder,
    dataset_folder,
    model_folder,
)


@dataclass(frozen=True)
class Store:
    """The storage root and the root of the generated documents, both absolute."""

    root: Path
    docs: Path

    def model(self, folder: str) -> ModelFolder:
        """The folder of a stored model.

        Raises:
            BadInput: It, or a folder in it, is a link that leads out of the storage.
        """
        found = model_folder(self.root, folder)
        for part in (found.raw, found.safetensors, found.configs, found.tokenizer):
            require_inside(part, self.root)
        return found

    def dataset(self, name: str) -> DatasetFolder:
        """The folders of a stored dataset.

        Raises:
            BadInput: One of them is a link that leads out of the storage.
        """
        found = dataset_folder(self.root, name)
        for part in (found.raw, found.processed, found.stats, found.small):
            require_inside(part, self.root)
        return found

    @property
    def lock(self) -> Path:
        return self.root / LOCK

    @property
    def readme(self) -> Path:
        return self.root / README

    @property
    def signoff(self) -> Path:
        return self.root / SIGNOFF

    def document(self, name: str) -> Path:
        return self.docs / name

    def relative(self, path: Path) -> str:
        """The path as the record names it: below the storage root, or `docs/...` below the docs."""
        if path.is_relative_to(self.root):
            return path.relative_to(self.root).as_posix()
        return "docs/" + path.relative_to(self.docs).as_posix()

    def locate(self, relative: str) -> Path:
        """The inverse of `relative`."""
        return self.home_of(relative) / relative.removeprefix("docs/")

    def home_of(self, relative: str) -> Path:
        """The root that a file lies below, by its path in the record."""
        return self.docs if relative.startswith("docs/") else self.root
