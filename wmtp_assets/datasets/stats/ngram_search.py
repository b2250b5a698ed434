"""Which texts of a benchmark are contained in which texts of a large training set.

The n-grams of the benchmark are indexed, the training set is streamed by, in as many searches as it
is divided into: what they found is added up in the order of its texts. Memory does not grow with
the training set.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wmtp_assets.datasets.stats.ngram_index import GRAM_WORDS, NgramIndex, runs_of
from wmtp_assets.datasets.stats.texts import fold_text, normalise, split_words

# PaLM's rule (Chowdhery et al., arXiv:2204.02311, section 8): an example is contaminated when at
# least 70 % of its 8-grams occur in the training data; here, to have evidence, in one record of it.
CONTAINED = 0.7
PROMPT, SOLUTION = "prompt", "solution"

# Arrays of four bytes a byte: they fit into the second-level cache.
BATCH_BYTES = 128 * 1024


@dataclass(frozen=True)
class BenchmarkText:
    """A text of a benchmark: of which one, of which record, and whether prompt or solution."""

    of: str
    name: str
    part: str
    text: str

    @property
    def too_short(self) -> bool:
        """Whether it has no n-gram and is compared as a whole."""
        return len(split_words(self.text)) < GRAM_WORDS


@dataclass(frozen=True)
class BestMatch:
    """Where most of an item was found.

    Attributes:
        containment: The share of the item's different n-grams that one record has, 0 to 1; 1 for
            an item that is too short for an n-gram and is a whole record.
        exact: Whether the record is the item, white space and letter case aside.
        records: How many records have at least `CONTAINED` of it.
        where: The first record that has most of it, as it was handed in; None if none has any.
        text: What that record says.
    """

    containment: float = 0.0
    exact: bool = False
    records: int = 0
    where: Any = None
    text: str = ""

    def before(self, other: "BestMatch") -> "BestMatch":
        """The better one of two, this one if they are equal, with the records of both."""
        first = (other.containment, other.exact) <= (self.containment, self.exact)
        return replace(self if first else other, records=self.records + other.records)


class NgramSearch:
    """What was found of each item so far.

    Items of fewer than eight words have no n-gram: they are compared with whole records.

    Args:
        items: What is looked for.
    """

    def __init__(self, items: tuple[BenchmarkText, ...]):
        import numpy as np

        self.seen = 0
        self._items = items
        self._index, self._short = _indexed(items)
        self._best = [BestMatch()] * len(items)
        self._share = np.zeros(len(items))
        self._records = np.zeros(len(items), np.int64)
        self._clear()

    def see(self, text: str, where: Any) -> None:
        """Take one text of the training set, and what names it."""
        self.seen += 1
        folded = fold_text(text)
        self._folded.append(folded)
        self._texts.append((text, where))
        self._bytes += len(folded)
        if self._bytes >= BATCH_BYTES:
            self._look()

    def found(self) -> dict[int, BestMatch]:
        """What was found: place among the items -> match, without what was not found."""
        self._look()
        counted = enumerate(zip(self._best, self._records.tolist(), strict=True))
        return {
            place: replace(best, records=records)
            for place, (best, records) in counted
            if best.containment
        }

    def _clear(self) -> None:
        self._folded: list[bytes] = []
        self._texts: list[tuple[str, Any]] = []
        self._bytes = 0

    def _look(self) -> None:
        """Judge the batch; only what is better than before is looked at one by one."""
        import numpy as np

        if not self._texts:
            return
        records, items, counts, words = self._index.find(self._folded)
        share = counts / self._index.sizes[items]
        np.add.at(self._records, items[share >= CONTAINED], 1)
        # A whole item may be the whole record, where both have the same number of words.
        same_size = words[records] == self._index.words[items]
        better = (share > self._share[items]) | ((share == 1) & same_size)
        for at in np.flatnonzero(better).tolist():
            self._keep(int(items[at]), float(share[at]), *self._texts[records[at]])
        for record in np.flatnonzero(words < GRAM_WORDS).tolist() if self._short else ():
            text, where = self._texts[record]
            for item in self._short.get(normalise(text), ()):
                self._records[item] += 1
                self._keep(item, 1.0, text, where)
        self._clear()

    def _keep(self, place: int, share: float, text: str, where: Any) -> None:
        best = self._best[place]
        exact = share == 1 and normalise(text) == normalise(self._items[place].text)
        if (share, exact) > (best.containment, best.exact):
            self._best[place] = BestMatch(share, exact, 0, where, text)
            self._share[place] = share


def first_shared(item: str, text: str) -> str:
    """The first n-gram of an item that a text has, as words; "" if there is none."""
    there = set(runs_of(split_words(text)))
    return next((gram for gram in runs_of(split_words(item)) if gram in there), b"").decode()


@functools.lru_cache(maxsize=2)
def _indexed(items: Sequence[BenchmarkText]) -> tuple[NgramIndex, Mapping[str, Sequence[int]]]:
    """The index of the items, and those too short for an n-gram: text, normalised -> places.

    Remembered: a process looks at many ranges of the training set.
    """
    index = NgramIndex([split_words(item.text) for item in items])
    short: dict[str, list[int]] = {}
    for place, size in enumerate(index.sizes):
        if not size:
            short.setdefault(normalise(items[place].text), []).append(place)
    return index, short
