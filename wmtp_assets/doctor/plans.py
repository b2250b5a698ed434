"""Which repositories and how much disk each job needs."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wmtp_assets.catalog import TOKEN_COUNT_MODEL, Catalog, Dataset, Files, Model
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.doctor.lines import Line, fail, ok, warn
from wmtp_assets.errors import BadInput
from wmtp_assets.files.walking import files_below
from wmtp_assets.hub.lock import locked_repo
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.hub.stored import raw_folder, wanted_files
from wmtp_assets.models.micro.origin import plan_from_catalog
from wmtp_assets.models.micro.scored_rows import SCORED_SET
from wmtp_assets.models.rows import MODELS, REQUIRED
from wmtp_assets.models.tensor_shapes import parameters
from wmtp_assets.models.tokenizer.files import TOKENIZER_MODEL
from wmtp_assets.source import Listing, select
from wmtp_assets.store import Store

# job -> its catalog rows; test_graph.py compares them with what the jobs select.
JOBS = {
    "phase1": (*REQUIRED, *DATASETS),
    "models": (*REQUIRED, SCORED_SET),
    "datasets": tuple(DATASETS),
    **{row.job.name: (name,) for name, row in MODELS.items() if row.job},
}
# The datasets count tokens with the tokenizer of the open reference model, and need no more of it.
TOKENIZER = TOKEN_COUNT_MODEL, Files(TOKENIZER_MODEL)
# Weights are stored with two bytes a value, float16 or bfloat16, until their checkpoint is here.
WEIGHT_BYTES = 2
# JSONL, line metadata and small sets beside the parquet: a planning figure, as in docs/real-run.md.
DERIVED_PER_RAW = 2
WITH_MICRO = ("phase1", "models")


@dataclass(frozen=True)
class DiskNeed:
    """Bytes of one job: what a first run writes, and what a repeated one has beside the old."""

    least: int
    most: int


@dataclass(frozen=True)
class RepoRequest:
    """A repository, what is wanted of it, and by which jobs."""

    row: Model | Dataset
    files: tuple[Files, ...]
    jobs: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.row.repo.id} ({', '.join(self.jobs)})"


def wanted_by(catalog: Catalog, jobs: list[str]) -> list[RepoRequest]:
    """What the jobs ask of the repositories."""
    users: dict[str, list[str]] = {}
    for job in jobs:
        for name in JOBS[job]:
            users.setdefault(name, []).append(job)
    found = []
    for name, needing in users.items():
        row = catalog.row(name)
        found.append(RepoRequest(row, wanted_files(row), tuple(needing)))
    counting = tuple(job for job in jobs if any(_is_dataset(catalog, n) for n in JOBS[job]))
    name, tokenizer = TOKENIZER
    if counting and name not in users:
        found.append(RepoRequest(catalog.row(name), (tokenizer,), counting))
    return found


def _is_dataset(catalog: Catalog, name: str) -> bool:
    return isinstance(catalog.row(name), Dataset)


@dataclass(frozen=True)
class KnownSizes:
    """Sizes that are known better than from the catalog.

    Attributes:
        raw: Repository id -> bytes of its raw files, as locked or as a mirror lists them.
        weights: `folder` of a model's row -> bytes of the file that its checkpoint becomes.
    """

    raw: Mapping[str, int] = field(default_factory=dict)
    weights: Mapping[str, int] = field(default_factory=dict)


CATALOG_ONLY = KnownSizes()


def listed_bytes(
    catalog: Catalog, jobs: list[str], store: Store, mirror: MirrorSource | None = None
) -> dict[str, int]:
    """Repository id -> bytes of its raw files, where the lock or a mirror lists all of them.

    A damaged lock or listing counts for nothing here; `repositories.py` names it.
    """
    found = {}
    for name in dict.fromkeys(name for job in jobs for name in JOBS[job]):
        row = catalog.row(name)
        for listing in _listings(row, store, mirror):
            with contextlib.suppress(BadInput):
                files = select(listing, row.raw)
                sizes = [file.size_bytes for file in files if file.size_bytes is not None]
                if len(sizes) == len(files):
                    found[row.repo.id] = sum(sizes)
                    break
    return found


def _listings(row: Model | Dataset, store: Store, mirror: MirrorSource | None) -> Iterator[Listing]:
    """What lists the files of a repository, the surest first."""
    with contextlib.suppress(BadInput):
        locked = locked_repo(store.lock, row.repo)
        if locked:
            yield locked.listing
    with contextlib.suppress(BadInput):
        if mirror:
            yield mirror.list_files(row.repo, row.repo.revision)


def disk_need(
    catalog: Catalog, job: str, store: Store, known: KnownSizes = CATALOG_ONLY
) -> DiskNeed:
    """The bytes that a job writes: raw files that are not there yet, and what is derived.

    Derived files are made anew beside the earlier ones, which stay until the new ones are whole.
    """
    least = most = micro_bytes(catalog) if job in WITH_MICRO else 0
    for name in JOBS[job]:
        row = catalog.row(name)
        raw_bytes = known.raw.get(row.repo.id, row.raw_bytes)
        if isinstance(row, Model):
            derived = known.weights.get(row.folder, row.parameters * WEIGHT_BYTES)
            homes = (store.model(row.folder).root,)
        else:
            folder = store.dataset(row.name)
            derived, homes = raw_bytes * DERIVED_PER_RAW, (folder.root, folder.small)
        raw_there = folder_bytes(raw_folder(store, row))
        derived_there = sum(folder_bytes(home) for home in homes) - raw_there
        raw = max(0, raw_bytes - raw_there)
        least += raw + max(0, derived - derived_there)
        most += raw + derived
    return DiskNeed(least, most)


def micro_bytes(catalog: Catalog) -> int:
    """The weights of the micro models; their tokenizers are 7.5 MB more, as measured."""
    plans = [plan_from_catalog(catalog, micro) for micro in catalog.micros]
    return WEIGHT_BYTES * sum(parameters(plan.shapes) for plan in plans)


def folder_bytes(folder: Path) -> int:
    """Bytes of the files below a folder, downloads in flight included."""
    return sum(p.lstat().st_size for p in files_below(folder) if not p.is_symlink())


def disk_lines(
    jobs: list[str], catalog: Catalog, store: Store, free: int, known: KnownSizes = CATALOG_ONLY
) -> Iterator[Line]:
    """Whether the free bytes hold what each job writes."""
    for job in jobs:
        try:
            need = disk_need(catalog, job, store, known)
        except BadInput as error:
            yield fail(f"disk for {job}: {error.thing}: {'; '.join(error.culprits)}", error.fix)
            continue
        what = f"disk for {job}: {need.least / 1e9:.1f} GB needed, {free / 1e9:.1f} GB free"
        if free < need.least:
            yield fail(what, "free space there, or choose another WMTP_STORAGE_ROOT")
        elif free < need.most:
            again = f"{need.most / 1e9:.1f} GB if every derived file is made anew at once"
            yield warn(f"{what}, {again}", "free space, or run the jobs one by one")
        else:
            yield ok(what)
