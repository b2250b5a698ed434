"""All micro models by name, in the order that everything else keeps; one geometry for them all.

Another geometry is another `GEOMETRY`: cuts, settings, descriptions, checks, documents and the
doctor's figure follow.
"""

from wmtp_assets.catalog import Micro, MicroGeometry
from wmtp_assets.models.llama import LLAMA
from wmtp_assets.models.meta_model import META
from wmtp_assets.models.micro.row import MicroRow

# 512 = 4 heads x 128. An untied 32000 x 512 input and output is 65.5 MB, so the plan's < 50 MB
# needs the tied form. The untied folders hold the same weights for training code: strict loaders
# want both tensors, and `save_file` refuses two names of one.
GEOMETRY = MicroGeometry(dim=512, blocks=4, ffn=704, head_dim=128)
MAX_BYTES = 50_000_000

MICRO_MTP = MicroRow(
    published=Micro(
        name="micro_mtp",
        folder="micro-mtp",
        source="meta_mtp",
        geometry=GEOMETRY,
        tied=True,
        max_bytes=MAX_BYTES,
    ),
    implementation=META,
    description=(
        f"Micro multi-token model: {GEOMETRY.blocks} blocks, {GEOMETRY.dim} wide, tied output, "
        f"under {MAX_BYTES // 10**6} MB."
    ),
)
MICRO_MTP_UNTIED = MicroRow(
    published=Micro(
        name="micro_mtp_untied",
        folder="micro-mtp-untied",
        source="micro_mtp",
        geometry=GEOMETRY,
        tied=False,
        max_bytes=None,
    ),
    implementation=META,
    description="micro_mtp with output.weight stored, for loaders with a strict key set.",
)
MICRO_REF = MicroRow(
    published=Micro(
        name="micro_ref",
        folder="micro-ref",
        source="ref_sheared",
        geometry=GEOMETRY,
        tied=True,
        max_bytes=MAX_BYTES,
    ),
    implementation=LLAMA,
    description=(
        f"Micro reference: {GEOMETRY.blocks} blocks of Sheared-LLaMA, {GEOMETRY.dim} wide; "
        "opens with transformers."
    ),
    scored_with="micro_mtp",
)
MICRO_REF_UNTIED = MicroRow(
    published=Micro(
        name="micro_ref_untied",
        folder="micro-ref-untied",
        source="micro_ref",
        geometry=GEOMETRY,
        tied=False,
        max_bytes=None,
    ),
    implementation=LLAMA,
    description="micro_ref with lm_head stored, for training code that saves it again.",
)

MICROS: dict[str, MicroRow] = {
    row.name: row for row in (MICRO_MTP, MICRO_MTP_UNTIED, MICRO_REF, MICRO_REF_UNTIED)
}


def is_made_of_micro(row: MicroRow) -> bool:
    """Whether its source is another micro model, and not a stored model."""
    return row.published.source in MICROS
