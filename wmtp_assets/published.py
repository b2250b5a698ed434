"""The catalog rows of the real thing; those of datasets come from `wmtp_assets.datasets`.

Sources of the numbers: the repositories at the commits below, arithmetic on their published sizes,
and the plan's published result of 2025-11-14.
"""

from dataclasses import replace

from wmtp_assets.catalog import Catalog, Micro
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.models.rows import MODELS
from wmtp_assets.models.tokenizer.files import LLAMA_SHA256

MICRO_MAX_BYTES = 50_000_000

# 512 = 4 heads x 128. An untied 32000 x 512 input and output is 65.5 MB, so the plan's < 50 MB
# needs the tied form; micro-mtp-untied is the same weights for loaders with a strict key set.
MICRO_MTP = Micro(
    name="micro_mtp",
    folder="micro-mtp",
    source="meta_mtp",
    dim=512,
    blocks=4,
    ffn=704,
    head_dim=128,
    tied=True,
    max_bytes=MICRO_MAX_BYTES,
)
MICRO_MTP_UNTIED = replace(
    MICRO_MTP, name="micro_mtp_untied", folder="micro-mtp-untied", tied=False, max_bytes=None
)
MICRO_REF = replace(MICRO_MTP, name="micro_ref", folder="micro-ref", source="ref_sheared")

PUBLISHED = Catalog(
    name="published",
    tokenizer_sha256=LLAMA_SHA256,
    models=tuple(row.published for row in MODELS.values()),
    micros=(MICRO_MTP, MICRO_MTP_UNTIED, MICRO_REF),
    datasets=tuple(row.published for row in DATASETS.values()),
    accepted_findings=tuple(found for row in DATASETS.values() for found in row.accepted),
)
