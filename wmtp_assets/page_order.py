"""In which order the page of an asset shows what its materialization recorded: one table.

Dagster shows metadata in the order in which it was recorded, behind the observations, and pictures
and tables without a click only where they are short. A key that is not here is a number or a word
about the artifact, and stands with the counts.
"""

from collections.abc import Mapping
from typing import Any

# The column of keys is this wide (characters) on a page 1400 pixels wide; longer ones run over.
MAX_KEY = 32

STATE = ("not_passed", "steps", "not_covered")
PICTURES = ("token_length", "difficulty", "class_balance", "quantiles")
FULL_SIZE = ("token_length_png", "difficulty_png", "class_balance_png", "card", "preview")
COUNTS = ("dagster/row_count", "rows", "n_params", "parameters", "tensors", "date")
WORK = ("size_bytes", "duration_seconds", "rate_mb_per_second", "rows_per_second")
WHERE = ("storage_root", "dagster/uri", "source", "repo", "revision")
DIGESTS = ("content_sha256", "storage_digest")
LISTINGS = (
    "dagster/column_schema",
    "source_dtypes",
    "dropped",
    "left_out_beside_the_tensors",
    "files_without_crc",
    "worst_tensors",
    "repeated_names",
    "kept",
    "read_for_the_approval",
    "files",
)
OTHER_COUNTS = ("",)
_ORDER = (STATE, PICTURES, FULL_SIZE, COUNTS, OTHER_COUNTS, WORK, WHERE, DIGESTS, LISTINGS)
PLACES = {key: place for place, key in enumerate(key for part in _ORDER for key in part)}


def in_order(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The same metadata as a person reads it: pictures and state, counts, where, digests, lists."""
    return dict(sorted(metadata.items(), key=lambda of: PLACES.get(of[0], PLACES[""])))
