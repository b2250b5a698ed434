"""Catalogs with some rows other than published."""

from dataclasses import replace

from wmtp_assets.catalog import Catalog, Dataset, Model


def with_rows(catalog: Catalog, **rows: Model | Dataset) -> Catalog:
    """A catalog with other rows of these groups: `meta_mtp`, `mbpp`."""
    datasets = tuple(rows.pop(row.name, row) for row in catalog.datasets)
    return replace(catalog, datasets=datasets, **rows)
