"""Which stored files the statistics of a dataset are about, and what they make of them."""

from typing import Any

from wmtp_assets.catalog import Catalog
from wmtp_assets.datasets.convert.inputs import length_filter, raw_commit
from wmtp_assets.datasets.rows import DATASETS, benchmarks_of
from wmtp_assets.datasets.schema.schema_json import StoredSplit
from wmtp_assets.datasets.stats.benchmark_leakage import Stored, benchmark_digests
from wmtp_assets.datasets.stats.summary import summarise
from wmtp_assets.store import Store

COMPARED_WITH = "compared_with"


def stored_benchmarks(catalog: Catalog, store: Store, name: str) -> list[Stored]:
    """The catalog rows and folders of the benchmarks that are looked for in a dataset."""
    return [(catalog.dataset(of), store.dataset(of)) for of in benchmarks_of(name)]


def benchmark_splits(name: str) -> list[str]:
    """<name>/<split> of the benchmarks that are looked for in a dataset."""
    return [f"{of}/{split}" for of in benchmarks_of(name) for split in DATASETS[of].splits]


def summary_content(
    catalog: Catalog, store: Store, name: str, splits: list[StoredSplit]
) -> dict[str, Any]:
    """The summary as line metadata and lock state it, without its date.

    The digests of the benchmarks are among it, so that another benchmark makes another summary, and
    a result of an earlier comparison stale.
    """
    row = catalog.dataset(name)
    content = summarise(row, raw_commit(store, row), splits, length_filter(catalog, store))
    if benchmarks := stored_benchmarks(catalog, store, name):
        content[COMPARED_WITH] = benchmark_digests(benchmarks)
    return content
