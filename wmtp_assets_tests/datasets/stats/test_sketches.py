"""Small pictures: the numbers of the plots, in as many characters as Dagster shows at once."""

from collections import Counter
from dataclasses import replace
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from wmtp_assets.datasets.convert.tally import SplitCounts
from wmtp_assets.datasets.formats import TOTAL
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.schema.schema_json import read_stored_splits
from wmtp_assets.datasets.stats.plots import plot_names
from wmtp_assets.datasets.stats.sketches import (
    BINS,
    HEIGHT,
    INLINE_CHARACTERS,
    WIDTH,
    draw_sketches,
)

SVG = "{http://www.w3.org/2000/svg}"


def stored(made, dataset: str):
    return read_stored_splits(made.catalog.dataset(dataset), made.store.dataset(dataset))


def picture(markdown: str, name: str) -> ElementTree.Element:
    head = f"![{name}](<data:image/svg+xml,"
    assert markdown.startswith(head) and markdown.endswith(">)")
    inside = markdown.removeprefix(head).removesuffix(">)")
    assert not set(inside) & set('<>"#')
    return ElementTree.fromstring(unquote(inside))


@pytest.mark.parametrize("dataset", DATASETS)
def test_each_plot_has_a_picture_that_is_shown_without_a_click(made, dataset):
    drawn = draw_sketches(dataset, stored(made, dataset), 2048)
    assert tuple(drawn) == plot_names(dataset)
    for name, markdown in drawn.items():
        assert len(markdown) < INLINE_CHARACTERS
        assert picture(markdown, name).get("width") == str(WIDTH)


def counted(splits, lengths: Counter, labels: Counter):
    tally = SplitCounts(kept=labels, lengths={TOTAL: lengths})
    return [replace(of, facts=replace(of.facts, tally=tally)) for of in splits]


def test_the_largest_counts_and_the_roughest_steps_are_shown_without_a_click(made):
    lengths = Counter({n: 10**6 if n // 103 % 2 else 1 for n in range(2049)})
    labels = Counter({(label, n): 10**6 + n for label in (True, False) for n in range(29)})
    splits = counted(stored(made, "codecontests"), lengths, labels)
    for name, markdown in draw_sketches("codecontests", splits, 2048).items():
        picture(markdown, name)
        assert len(markdown) < INLINE_CHARACTERS, name


def test_steps_are_as_high_as_the_shares(made):
    [split] = stored(made, "humaneval")
    splits = counted([split], Counter({0: 3, BINS - 1: 1}), Counter({(None, None): 4}))
    svg = picture(draw_sketches("humaneval", splits, 2048)["token_length"], "token_length")
    step = WIDTH // BINS
    [path] = svg.iter(f"{SVG}path")
    nothing = f"h{step}" * (BINS - 2)
    third = HEIGHT // 3
    assert path.get("d") == (
        f"M0 {HEIGHT}v-{HEIGHT}h{step}v{HEIGHT}{nothing}v-{third}h{step}V{HEIGHT}"
    )
    assert [text.text for text in svg.iter(f"{SVG}text")] == ["test", f"{BINS - 1} tokens"]


def test_the_limit_is_named_where_it_is_near(made):
    splits = stored(made, "humaneval")
    longest = max(max(of.facts.tally.lengths[TOTAL]) for of in splits)
    ends = {
        longest: f"{longest:,} tokens, the limit<",
        longest + 1: f"{longest:,} tokens, limit {longest + 1:,}<",
        2 * longest: f"{longest:,} tokens<",
    }
    for limit, end in ends.items():
        assert end in unquote(draw_sketches("humaneval", splits, limit)["token_length"])


def test_both_labels_are_counted_of_each_split(made):
    splits = stored(made, "codecontests")
    drawn = draw_sketches("codecontests", splits, 2048)["class_balance"]
    texts = [text.text for text in picture(drawn, "class_balance").iter(f"{SVG}text")]
    tallies = {of.name: of.facts.tally for of in splits}
    assert texts == [
        f"{name}: {of.by_class(True):,} correct, {of.by_class(False):,} incorrect"
        for name, of in tallies.items()
    ]


def test_splits_without_records_are_drawn(made):
    splits = counted(stored(made, "codecontests"), Counter(), Counter())
    for name, markdown in draw_sketches("codecontests", splits, 2048).items():
        picture(markdown, name)
