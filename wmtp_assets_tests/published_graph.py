"""The graph of the published catalog below a folder, for tests that only look at it."""

from pathlib import Path
from typing import Any

import dagster as dg

from wmtp_assets.definitions import build_definitions
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.published import PUBLISHED


def published_graph(root: Path, **options: Any) -> dg.Definitions:
    """Its source is an empty mirror: nothing of it can run."""
    return build_definitions(
        catalog=PUBLISHED,
        source=MirrorSource(root),
        storage_root=root / "storage",
        docs_root=root / "docs",
        **options,
    )
