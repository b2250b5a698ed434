"""The counts of the splits as pandas tables: lengths, quantiles, difficulty, labels.

Made from the tallies, whose size does not grow with the rows; no table has a line for a record.
"""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from wmtp_assets.datasets.convert.tally import SplitCounts
from wmtp_assets.datasets.formats import TOTAL
from wmtp_assets.datasets.schema.schema_json import StoredSplit

if TYPE_CHECKING:
    import pandas as pd

PERCENTILES = (50, 90, 95, 99)
LABELS = {True: "correct", False: "incorrect"}


def describe_lengths(lengths: Counter) -> dict[str, float]:
    """Mean (to three digits), percentiles and maximum of an exact histogram.

    The p-th percentile is the smallest length that at least p percent of the records do not
    exceed (nearest rank). An empty split has zeros.
    """
    import pandas as pd

    records = pd.Series(dict(lengths), dtype="int64").sort_index()
    total, reached = int(records.sum()), records.cumsum()
    mean = float((records.index * records).sum()) / max(total, 1)
    ranks = [-(-percent * total // 100) for percent in PERCENTILES]
    found = records.index[reached.searchsorted(ranks)].tolist() if total else [0] * len(ranks)
    percentiles = {f"p{percent}": n for percent, n in zip(PERCENTILES, found, strict=True)}
    return {"mean": round(mean, 3), **percentiles, "max": max(lengths, default=0)}


def quantiles(splits: Iterable[StoredSplit]) -> "pd.DataFrame":
    """Token lengths of records: mean, percentiles and maximum [statistic, split]."""
    import pandas as pd

    described = {of.name: describe_lengths(of.facts.tally.lengths[TOTAL]) for of in splits}
    return pd.DataFrame({name: pd.Series(of, dtype=object) for name, of in described.items()})


def length_shares(splits: Iterable[StoredSplit], bins: int, last: int) -> "pd.DataFrame":
    """Shares of a split by token length, in percent [left edge of a bin, split].

    Args:
        bins: How many bins of one width there are.
        last: The greatest length that has a bin.
    """
    import pandas as pd

    width = -(-(last + 1) // bins)
    shares = {
        of.name: pd.Series(dict(of.facts.tally.lengths[TOTAL]), dtype="int64").sort_index()
        * (100 / max(of.facts.tally.rows, 1))
        for of in splits
    }
    table = pd.DataFrame(shares, columns=list(shares)).fillna(0.0)
    edges = [place * width for place in range(bins)]
    return table.groupby(table.index // width * width).sum().reindex(edges, fill_value=0.0)


def by_difficulty(splits: Iterable[StoredSplit]) -> "pd.DataFrame":
    """Records of all splits [difficulty, label]."""
    total = SplitCounts()
    for split in splits:
        total.add(split.facts.tally)
    return _by_label(total.kept).groupby(level=1).sum()


def by_label(splits: Iterable[StoredSplit]) -> "pd.DataFrame":
    """Records of each split [split, label]."""
    import pandas as pd

    return pd.DataFrame({of.name: _by_label(of.facts.tally.kept).sum() for of in splits}).T


def as_markdown(table: "pd.DataFrame") -> str:
    """A table as Markdown, its index first."""
    lines = [["", *table.columns], ["---"] * (len(table.columns) + 1)]
    lines += [[str(name), *(f"{n:,}" for n in row)] for name, *row in table.itertuples()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def in_percent(records: "pd.DataFrame") -> "pd.DataFrame":
    """Each row as shares of its sum; a row of zeros stays."""
    return records.mul(100).div(records.sum(axis=1).clip(lower=1), axis=0)


def _by_label(kept: Counter) -> "pd.DataFrame":
    """Records by (label, difficulty) -> [(label, difficulty), label], zero where it is another."""
    import pandas as pd

    counts = pd.Series(dict(kept), dtype="int64")
    counts.index = pd.MultiIndex.from_tuples(kept.keys(), names=["label", "difficulty"])
    return pd.DataFrame(
        {
            word: counts.where(counts.index.get_level_values(0) == label, 0)
            for label, word in LABELS.items()
        }
    )
