"""What exists upstream and what must come of it: frozen rows, and nothing that computes.

The forms of the rows. `wmtp_assets.models` and `wmtp_assets.datasets` have those of the real thing,
`wmtp_assets.sample.catalog` those of the embedded sample. Counts and shapes are enforced by checks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from wmtp_assets.folders import DATASETS, LEGACY, MODELS, SMALL_SETS, ModelFolder

MAX_TOKENS = 2048
# Pieces of the one vocabulary of all models and of the token filter.
VOCAB_SIZE = 32_000
STORAGE_VERSION = "v2.0.0"
# The stored model whose tokenizer counts the tokens of all datasets; its repository is open.
TOKEN_COUNT_MODEL = "ref_sheared"
# The field of JSON documents that holds the notice of a repository.
NOTICE = "notice"
# The folders at the top of a storage in which every file is covered by its approval. Later training
# code reads models/ and datasets/; below docs/ the record names documents.
LAYOUT = (MODELS, DATASETS, SMALL_SETS, "docs", *LEGACY)
# What training writes beside them, which no approval covers: name -> what it is. So is anything
# else at the top that is not of the storage (beside.py).
BESIDE = {
    "checkpoints": "checkpoints of training",
    "lightning_logs": "Lightning",
    "logs": "logs of training",
    "mlartifacts": "MLflow",
    "mlruns": "MLflow",
    "multirun": "Hydra",
    "outputs": "output of runs",
    "reports": "reports of training",
    "results": "results of evaluation",
    "runs": "TensorBoard",
    "tensorboard": "TensorBoard",
    "wandb": "Weights & Biases",
}


@dataclass(frozen=True)
class Repo:
    """An upstream repository; `revision` is a commit where one is known, else a branch."""

    id: str
    kind: Literal["model", "dataset"]
    revision: str
    licence: str
    """What its bytes are under, in words."""
    licence_id: str = "other"
    """What the Hub calls that licence, for the cards of models made of it."""
    licence_name: str = ""
    """A name for the cards where the Hub has none: lower case, digits, `-` and `.`."""
    gated: bool = False
    pins: Mapping[str, str] = field(default_factory=dict)
    """Path -> sha256 of files whose digest is known beforehand."""
    notice: str = ""
    """What every document about it says first, where the bytes are not the published ones."""

    @property
    def marked(self) -> dict[str, str]:
        """The notice as a field of a JSON document; none where there is none."""
        return {NOTICE: self.notice} if self.notice else {}

    @property
    def url(self) -> str:
        return f"https://huggingface.co/{'datasets/' if self.kind == 'dataset' else ''}{self.id}"

    @property
    def stated_in(self) -> str:
        """Where a person finds its published row."""
        return f"wmtp_assets/{self.kind}s"


@dataclass(frozen=True)
class Files:
    """A pattern of paths inside a repository (fnmatch), and how many files must match."""

    pattern: str
    count: int = 1


@dataclass(frozen=True)
class Implementation:
    """How models of one kind state their settings, and name and shape their tensors.

    Attributes:
        name: As metadata.json states it.
        settings_file: The file in configs/ that states the settings.
        shapes: Settings -> tensor name -> shape; raises BadInput where they state no whole model.
        width, heads: The settings of the width of all heads together, and of their number.
        architecture: The settings that metadata.json states, of a row and its folder.
        freqs_cis: How rotary positions come about in the stored form, in words.
        library: What opens the stored form.
        loading: Python that opens `path/to/this/folder` with it.
        second_names: Where a checkpoint holds tensors twice: prefix of the names to drop -> prefix
            of the same tensors that are kept.
    """

    name: str
    settings_file: str
    shapes: Callable[[Mapping[str, Any]], dict[str, tuple[int, ...]]]
    width: str
    heads: str
    architecture: Callable[["Model", ModelFolder], dict[str, Any]]
    freqs_cis: str
    library: str
    loading: str
    second_names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """A stored model. `geometry` is what its config file must state; the rest follows from it.

    Attributes:
        name: What asset keys and jobs call it.
        folder: Its folder below models_v2/.
    """

    name: str
    folder: str
    implementation: Implementation
    repo: Repo
    raw: tuple[Files, ...]
    checkpoint: str
    """The checkpoint inside raw/: a .pth or .bin file, or the index.json of several shards."""
    geometry: Mapping[str, Any]
    parameters: int
    dtype: Literal["float16", "bfloat16"]
    raw_bytes: int
    status: Literal["required", "optional"] = "required"
    tokenizer_shared_with: str | None = None
    wrapped_in: str = ""
    """The keys above the state dict in the checkpoint, joined by dots, where they must be told."""
    key_prefix: str = ""
    """What every published tensor name begins with, such as `module.`; stored without it."""


@dataclass(frozen=True)
class MicroGeometry:
    """How large a micro model is.

    Attributes:
        dim: Width of the residual stream.
        blocks: Transformer blocks, those that predict a token included.
        ffn: Width of the feed-forward layers.
        head_dim: Width of an attention head, as in the source: RoPE keeps its frequencies.
    """

    dim: int
    blocks: int
    ffn: int
    head_dim: int


@dataclass(frozen=True)
class Micro:
    """A test model cut out of a stored one (`wmtp_assets.models.micro`).

    Attributes:
        source: The name of what it is cut out of: a model, or another micro model.
        tied: Whether the output projection is the input embedding, and not stored.
        max_bytes: The weights file has fewer; None for no limit.
    """

    name: str
    folder: str
    source: str
    geometry: MicroGeometry
    tied: bool
    max_bytes: int | None


@dataclass(frozen=True)
class Split:
    """One split: its raw files, the rows they hold, and the rows that pass the token filter."""

    name: str
    files: Files
    source_rows: int
    rows: int
    correct: int | None = None
    incorrect: int | None = None
    small_limit: int = 32


@dataclass(frozen=True)
class Dataset:
    """A stored dataset and its splits, in their published order."""

    name: str
    title: str
    repo: Repo
    splits: tuple[Split, ...]
    extra_files: tuple[Files, ...] = ()
    """Published beside the splits, kept in raw/, not converted."""
    raw_bytes: int = 0

    @property
    def raw(self) -> tuple[Files, ...]:
        return tuple(split.files for split in self.splits) + self.extra_files


@dataclass(frozen=True)
class AcceptedFinding:
    """A finding of published data that a check may pass with; anything beyond it fails."""

    asset: str
    check: str
    found: str
    reason: str


@dataclass(frozen=True)
class Catalog:
    """Everything that one storage is made of."""

    name: Literal["published", "sample"]
    tokenizer_sha256: str
    models: tuple[Model, ...]
    micros: tuple[Micro, ...]
    datasets: tuple[Dataset, ...]
    accepted_findings: tuple[AcceptedFinding, ...] = ()

    @property
    def notice(self) -> str:
        """What every document of the storage says first; empty for the real thing."""
        repos = (row.repo for row in (*self.models, *self.datasets))
        return " ".join(dict.fromkeys(repo.notice for repo in repos if repo.notice))

    def model(self, name: str) -> Model:
        """The row of a stored model."""
        return {row.name: row for row in self.models}[name]

    def micro(self, name: str) -> Micro:
        """The row of a micro model."""
        return {row.name: row for row in self.micros}[name]

    def dataset(self, name: str) -> Dataset:
        """The row of a dataset."""
        return {row.name: row for row in self.datasets}[name]

    def row(self, name: str) -> Model | Dataset:
        """The row of what is fetched from one repository: of a model or a dataset."""
        return {row.name: row for row in (*self.models, *self.datasets)}[name]
