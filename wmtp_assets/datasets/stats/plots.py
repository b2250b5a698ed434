"""Pictures of the counts: token lengths, difficulty, class balance; PNG with the same bytes always.

Drawn with the Agg canvas and no pyplot, so that no display, no global state and no time of day
enters the file. Under 100 KB each, because they also stand in the Dagster record.
"""

import base64
import io
import zlib
from collections.abc import Callable
from typing import Any

from wmtp_assets.datasets.convert.tally import SplitCounts
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.schema.schema_json import StoredSplit
from wmtp_assets.errors import BadInput

MAX_PNG_BYTES = 100_000
FIX = "materialize the stats again"
BINS = 64
SIZE_INCHES, DPI = (7.0, 3.6), 80
# Fixed, because a layout engine draws everything twice.
MARGINS = {"left": 0.13, "right": 0.97, "top": 0.91, "bottom": 0.16}
CORRECT_COLOUR, INCORRECT_COLOUR = "#2a7f62", "#c8553d"
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
    width = -(-(max_tokens + 1) // BINS)
    for split in splits:
        tally = split.facts.tally
        counts = [0] * BINS
        for length, records in tally.lengths["total"].items():
            counts[length // width] += records
        shares = [100 * count / max(tally.rows, 1) for count in counts]
        axes.stairs(shares, [place * width for place in range(BINS + 1)], label=split.name)
    axes.set(
        title=f"{dataset}: tokens of a record, at most {max_tokens:,}",
        xlabel="tokens of instruction, input and output",
        ylabel="% of the split",
    )
    axes.legend()


def _draw_difficulty(axes: Any, dataset: str, splits: Splits, max_tokens: int) -> None:
    total = SplitCounts()
    for split in splits:
        total.add(split.facts.tally)
    levels = sorted({level for _, level in total.kept})
    places = range(len(levels))
    below = [total.kept[True, level] for level in levels]
    axes.bar(places, below, color=CORRECT_COLOUR, label="correct")
    above = [total.kept[False, level] for level in levels]
    axes.bar(places, above, bottom=below, color=INCORRECT_COLOUR, label="incorrect")
    axes.set_xticks(list(places), [str(level) for level in levels])
    axes.set(
        title=f"{dataset}: records by difficulty, all splits",
        xlabel=f"difficulty as published ({DATASETS[dataset].facts.difficulty})",
        ylabel="records",
    )
    axes.legend()


def _draw_class_balance(axes: Any, dataset: str, splits: Splits, max_tokens: int) -> None:
    names = [split.name for split in splits]
    tallies = [split.facts.tally for split in splits]
    left = [0.0] * len(names)
    for label, word, colour in (
        (True, "correct", CORRECT_COLOUR),
        (False, "incorrect", INCORRECT_COLOUR),
    ):
        counts = [tally.by_class(label) for tally in tallies]
        shares = [100 * n / max(tally.rows, 1) for n, tally in zip(counts, tallies, strict=True)]
        bars = axes.barh(names, shares, left=left, color=colour, label=word)
        axes.bar_label(bars, [f"{n:,}" for n in counts], label_type="center", color="white")
        left = [start + share for start, share in zip(left, shares, strict=True)]
    axes.invert_yaxis()
    axes.set(title=f"{dataset}: correct and incorrect records", xlim=(0, 100))
    axes.set_xlabel("% of the split", loc="right")
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.06), ncols=2, frameon=False)


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
