"""Pictures of the counts: token lengths, difficulty, class balance; PNG with the same bytes always.

Drawn with the Agg canvas and no pyplot, so that no display, no global state and no time of day
enters the file. Under 100 KB each, because they also stand in the Dagster record.
"""

import base64
import io
import zlib
from collections.abc import Callable
from typing import Any

from wmtp_assets.datasets.formats import TOTAL
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.schema.schema_json import StoredSplit
from wmtp_assets.datasets.stats import tables
from wmtp_assets.errors import BadInput

MAX_PNG_BYTES = 100_000
FIX = "materialize the stats again"
BINS = 64
SIZE_INCHES, DPI = (7.0, 3.6), 80
# Fixed, because a layout engine draws everything twice.
MARGINS = {"left": 0.13, "right": 0.97, "top": 0.91, "bottom": 0.16}
COLOURS = {"correct": "#2a7f62", "incorrect": "#c8553d"}
# The limit is drawn where the longest record has this share of it.
NEAR = 0.8
_SIGNATURE = b"\x89PNG\r\n\x1a\n"

Splits = list[StoredSplit]


def plot_names(dataset: str) -> tuple[str, ...]:
    """The plots that a dataset has; classes and difficulties need labels."""
    return tuple(PLOTS) if DATASETS[dataset].format.labelled else ("token_length",)


def draw_plots(dataset: str, splits: Splits, max_tokens: int) -> dict[str, bytes]:
    """Draw the plots of a dataset: name -> PNG."""
    drawn = {}
    for name in plot_names(dataset):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=SIZE_INCHES, dpi=DPI)
        figure.subplots_adjust(**MARGINS)
        FigureCanvasAgg(figure)
        PLOTS[name](figure.subplots(), dataset, splits, max_tokens)
        buffer = io.BytesIO()
        # The version of matplotlib would otherwise stand in the file.
        figure.savefig(buffer, format="png", metadata={"Software": None})
        drawn[name] = buffer.getvalue()
    return drawn


def _draw_token_length(axes: Any, dataset: str, splits: Splits, max_tokens: int) -> None:
    last = longest(splits)
    shares = tables.length_shares(splits, BINS, last)
    width = shares.index[1] - shares.index[0]
    for split, values in shares.items():
        axes.stairs(values, [*shares.index, shares.index[-1] + width], label=split)
    if is_near(max_tokens, last):
        label = f"the limit of {max_tokens:,}"
        axes.axvline(max_tokens, color="grey", linestyle=":", label=label)
    axes.set(
        title=f"{dataset}: tokens of a record, the longest has {last:,}",
        xlabel="tokens of instruction, input and output",
        ylabel="% of the split",
    )
    axes.legend()


def _draw_difficulty(axes: Any, dataset: str, splits: Splits, max_tokens: int) -> None:
    records = tables.by_difficulty(splits)
    places = range(len(records))
    below = [0] * len(records)
    for word, colour in COLOURS.items():
        axes.bar(places, records[word], bottom=below, color=colour, label=word)
        below = records[word]
    axes.set_xticks(list(places), [str(level) for level in records.index])
    axes.set(
        title=f"{dataset}: records by difficulty, all splits",
        xlabel=f"difficulty as published ({DATASETS[dataset].facts.difficulty})",
        ylabel="records",
    )
    axes.legend()


def _draw_class_balance(axes: Any, dataset: str, splits: Splits, max_tokens: int) -> None:
    records = tables.by_label(splits)
    shares = tables.in_percent(records)
    left = [0.0] * len(shares)
    for word, colour in COLOURS.items():
        bars = axes.barh(shares.index, shares[word], left=left, color=colour, label=word)
        counts = [f"{n:,}" for n in records[word]]
        axes.bar_label(bars, counts, label_type="center", color="white")
        left = left + shares[word]
    axes.invert_yaxis()
    axes.set(title=f"{dataset}: correct and incorrect records", xlim=(0, 100))
    axes.set_xlabel("% of the split", loc="right")
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.06), ncols=2, frameon=False)


def longest(splits: Splits) -> int:
    """Tokens of the longest record of all splits."""
    return max((max(of.facts.tally.lengths[TOTAL], default=0) for of in splits), default=0)


def is_near(max_tokens: int, last: int) -> bool:
    """Whether the limit belongs into a picture of lengths up to `last`."""
    return last >= NEAR * max_tokens


PLOTS: dict[str, Callable[[Any, str, Splits, int], None]] = {
    "token_length": _draw_token_length,
    "difficulty": _draw_difficulty,
    "class_balance": _draw_class_balance,
}


def as_markdown(name: str, png: bytes) -> str:
    """The picture as Dagster's markdown shows it."""
    return f"![{name}](data:image/png;base64,{base64.b64encode(png).decode()})"


def require_png(name: str, data: bytes) -> None:
    """Prove that a PNG is whole: signature, the checksum of each chunk, the last chunk.

    Raises:
        BadInput: It is damaged, cut short or too large for the record.
    """
    place = len(_SIGNATURE)
    kind = b""
    while place < len(data) and data.startswith(_SIGNATURE) and kind != b"IEND":
        length = int.from_bytes(data[place : place + 4])
        body = data[place + 4 : place + 8 + length]
        checksum = data[place + 8 + length : place + 12 + length]
        if zlib.crc32(body).to_bytes(4) != checksum:
            raise BadInput(f"a chunk at byte {place} of a picture is damaged", [name], FIX)
        kind, place = body[:4], place + 12 + length
    if kind != b"IEND" or place != len(data):
        raise BadInput("the picture is no whole PNG", [name], FIX)
    if len(data) > MAX_PNG_BYTES:
        fault = f"the picture has {len(data):,} bytes, at most {MAX_PNG_BYTES:,}"
        raise BadInput(fault, [name], "lower DPI in wmtp_assets/datasets/stats/plots.py")
