"""Exact token counts of many texts at once, from remembered counts of their chunks.

In: texts, and `SplitPoints` that the vocabulary proves (vocabulary.py). numpy cuts all texts
together, Arrow makes the chunks distinct, and only those not seen before are encoded, as the lines
of one text. Which ones are remembered depends on what was counted before; the counts do not.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa

from wmtp_assets.datasets.convert.vocabulary import SPACE
from wmtp_assets.errors import BadInput

Encode = Callable[[list[str]], list[list[int]]]

# Measured full: 28 MB with short ASCII strings, 34 MB with ones of four bytes a character.
MEMO_UNITS = 8_000_000
ENTRY_UNITS = 32
# Encoding takes 45 times the size of its text in memory; more lines at once are no faster.
LINES_CHARACTERS = 16_384
# Arrow's offsets have 32 bits, and a character up to four bytes.
MOST_CHARACTERS = 2**28
OTHER, SYMBOL, BLANK, NEWLINE = range(4)
BETWEEN = "\n "


class ChunkCounts:
    """Counts the tokens of texts by chunks.

    Counting raises BadInput where sentencepiece does not take every newline for a token.

    Args:
        symbols: `SplitPoints.symbols` of the vocabulary.
        encode: Texts -> their token ids, by the model of that vocabulary.
    """

    def __init__(self, symbols: str, encode: Encode, memo_units: int = MEMO_UNITS):
        self._encode = encode
        self._newline = encode(["\n"])[0][-1]
        # Bytes beyond ASCII are cut nowhere; a text with a symbol among them is encoded whole.
        self._wide = [symbol for symbol in symbols if not symbol.isascii()]
        classes = bytearray([OTHER]) * 256
        for characters, which in ((symbols, SYMBOL), (" ", BLANK), ("\n", NEWLINE)):
            for byte in filter(str.isascii, characters):
                classes[ord(byte)] = which
        self._classes = bytes(classes)
        self._units = self._room = memo_units
        self._known: dict[str, int] = {}

    def counts(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text."""
        if sum(map(len, texts)) > MOST_CHARACTERS:
            return self._whole(texts)
        cut = [text.isascii() or not any(symbol in text for symbol in self._wide) for text in texts]
        by_chunks = iter(
            self._by_chunks([t for t, is_cut in zip(texts, cut, strict=True) if is_cut])
        )
        whole = iter(self._whole([t for t, is_cut in zip(texts, cut, strict=True) if not is_cut]))
        return [next(by_chunks if is_cut else whole) for is_cut in cut]

    def _whole(self, texts: Sequence[str]) -> list[int]:
        return [len(ids) for ids in self._encode(list(texts))]

    def _by_chunks(self, texts: Sequence[str]) -> list[int]:
        if not texts:
            return []
        # sentencepiece writes a space before any text but the empty one, and takes U+2581 for one.
        plain = [text.replace(SPACE, " ") for text in texts]
        data = (BETWEEN + BETWEEN.join(plain)).encode()
        classes = np.frombuffer(data.translate(self._classes), np.uint8)
        before, here = classes[:-1], classes[1:]
        # Spaces belong to what follows them; those at the end of a line are a chunk of their own.
        cuts = np.flatnonzero((before != here) & ((before != BLANK) | (here == NEWLINE))) + 1
        offsets = np.concatenate(([0], cuts, [len(data)])).astype(np.int32)
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
        chunks = pa.Array.from_buffers(pa.string(), len(offsets) - 1, buffers).dictionary_encode()
        counts = np.array(self._count_distinct(chunks.dictionary.to_pylist()))
        sizes = [len(text) if text.isascii() else len(text.encode()) for text in plain]
        ends = np.cumsum(np.array(sizes) + len(BETWEEN))
        starts = np.concatenate(([0], ends[:-1])) + 1  # of the space before each text
        sums = np.add.reduceat(counts[chunks.indices.to_numpy()], np.searchsorted(offsets, starts))
        sums[:-1] -= 1  # the newline before the next text
        return [count if size else 0 for count, size in zip(sums.tolist(), sizes, strict=True)]

    def _count_distinct(self, chunks: list[str]) -> list[int]:
        known = self._known
        missing = [chunk for chunk in chunks if chunk not in known]
        known.update({chunk: len(chunk) for chunk in missing if chunk[0] == "\n"})
        for lines in _in_lines([chunk for chunk in missing if chunk[0] != "\n"]):
            # After a newline no space is written before the chunk, and nothing joins it.
            ids = self._encode(["".join(f"\n{chunk}" for chunk in lines)])[0]
            newlines = [place for place, token in enumerate(ids) if token == self._newline]
            if len(newlines) != len(lines):
                raise BadInput(
                    f"{len(lines):,} lines have {len(newlines):,} newlines for sentencepiece",
                    [f"the lines from {lines[0][:60]!r} on"],
                    "install the sentencepiece of constraints.txt; rows are not written with "
                    "uncertain counts",
                )
            spans = pairwise([*newlines, len(ids)])
            known.update(zip(lines, (end - start - 1 for start, end in spans), strict=True))
        counts = [known[chunk] for chunk in chunks]
        self._room -= sum(map(len, missing)) + ENTRY_UNITS * len(missing)
        if self._room < 0:
            self._known, self._room = {}, self._units
        return counts


def _in_lines(chunks: Sequence[str]) -> Iterator[list[str]]:
    """Chunks in lists of at most LINES_CHARACTERS, a longer one in a list of its own."""
    lines: list[str] = []
    room = LINES_CHARACTERS
    for chunk in chunks:
        room -= len(chunk)
        if room < 0 and lines:
            yield lines
            lines, room = [], LINES_CHARACTERS - len(chunk)
        lines.append(chunk)
    if lines:
        yield lines
