"""Which `multiple_of` and `ffn_dim_multiplier` of params.json give an FFN its width.

Meta's code computes the width from them (`ffn_width`). The width itself is chosen in `rows.py`
(`GEOMETRY`); here both settings are found that give it:

- `multiple_of` is the largest power of two up to 256 that divides the width;
- `ffn_dim_multiplier` is the shortest decimal that gives the width.
"""

from collections.abc import Iterator

from wmtp_assets.errors import BadInput
from wmtp_assets.models.tensor_shapes import ffn_width

LARGEST_MULTIPLE = 256  # Meta's own, of the 7B models
# Ten decimals tell any two widths apart that a model may have.
MOST_DECIMALS = 10


def ffn_settings(dim: int, ffn: int, fix: str) -> dict[str, int | float]:
    """The two settings for an FFN of this width in a model of that width.

    Args:
        fix: What to do where there are none.

    Raises:
        BadInput: No such settings give the width.
    """
    # The lowest bit that is set: the largest power of two in it.
    multiple = min(LARGEST_MULTIPLE, ffn & -ffn)
    for multiplier in _decimals_near(ffn, int(8 * dim / 3)) if dim > 0 and ffn > 0 else ():
        settings = {"multiple_of": multiple, "ffn_dim_multiplier": multiplier}
        if ffn_width({"dim": dim, **settings}) == ffn:
            return settings
    raise BadInput("no settings give this FFN width", [f"dim {dim}, ffn {ffn}"], fix)


def _decimals_near(part: int, whole: int) -> Iterator[float]:
    """The decimals on both sides of part / whole, the shortest first."""
    for decimals in range(MOST_DECIMALS + 1):
        below = part * 10**decimals // whole
        yield from (n / 10**decimals for n in (below, below + 1) if n)
