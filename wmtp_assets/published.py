"""The catalog of the real thing: its rows stand in `wmtp_assets.models` and `wmtp_assets.datasets`.

Sources of their numbers: the repositories at the commits in the rows, arithmetic on their published
sizes, and the plan's published result of 2025-11-14.
"""

from wmtp_assets.catalog import Catalog
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.models.micro.rows import MICROS
from wmtp_assets.models.rows import MODELS
from wmtp_assets.models.tokenizer.files import LLAMA_SHA256

PUBLISHED = Catalog(
    name="published",
    tokenizer_sha256=LLAMA_SHA256,
    models=tuple(row.published for row in MODELS.values()),
    micros=tuple(row.published for row in MICROS.values()),
    datasets=tuple(row.published for row in DATASETS.values()),
    accepted_findings=tuple(found for row in DATASETS.values() for found in row.accepted),
)
