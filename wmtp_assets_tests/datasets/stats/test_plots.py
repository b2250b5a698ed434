"""Plots: the same bytes always, small, and damage is named."""

import subprocess
import sys

import pytest

from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.schema.schema_json import read_stored_splits
from wmtp_assets.datasets.stats.plots import (
    MAX_PNG_BYTES,
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
