"""What to make (catalog), where from (source), where to (store): the one resource of all assets."""

from dataclasses import dataclass
from pathlib import Path

from wmtp_assets.catalog import Catalog
from wmtp_assets.source import Source
from wmtp_assets.store import Store


@dataclass(frozen=True)
class Deployment:
    """Handed to every asset and check as the Dagster resource `deployment`."""

    catalog: Catalog
    source: Source
    store: Store
    workers: int = 1
    scheduler: str | None = None
    """Address of a Dask scheduler that converts and checks datasets, not local processes."""
    reviewer_keys: Path | None = None
    """A folder of public keys: once it is given, only decisions signed by one of them count."""
