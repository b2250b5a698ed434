"""Which texts of a benchmark are contained in which texts of a large training set.

The n-grams of the benchmark are indexed, the training set is streamed by once: its words become
numbers (0 for a word that no benchmark has), all runs of eight of a quarter million words are
hashed by numpy at a time, and a run whose hash is known is looked up exactly. Memory does not grow
with the training set.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from wmtp_assets.datasets.stats.texts import normalise, split_words

# PaLM's rule (Chowdhery et al., arXiv:2204.02311, section 8): an example is contaminated when at
# least 70 % of its 8-grams occur in the training data; here, to have evidence, in one record of it.
GRAM_WORDS = 8
CONTAINED = 0.7

BATCH_WORDS = 1 << 18
# Slots of the table that a hash is first looked up in; 100,000 n-grams fill 2 % of it.
TABLE_BITS = 22
MULTIPLIER = 0x9E3779B97F4A7C15


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
        where: The first record that has most of it.
        shared: Words of the item and that record, the first n-gram they share.
    """

    containment: float = 0.0
    exact: bool = False
    records: int = 0
    where: str = ""
    shared: str = ""


class NgramSearch:
    """The items of one part, and what was found of each so far.

    Items of fewer than eight words have no n-gram: they are compared with whole records.
    """

    def __init__(self, items: Sequence[BenchmarkText]):
        import numpy as np

        self.items = items
        self.seen = 0
        words = [split_words(item.text) for item in items]
        every = itertools.chain.from_iterable(words)
        self._numbers = {word: n for n, word in enumerate(dict.fromkeys(every), 1)}
        self._index = _Index([[self._numbers[word] for word in of] for of in words])
        self._short: dict[str, list[int]] = {}
        for place, size in enumerate(self._index.sizes):
            if not size:
                self._short.setdefault(normalise(items[place].text), []).append(place)
        self._best = [BestMatch()] * len(items)
        self._share = np.zeros(len(items))
        self._records = np.zeros(len(items), np.int64)
        self._clear()

    def see(self, text: str, where: Callable[[], str]) -> None:
        """Take one text of the training set; `where` names it when something was found in it."""
        self.seen += 1
        words = split_words(text)
        if len(words) < GRAM_WORDS:
            for item in self._short.get(normalise(text), ()):
                self._records[item] += 1
                self._keep(item, 1.0, text, where)
            return
        self._starts.append(len(self._batch))
        self._texts.append((text, where))
        self._batch.extend(map(self._numbers.get, words, itertools.repeat(0)))
        self._batch.append(0)
        if len(self._batch) >= BATCH_WORDS:
            self._look()

    def results(self) -> list[BestMatch]:
        """What was found of each item, in the order of the items."""
        self._look()
        counted = zip(self._best, self._records.tolist(), strict=True)
        return [replace(best, records=records) for best, records in counted]

    def _clear(self) -> None:
        self._batch: list[int] = []
        self._starts: list[int] = []
        self._texts: list[tuple[str, Callable[[], str]]] = []

    def _look(self) -> None:
        """Judge the batch; only what is better than before is looked at one by one."""
        import numpy as np

        numbers = np.array(self._batch, np.uint64)
        starts = np.array([*self._starts, len(numbers)])
        records, items, counts = self._index.find(numbers, starts)
        share = counts / self._index.sizes[items]
        np.add.at(self._records, items[share >= CONTAINED], 1)
        # A whole item may be the whole record, where both have the same number of words.
        same_size = starts[records + 1] - starts[records] - 1 == self._index.words[items]
        better = (share > self._share[items]) | ((share == 1) & same_size)
        for at in np.flatnonzero(better).tolist():
            self._keep(int(items[at]), float(share[at]), *self._texts[records[at]])
        self._clear()

    def _keep(self, place: int, share: float, text: str, where: Callable[[], str]) -> None:
        item, best = self.items[place], self._best[place]
        exact = share == 1 and normalise(text) == normalise(item.text)
        if (share, exact) > (best.containment, best.exact):
            shared = first_shared(item.text, text) or text
            self._best[place] = BestMatch(share, exact, 0, where(), shared)
            self._share[place] = share


class _Index:
    """N-grams as rows of numbers with their hashes, and the items that have each of them.

    Attributes:
        sizes: Different n-grams of each item, int [items].
        words: Words of each item, int [items].
    """

    def __init__(self, items: Sequence[Sequence[int]]):
        import numpy as np

        owners: dict[tuple[int, ...], list[int]] = {}
        for place, words in enumerate(items):
            for gram in dict.fromkeys(_runs(words)):
                owners.setdefault(gram, []).append(place)
        grams = np.array([*owners], np.uint64).reshape(-1, GRAM_WORDS)
        hashes = _hash_runs(grams.ravel())[::GRAM_WORDS]
        order = np.argsort(hashes)
        self._hashes, self._grams = hashes[order], grams[order]
        if len(np.unique(hashes)) < len(grams):
            raise AssertionError("two n-grams have one hash: choose another MULTIPLIER")
        lists = [*owners.values()]
        self._owners = [lists[place] for place in order]
        self._table = np.zeros(1 << TABLE_BITS, bool)
        self._table[self._hashes >> np.uint64(64 - TABLE_BITS)] = True
        everyone = list(itertools.chain.from_iterable(lists))
        self.sizes = np.bincount(np.array(everyone, np.int64), minlength=len(items))
        self.words = np.array([len(words) for words in items], np.int64)

    def find(self, numbers, starts):
        """Find the items of a batch.

        Args:
            numbers: The words of all its records, 0 between two of them, uint64 [words].
            starts: Where each record begins, and the end, int [records + 1].

        Returns:
            Record, item and how many different n-grams of the item the record has: three arrays of
            int, by record and item, without zeros.
        """
        import numpy as np

        hashes = _hash_runs(numbers)
        places = np.flatnonzero(self._table[hashes >> np.uint64(64 - TABLE_BITS)])
        grams = np.searchsorted(self._hashes, hashes[places])
        known = grams < len(self._hashes)
        places, grams = places[known], grams[known]
        found = numbers[places[:, None] + np.arange(GRAM_WORDS)]
        known = (self._grams[grams] == found).all(axis=1)
        places, grams = places[known], grams[known]
        records = np.searchsorted(starts, places, side="right") - 1
        once = np.unique(records * len(self._grams) + grams)
        records, grams = np.divmod(once, max(len(self._grams), 1))
        lists = [self._owners[gram] for gram in grams.tolist()]
        repeats = np.array([len(of) for of in lists], np.int64)
        items = np.array(list(itertools.chain.from_iterable(lists)), np.int64)
        pairs = np.repeat(records, repeats) * len(self.sizes) + items
        pairs, counts = np.unique(pairs, return_counts=True)
        return *np.divmod(pairs, max(len(self.sizes), 1)), counts


def first_shared(item: str, text: str) -> str:
    """The first n-gram of an item that a text has, as words; "" if there is none."""
    there = set(_runs(split_words(text)))
    shared = next((gram for gram in _runs(split_words(item)) if gram in there), ())
    return b" ".join(shared).decode()


def _runs(words: Sequence) -> Iterator[tuple]:
    """All runs of eight words, in order."""
    return (tuple(words[at : at + GRAM_WORDS]) for at in range(len(words) - GRAM_WORDS + 1))


def _hash_runs(numbers):
    """The hash of each run of eight numbers (uint64, modulo 2**64), by doubling."""
    import numpy as np

    factor, width = MULTIPLIER, 1
    while width < GRAM_WORDS and len(numbers):
        numbers = numbers[:-width] * np.uint64(factor) + numbers[width:]
        factor, width = factor * factor % 2**64, width * 2
    return numbers
