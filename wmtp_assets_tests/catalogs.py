"""Catalogs with some rows other than published."""

from dataclasses import replace

from wmtp_assets.catalog import Catalog, Dataset, Micro, Model


def with_rows(catalog: Catalog, *rows: Model | Micro | Dataset) -> Catalog:
    """A catalog with these rows in the place of those of their names."""
    ours = {row.name: row for row in rows}
    kinds = {
        kind: tuple(ours.pop(row.name, row) for row in getattr(catalog, kind))
        for kind in ("models", "micros", "datasets")
    }
    assert not ours, f"no row of the catalog: {', '.join(ours)}"
    return replace(catalog, **kinds)
