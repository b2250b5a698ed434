"""The folders of the storage and the files in them: the v2 layout (plan, Step 1).

Only paths; store.py has the roots that they lie below.
"""

from dataclasses import dataclass
from pathlib import Path

MODELS = "models_v2"
DATASETS = "datasets_v2"
SMALL_SETS = "datasets_local_small"
# Before v2 (plan, Step 0).
LEGACY = ("models", "datasets")
README = "README.md"
LOCK = "sources.lock.json"
# An empty file by which one writer of the lock waits for another.
LOCK_GUARD = f".{LOCK}.guard"
SIGNOFF = "signoff"
# With it git keeps the folder storage/ of this repository; that is all it is for.
GIT_KEEP = ".gitkeep"
STATS = "stats"
METADATA = "metadata.json"
# Below a raw folder: what is not downloaded yet, in a folder for each file.
UNFINISHED = Path(".cache") / "wmtp_download"


@dataclass(frozen=True)
class ModelFolder:
    """The folder of one stored model (plan, Step 1)."""

    root: Path

    @property
    def raw(self) -> Path:
        return self.root / "raw"

    @property
    def safetensors(self) -> Path:
        return self.root / "safetensors"

    @property
    def weights(self) -> Path:
        return self.safetensors / "model.safetensors"

    @property
    def sums(self) -> Path:
        return self.safetensors / "SHA256SUMS"

    @property
    def configs(self) -> Path:
        return self.root / "configs"

    @property
    def tokenizer(self) -> Path:
        return self.root / "tokenizer"

    @property
    def tokenizer_model(self) -> Path:
        return self.tokenizer / "tokenizer.model"

    @property
    def metadata(self) -> Path:
        return self.root / METADATA

    @property
    def card(self) -> Path:
        return self.root / README


@dataclass(frozen=True)
class DatasetFolder:
    """The folders of one stored dataset: the full one and its small set."""

    root: Path
    small: Path

    @property
    def raw(self) -> Path:
        return self.root / "raw"

    @property
    def processed(self) -> Path:
        return self.root / "processed"

    @property
    def stats(self) -> Path:
        return self.root / STATS

    def jsonl(self, split: str) -> Path:
        return self.processed / f"{split}.jsonl"

    def line_metadata(self, split: str) -> Path:
        return self.processed / f"{split}_metadata.json"

    def small_jsonl(self, split: str) -> Path:
        return self.small / f"{split}_small.jsonl"

    def small_line_metadata(self, split: str) -> Path:
        return self.small / f"{split}_small_metadata.json"


def model_folder(root: Path, folder: str) -> ModelFolder:
    """The folder of a stored model below a storage root; looks at no disk."""
    return ModelFolder(root / MODELS / folder)


def dataset_folder(root: Path, name: str) -> DatasetFolder:
    """The folders of a stored dataset below a storage root; looks at no disk."""
    return DatasetFolder(root / DATASETS / name, root / SMALL_SETS / f"{name}_small")
