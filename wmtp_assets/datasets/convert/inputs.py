"""Which catalog row, which raw files and which tokenizer a split is made from."""

from pathlib import Path

from wmtp_assets.catalog import MAX_TOKENS, TOKEN_COUNT_MODEL, Catalog, Dataset, Split
from wmtp_assets.datasets.convert.tokens import LengthFilter
from wmtp_assets.errors import BadInput
from wmtp_assets.hub.field_values import revision_text
from wmtp_assets.hub.lock import LockedRepo, require_locked
from wmtp_assets.source import select
from wmtp_assets.store import Store


def split_row(dataset: Dataset, name: str) -> Split:
    """The catalog row of a split."""
    return {split.name: split for split in dataset.splits}[name]


def length_filter(catalog: Catalog, store: Store) -> LengthFilter:
    """The tokenizer of the open reference model; its bytes are those of Meta's gated one."""
    tokenizer = store.model(catalog.model(TOKEN_COUNT_MODEL).folder).tokenizer_model
    return LengthFilter(tokenizer, catalog.tokenizer_sha256, MAX_TOKENS)


def raw_commit(store: Store, dataset: Dataset) -> str:
    """The commit that the raw files came from, as documents show it.

    Raises:
        BadInput: The raw asset was never materialized.
    """
    return revision_text(_locked(store, dataset).commit)


def source_files(store: Store, dataset: Dataset, split: Split) -> list[Path]:
    """The locked parquet files of one split, in their published order.

    Raises:
        BadInput: The lock does not name the files of the catalog, or one is not on the disk.
    """
    chosen = select(_locked(store, dataset).listing, (split.files,))
    paths = [store.dataset(dataset.name).raw / path for path in sorted(f.path for f in chosen)]
    if missing := [path for path in paths if not path.is_file()]:
        raise BadInput("raw files are missing", missing, f"materialize {dataset.name}/raw")
    return paths


def _locked(store: Store, dataset: Dataset) -> LockedRepo:
    return require_locked(store.lock, dataset.repo, f"materialize {dataset.name}/raw first")
