"""What the dagster.yaml of a DAGSTER_HOME says of the storage."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


def stated_storage(home: Path) -> Mapping[str, Any]:
    """Kind of storage -> its settings; empty where Dagster takes its own."""
    try:
        stated = yaml.safe_load((home / "dagster.yaml").read_text("utf-8"))
        storage = stated["storage"]
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError):
        return {}
    return storage if isinstance(storage, dict) else {}
