"""Plots: the same bytes always, small, and damage is named."""

import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest

from wmtp_assets.datasets.convert.tally import SplitCounts
from wmtp_assets.datasets.formats import TOTAL
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.schema.schema_json import read_stored_splits
from wmtp_assets.datasets.stats.plots import (
    MAX_PNG_BYTES,
    PLOTS,
    as_markdown,
    draw_plots,
    plot_names,
    require_png,
)
from wmtp_assets.errors import BadInput


@pytest.fixture(scope="module")
def drawn(made):
    splits = read_stored_splits(
        made.catalog.dataset("codecontests"), made.store.dataset("codecontests")
    )
    return draw_plots("codecontests", splits, 2048), splits


def test_plots_have_the_same_bytes_always(drawn):
    plots, splits = drawn
    assert draw_plots("codecontests", splits, 2048) == plots


@pytest.mark.parametrize("dataset", DATASETS)
def test_each_dataset_has_its_plots(dataset):
    of_labels = ("difficulty", "class_balance") if DATASETS[dataset].format.labelled else ()
    assert plot_names(dataset) == ("token_length", *of_labels)


def test_plots_are_whole_small_and_without_a_version_or_date(drawn):
    for name, png in drawn[0].items():
        require_png(name, png)
        assert len(png) < MAX_PNG_BYTES / 2
        assert b"matplotlib" not in png
        assert b"tIME" not in png
        assert as_markdown(name, png).startswith(f"![{name}](data:image/png;base64,iVBORw0KGgo")


def test_every_flipped_byte_and_every_cut_is_named(drawn):
    png = drawn[0]["class_balance"]
    for place in range(0, len(png), 101):
        damaged = bytearray(png)
        damaged[place] ^= 1
        for data in (bytes(damaged), png[:place]):
            with pytest.raises(BadInput, match=r"x\.png"):
                require_png("x.png", data)
    with pytest.raises(BadInput, match="no whole PNG"):
        require_png("x.png", png + b"\0")


def test_a_picture_that_is_too_large_for_the_record_is_named(drawn, monkeypatch):
    monkeypatch.setattr("wmtp_assets.datasets.stats.plots.MAX_PNG_BYTES", 1000)
    with pytest.raises(BadInput, match="at most 1,000"):
        require_png("x.png", drawn[0]["difficulty"])


def test_drawing_does_not_load_pyplot():
    program = (
        "import sys; from wmtp_assets.datasets.stats.plots import draw_plots; "
        "draw_plots('mbpp', [], 2048); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True)


def axes_of(name: str, dataset: str, lengths: dict[int, int], splits, max_tokens: int = 2048):
    from matplotlib.figure import Figure

    tally = SplitCounts(kept=Counter({(True, 1): 1}), lengths={TOTAL: Counter(lengths)})
    counted = [replace(of, facts=replace(of.facts, tally=tally)) for of in splits]
    axes = Figure().subplots()
    PLOTS[name](axes, dataset, counted, max_tokens)
    return axes


def test_the_axis_of_lengths_follows_the_data(drawn):
    """The lengths of MBPP lay in the left 6 % of an axis up to the limit."""
    axes = axes_of("token_length", "mbpp", {30: 5, 125: 1}, drawn[1])
    assert axes.get_xlim()[1] < 1.1 * 128
    assert axes.get_legend_handles_labels()[1] == ["train", "valid", "test"]


def test_the_limit_is_a_line_where_it_is_near(drawn):
    axes = axes_of("token_length", "codecontests", {300: 5, 2048: 1}, drawn[1])
    assert "the limit of 2,048" in axes.get_legend_handles_labels()[1]
    [line] = axes.get_lines()
    assert line.get_xdata() == [2048, 2048] and axes.get_xlim()[1] > 2048


def test_splits_without_records_have_plots(drawn):
    empty = [replace(of, facts=replace(of.facts, tally=SplitCounts())) for of in drawn[1]]
    for name, png in draw_plots("codecontests", empty, 2048).items():
        require_png(name, png)
