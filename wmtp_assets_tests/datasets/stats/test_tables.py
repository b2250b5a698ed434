"""Tables of the tallies: against counts written plainly, with empty splits and without labels."""

import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmtp_assets.datasets.convert.tally import SplitCounts
from wmtp_assets.datasets.formats import TOTAL
from wmtp_assets.datasets.schema.schema_json import read_stored_splits
from wmtp_assets.datasets.stats import tables
from wmtp_assets.files import file_io
from wmtp_assets_tests.datasets.world import DAY


@pytest.fixture(scope="module")
def splits(made):
    row = made.catalog.dataset("codecontests")
    return read_stored_splits(row, made.store.dataset("codecontests"))


def with_counts(split, **counts):
    return replace(split, facts=replace(split.facts, tally=SplitCounts(**counts)))


def with_lengths(split, lengths):
    counted = Counter(lengths)
    return with_counts(split, kept=Counter({(True, 1): len(lengths)}), lengths={TOTAL: counted})


def test_quantiles_are_those_of_the_summary(made, splits):
    folder = made.store.dataset("codecontests").stats
    stated = file_io.read_json(folder / f"{DAY}_summary.json")["splits"]
    table = tables.quantiles(splits)
    assert list(table.columns) == ["train", "valid", "test"]
    assert table.to_dict() == {name: of["token_lengths"]["total"] for name, of in stated.items()}


@given(st.lists(st.integers(0, 3000), max_size=60), st.integers(1, 40))
def test_shares_of_bins_are_those_of_each_length(splits, lengths, bins):
    last = max(lengths, default=0)
    table = tables.length_shares([with_lengths(splits[0], lengths)], bins, last)
    width = -(-(last + 1) // bins)
    inside = Counter(length // width * width for length in lengths)
    assert list(table.index) == [place * width for place in range(bins)]
    for edge, share in table["train"].items():
        assert share == pytest.approx(100 * inside[edge] / max(len(lengths), 1))


def test_labels_and_difficulties_add_up_to_the_tallies(splits):
    labels, levels = tables.by_label(splits), tables.by_difficulty(splits)
    for split in splits:
        tally = split.facts.tally
        assert labels.loc[split.name, "correct"] == tally.by_class(True)
        assert labels.loc[split.name, "incorrect"] == tally.by_class(False)
    for label, word in tables.LABELS.items():
        for level in levels.index:
            counted = sum(of.facts.tally.kept[label, level] for of in splits)
            assert levels.loc[level, word] == counted
    assert levels.to_numpy().sum() == labels.to_numpy().sum() > 0


def test_a_split_without_records_has_zeros_everywhere(splits):
    empty = with_counts(splits[0])
    assert set(tables.quantiles([empty])["train"]) == {0}
    assert not tables.length_shares([empty], 8, 0)["train"].any()
    assert tables.by_label([empty]).loc["train"].tolist() == [0, 0]
    assert tables.in_percent(tables.by_label([empty])).loc["train"].tolist() == [0, 0]
    assert tables.by_difficulty([empty]).empty


def test_a_table_is_markdown_with_its_index_first(splits):
    head, line, *rows = tables.as_markdown(tables.by_label(splits)).splitlines()
    assert head == "|  | correct | incorrect |" and line == "| --- | --- | --- |"
    tally = splits[0].facts.tally
    assert rows[0] == f"| train | {tally.by_class(True):,} | {tally.by_class(False):,} |"
    assert "| p50 | 1,024 |" in tables.as_markdown(
        tables.quantiles([with_lengths(splits[0], [1024])])
    )


def test_pandas_is_imported_with_the_first_table_and_not_before():
    program = (
        "import sys; from wmtp_assets.datasets.stats import plots, sketches, summary, tables; "
        "assert 'pandas' not in sys.modules; tables.quantiles([]); assert 'pandas' in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True)
