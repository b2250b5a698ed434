"""The n-grams of a benchmark by their hash, and their occurrences in a run of texts.

A batch of texts is one array of bytes: where its words begin and end, the hash of each word and of
each run of eight words are computed by numpy, without an object a word. A run whose hash is known
is then compared word by word, so that what is found is exact.
"""

import functools
import itertools
from collections.abc import Sequence

from wmtp_assets.datasets.stats.texts import WORDS_ONLY

# PaLM's rule (Chowdhery et al., arXiv:2204.02311, section 8) is about 8-grams.
GRAM_WORDS = 8
# A word that no text has: no text has its byte. Runs that hold it are of two texts.
BREAK = b" \xff "
_SPACE, _BREAK = BREAK[0], BREAK[1]
# Slots of the table that a hash is first looked up in: 1 MB, which the cache holds. The 20,000
# n-grams of the published MBPP fill 2 % of it.
TABLE_BITS = 20
# Words are hashed modulo 2**32, in a third of the time of 2**64: the arrays have an entry a byte.
# Odd, so that it has an inverse.
BYTE_FACTOR = 0x9E3779B1
# Runs of words modulo 2**64.
WORD_FACTOR = 0xD1342543DE82EF95
# N-grams that are hashed at a time.
PART_GRAMS = 4096
# Spellings of n-grams that are remembered, and how long they may be: 30 MB of them.
MOST_SPELLINGS, SPELLING_BYTES = 100_000, 200


class NgramIndex:
    """N-grams with their hashes, and the items that have each of them.

    Args:
        items: The words of each item.

    Attributes:
        sizes: Different n-grams of each item, int [items].
        words: Words of each item, int [items].
    """

    def __init__(self, items: Sequence[Sequence[bytes]]):
        import numpy as np

        owners: dict[bytes, list[int]] = {}
        for place, words in enumerate(items):
            for gram in dict.fromkeys(runs_of(words)):
                owners.setdefault(gram, []).append(place)
        grams = list(owners)
        parts = [grams[at : at + PART_GRAMS] for at in range(0, max(len(grams), 1), PART_GRAMS)]
        hashes = np.concatenate(
            [_Batch(BREAK.join(part)).hashes[:: GRAM_WORDS + 1] for part in parts]
        )
        order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[order]
        self._grams = [grams[place] for place in order]
        self._owners = [owners[gram] for gram in self._grams]
        self._table = np.zeros(1 << TABLE_BITS, bool)
        self._table[self._hashes >> np.uint64(64 - TABLE_BITS)] = True
        self._spelled: dict[bytes, int] = {}
        everyone = list(itertools.chain.from_iterable(owners.values()))
        self.sizes = np.bincount(np.array(everyone, np.int64), minlength=len(items))
        self.words = np.array([len(words) for words in items], np.int64)

    def find(self, texts: Sequence[bytes]):
        """Find the items in a batch of texts.

        Args:
            texts: Each as `fold_text` gives it.

        Returns:
            Text, item and how many different n-grams of the item the text has: three arrays of
            int, by text and item, without zeros. And the words of each text, int [texts].
        """
        import numpy as np

        batch = _Batch(BREAK.join(texts).translate(WORDS_ONLY))
        breaks = np.flatnonzero(batch.data[batch.starts] == _BREAK)
        ends = np.append(breaks, len(batch.starts))
        places = np.flatnonzero(self._table[batch.hashes >> np.uint64(64 - TABLE_BITS)])
        first = np.searchsorted(self._hashes, batch.hashes[places])
        known = first < len(self._hashes)
        places, first = places[known], first[known]
        known = self._hashes[first] == batch.hashes[places]
        places, first = places[known], first[known]
        spelled = zip(batch.spelled(places), first.tolist(), strict=True)
        grams = np.array([self._gram(*found) for found in spelled], np.int64)
        known = grams >= 0
        places, grams = places[known], grams[known]
        records = np.searchsorted(breaks, places)
        once = np.unique(records * len(self._grams) + grams)
        records, grams = np.divmod(once, max(len(self._grams), 1))
        lists = [self._owners[gram] for gram in grams.tolist()]
        repeats = np.array([len(of) for of in lists], np.int64)
        items = np.array(list(itertools.chain.from_iterable(lists)), np.int64)
        pairs = np.repeat(records, repeats) * len(self.sizes) + items
        pairs, counts = np.unique(pairs, return_counts=True)
        words = np.diff(ends, prepend=-1) - 1
        return *np.divmod(pairs, max(len(self.sizes), 1)), counts, words

    def _gram(self, spelled: bytes, first: int) -> int:
        """The n-gram spelled so, of those from `first` on that have its hash; -1 if it is none."""
        if (known := self._spelled.get(spelled)) is not None:
            return known
        gram, found = b" ".join(spelled.split()), -1
        for place in range(first, len(self._grams)):
            if self._hashes[place] != self._hashes[first]:
                break
            if self._grams[place] == gram:
                found = place
        if len(spelled) <= SPELLING_BYTES:
            if len(self._spelled) >= MOST_SPELLINGS:
                self._spelled.clear()
            self._spelled[spelled] = found
        return found


class _Batch:
    """The words of a text of lower-case letters and spaces.

    Attributes:
        data: Its bytes, uint8.
        starts, ends: Where each word begins and ends, int [words].
        hashes: Of each run of eight words, by its first word, uint64 [words - 7].
    """

    def __init__(self, text: bytes):
        import numpy as np

        self.text = text
        self.data = np.frombuffer(text, np.uint8)
        inside = np.zeros(len(text) + 2, bool)
        np.not_equal(self.data, _SPACE, out=inside[1:-1])
        edges = np.flatnonzero(inside[1:] != inside[:-1])
        self.starts, self.ends = edges[::2], edges[1::2]
        powers, inverses = _powers(max(len(text), 1).bit_length())
        sums = np.zeros(len(text) + 1, np.uint32)
        np.cumsum(self.data * powers[: len(text)], dtype=np.uint32, out=sums[1:])
        words = (sums[self.ends] - sums[self.starts]) * inverses[self.starts]
        self.hashes = _hash_runs(words.astype(np.uint64))

    def spelled(self, places) -> list[bytes]:
        """The bytes of the runs that begin at these words."""
        starts, ends = self.starts[places], self.ends[places + GRAM_WORDS - 1]
        edges = zip(starts.tolist(), ends.tolist(), strict=True)
        return [self.text[start:end] for start, end in edges]


def runs_of(words: Sequence[bytes]) -> list[bytes]:
    """All runs of eight words, in order, with single spaces."""
    return [b" ".join(words[at : at + GRAM_WORDS]) for at in range(len(words) - GRAM_WORDS + 1)]


def _hash_runs(words):
    """The hash of each run of eight hashes of words, uint64, by doubling."""
    import numpy as np

    factor, width = WORD_FACTOR, 1
    while width < GRAM_WORDS and len(words):
        words = words[:-width] * np.uint64(factor) + words[width:]
        factor, width = factor * factor % 2**64, width * 2
    return words


@functools.lru_cache(maxsize=2)
def _powers(bits: int):
    """The powers of BYTE_FACTOR from 0 on, and their inverses, uint32 [2**bits]."""
    import numpy as np

    factors = (BYTE_FACTOR, pow(BYTE_FACTOR, -1, 2**32))
    both = [np.full(1 << bits, factor, np.uint32) for factor in factors]
    for powers in both:
        powers[0] = 1
        np.cumprod(powers, dtype=np.uint32, out=powers)
    return both
