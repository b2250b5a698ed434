"""The plots once more, so small that Dagster's page shows them without a click.

Dagster shows Markdown of fewer than 1,000 characters where it stands, and a longer one behind
[Show Markdown]. A PNG has more; these are SVG of a few paths, with the same numbers.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

from wmtp_assets.datasets.stats import tables
from wmtp_assets.datasets.stats.plots import COLOURS, Splits, is_near, longest, plot_names

if TYPE_CHECKING:
    import pandas as pd

# Dagster's own bound on what it shows without a click.
INLINE_CHARACTERS = 1000
WIDTH, HEIGHT, BAR = 280, 84, 14
BINS = 20
# Characters that stand in the address as they are.
SAFE = " '=:/,-.;()"
LINES = ("#2a6fbb", "#e07b00", "#2a7f62", "#9b4f96")


def draw_sketches(dataset: str, splits: Splits, max_tokens: int) -> dict[str, str]:
    """The plots of a dataset as Markdown: name -> a picture of fewer than 1,000 characters.

    With very many splits a picture may have more, and is then behind a click.
    """
    drawn = {
        "token_length": lambda: _token_length(splits, max_tokens),
        "difficulty": lambda: _difficulty(splits),
        "class_balance": lambda: _class_balance(splits),
    }
    return {name: _markdown(name, drawn[name]()) for name in plot_names(dataset)}


def _token_length(splits: Splits, max_tokens: int) -> list[str]:
    last = longest(splits)
    shares = tables.length_shares(splits, BINS, last)
    step, top = WIDTH // BINS, shares.to_numpy().max(initial=0)
    colours = dict(zip(shares.columns, LINES * len(shares.columns), strict=False))
    shapes = [_stairs(shares[name], step, top, "stroke", of) for name, of in colours.items()]
    legend = [_text(WIDTH, 12 * (n + 1), name, of) for n, (name, of) in enumerate(colours.items())]
    limit = "the limit" if last == max_tokens else f"limit {max_tokens:,}"
    end = f"{last:,} tokens" + (f", {limit}" if is_near(max_tokens, last) else "")
    return [*shapes, *legend, _text(WIDTH, HEIGHT + 14, end)]


def _difficulty(splits: Splits) -> list[str]:
    records = tables.by_difficulty(splits)
    step, total = WIDTH // max(len(records), 1), records.sum(axis=1)
    top = total.max() if len(total) else 0
    levels = f"difficulty {records.index.min()} to {records.index.max()}" if len(records) else ""
    return [
        _stairs(total, step, top, "fill", COLOURS["incorrect"]),
        _stairs(records["correct"], step, top, "fill", COLOURS["correct"]),
        _text(WIDTH, HEIGHT + 14, levels),
    ]


def _class_balance(splits: Splits) -> list[str]:
    records = tables.by_label(splits)
    correct = tables.in_percent(records)["correct"] * WIDTH / 100
    ends = [round(end) for end in correct]
    lines = [BAR // 2 + n * 2 * BAR for n in range(len(ends))]
    bars = {
        "correct": "".join(f"M0 {y}H{end}" for y, end in zip(lines, ends, strict=True)),
        "incorrect": "".join(f"M{end} {y}H{WIDTH}" for y, end in zip(lines, ends, strict=True)),
    }
    shapes = [
        f"<path stroke-width='{BAR}' stroke='{COLOURS[of]}' d='{d}'/>" for of, d in bars.items()
    ]
    of_split = records.itertuples()
    said = [f"{name}: {right:,} correct, {wrong:,} incorrect" for name, right, wrong in of_split]
    return [
        *shapes,
        *(_text(WIDTH, y + BAR + 4, line) for y, line in zip(lines, said, strict=True)),
    ]


def _stairs(values: "pd.Series", step: int, top: float, kind: str, colour: str) -> str:
    """One line of steps; heights are shares of the greatest value."""
    heights = [round(HEIGHT * value / top) if top else 0 for value in values]
    path, before = f"M0 {HEIGHT}", 0
    for height in heights:
        # A step of no height is left out: each character counts.
        path += f"v{before - height}h{step}" if height != before else f"h{step}"
        before = height
    paint = {"fill": f"fill='{colour}'", "stroke": f"fill='none' stroke='{colour}'"}[kind]
    return f"<path {paint} d='{path}V{HEIGHT}'/>"


def _text(x: int, y: int, said: str, colour: str = "grey") -> str:
    return f"<text x='{x}' y='{y}' fill='{colour}'>{said}</text>"


def _markdown(name: str, shapes: Iterable[str]) -> str:
    size = f"width='{WIDTH}' height='{HEIGHT + 18}'"
    head = f"<svg xmlns='http://www.w3.org/2000/svg' {size} font-size='11' font-family='sans-serif'"
    head += " text-anchor='end'>"
    svg = "".join([head, *shapes, "</svg>"])
    # In <...> a blank is no end of the address; fewer characters are then to be quoted.
    return f"![{name}](<data:image/svg+xml,{quote(svg, safe=SAFE)}>)"
