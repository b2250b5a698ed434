"""Exact token counts of texts from remembered counts of their lines and of the chunks of lines.

In: texts, and `Cuts` that the vocabulary proves (vocabulary.py). Lines and chunks repeat from one
program to the next; only chunks not seen before are encoded. Which ones are remembered depends on
what was counted before, the counts do not. Any number of threads.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import chain

from wmtp_assets.corpora.vocabulary import SPACE

Encode = Callable[[list[str]], list[list[int]]]

# Measured full, lines or chunks: 28 MB with short ASCII strings, 34 MB with ones of four bytes a
# character. That is 60,000 to 230,000 entries.
MEMO_UNITS = 8_000_000
ENTRY_UNITS = 32


class ChunkCounts:
    """Counts the tokens of texts by lines and chunks.

    Args:
        symbols: `Cuts.symbols` of the vocabulary.
        encode: Texts -> their token ids, by the model of that vocabulary.
    """

    def __init__(self, symbols: str, encode: Encode, memo_units: int = MEMO_UNITS):
        self._encode = encode
        self._break = len(encode(["\n"])[0])
        some = re.escape("\n" + symbols)  # a line has no newline: the class is never empty
        # Spaces belong to what follows them, those at the end of a line are a chunk of their own.
        self._cut = re.compile(f" *(?:[{some}]+|[^ {some}]+)| +").findall
        self._lines = Memo(self._count_lines, memo_units)
        self._chunks = Memo(self._count_chunks, memo_units)

    def counts(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text: of its lines, and one of each newline."""
        # sentencepiece writes a space before any text but the empty one, and takes U+2581 for one.
        lines = [f" {text.replace(SPACE, ' ')}".split("\n") if text else [] for text in texts]
        sums = self._lines.sums(lines)
        return [count + max(len(own) - 1, 0) for count, own in zip(sums, lines, strict=True)]

    def _count_lines(self, lines: list[str]) -> list[int]:
        return self._chunks.sums([self._cut(line) for line in lines])

    def _count_chunks(self, chunks: list[str]) -> list[int]:
        """Encode each chunk after a newline: the space before the newline never joins it."""
        encoded = self._encode([f"\n{chunk}" for chunk in chunks])
        return [len(ids) - self._break for ids in encoded]


class Memo:
    """Remembers the counts of strings, as many as fit into `units`; then it starts anew.

    Args:
        learn: Strings -> their counts.
    """

    def __init__(self, learn: Callable[[list[str]], list[int]], units: int):
        self._learn = learn
        self._units = self._room = units
        self._known: dict[str, int] = {}

    def sums(self, rows: Iterable[Sequence[str]]) -> list[int]:
        """The sum of the counts of the strings of each row."""
        rows = list(rows)
        known = self._known
        missing = list(set(chain.from_iterable(rows)).difference(known))
        if missing:
            known.update(zip(missing, self._learn(missing), strict=True))
            self._room -= sum(map(len, missing)) + ENTRY_UNITS * len(missing)
        sums = [sum(map(known.__getitem__, row)) for row in rows]
        if self._room < 0:
            self._known, self._room = {}, self._units
        return sums
