"""Exact token counts with sentencepiece, which is their definition.

In: the stored tokenizer.model and the digest that the catalog wants of it. A missing tokenizer or
another vocabulary is an error: the length filter is never skipped. Counts are those of each text
on its own, without BOS, EOS or a template.
"""

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wmtp_assets.catalog import TOKEN_COUNT_MODEL, VOCAB_SIZE
from wmtp_assets.datasets.convert.chunk_counts import ChunkCounts, Encode
from wmtp_assets.datasets.convert.vocabulary import find_split_points
from wmtp_assets.errors import BadInput
from wmtp_assets.files.regular import read_small

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor

WHOLE = "texts encoded whole"
BY_CHUNKS = "chunks encoded once"

# Cutting costs 0.1 ms whatever there is to cut: fewer texts than this are encoded sooner.
WORTH_TEXTS = 8
# sentencepiece starts a thread for every list, which takes as long as encoding twenty chunks, and
# longer where the machine is busy.
WORTH_A_THREAD = 20
# Encoding whole takes about ten times as long: one text in 251 adds 4 %. A prime number, so that no
# rhythm of the rows keeps a kind of text out.
PROVED_FIRST = 16
PROVED_EVERY = 251


@dataclass(frozen=True)
class LengthFilter:
    """The length filter: which tokenizer, and the most tokens that a record may have."""

    tokenizer: Path
    tokenizer_sha256: str
    max_tokens: int


@dataclass(frozen=True)
class LoadedTokenizer:
    """A loaded tokenizer, shared within the process.

    Attributes:
        chunks: Where its vocabulary allows it.
        unknown: Why nothing is known of its vocabulary, "" otherwise.
    """

    encode: Encode
    chunks: ChunkCounts | None
    method: str
    unknown: str = ""


class TokenCounter:
    """Counts the tokens of texts.

    Where the vocabulary allows it, texts that come together are counted by chunks
    (chunk_counts.py); of those the first of each counter and then one in `PROVED_EVERY` are encoded
    whole as well. A text that comes alone is encoded whole.

    Attributes:
        method: How texts are counted, for the record.
    """

    def __init__(self, model: LoadedTokenizer):
        self._encode = model.encode
        self._chunks = model.chunks
        self._seen = 0
        self.method = model.method

    def count(self, text: str) -> int:
        """The number of tokens of one text."""
        return self._whole([text])[0]

    def counts(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, on this thread alone.

        Raises:
            BadInput: A text that was encoded whole has another number of tokens.
        """
        if self._chunks is None or len(texts) < WORTH_TEXTS:
            return self._whole(texts)
        counts = self._chunks.counts(texts)
        places = range(self._seen, self._seen + len(texts))
        self._seen = places.stop
        sample = [i for i, n in enumerate(places) if n < PROVED_FIRST or n % PROVED_EVERY == 0]
        if sample:
            self._prove([texts[i] for i in sample], [counts[i] for i in sample])
        return counts

    def _whole(self, texts: Sequence[str]) -> list[int]:
        return [len(ids) for ids in self._encode(list(texts))]

    def _prove(self, texts: Sequence[str], counts: Sequence[int]) -> None:
        wrong = [
            f"{name_text(text)}: {count:,} by chunks, {whole:,} whole"
            for text, count, whole in zip(texts, counts, self._whole(texts), strict=True)
            if count != whole
        ]
        if wrong:
            raise BadInput(
                "token counts by chunks differ from those of sentencepiece",
                wrong,
                "install the sentencepiece of constraints.txt; with it this is a fault of "
                "datasets/convert/vocabulary.py, and rows are not written with uncertain counts",
            )


def name_text(text: str) -> str:
    """A text for a message: how it begins, and the digest that it is found by."""
    return f"{text[:60]!r} (sha256 {hashlib.sha256(text.encode()).hexdigest()})"


def load_counter(path: Path, sha256: str) -> TokenCounter:
    """Load the tokenizer whose bytes have this digest.

    Raises:
        BadInput: As `read_model` and `load_model`.
    """
    return TokenCounter(load_model(read_model(path, sha256), path))


def read_model(path: Path, sha256: str) -> bytes:
    """Read the tokenizer whose bytes have this digest.

    Raises:
        BadInput: The file is missing, or has another digest.
    """
    try:
        model = read_small(path)
    except OSError as error:
        raise BadInput(
            f"the tokenizer cannot be read ({error.strerror})",
            [path],
            f"materialize {TOKEN_COUNT_MODEL}/tokenizer; rows are never written without the filter",
        ) from error
    found = hashlib.sha256(model).hexdigest()
    if found != sha256:
        raise BadInput(
            "the tokenizer is not the one of the catalog",
            [f"{path}: sha256 {found}, expected {sha256}"],
            f"materialize {TOKEN_COUNT_MODEL}/tokenizer anew",
        )
    return model


def encoder(processor: "SentencePieceProcessor") -> Encode:
    """Make a function that encodes texts on one core."""

    def encode(texts: list[str]) -> list[list[int]]:
        if len(texts) < WORTH_A_THREAD:
            return [processor.encode(text) for text in texts]
        return processor.encode(texts, num_threads=1)

    return encode


def load_model(model: bytes, path: Path) -> LoadedTokenizer:
    """Load a tokenizer, the same bytes once for the whole process.

    Raises:
        BadInput: The bytes are no sentencepiece model, or one with another number of pieces.
    """
    try:
        pieces = _load_processor(model).GetPieceSize()
    except RuntimeError as error:
        fix = f"materialize {TOKEN_COUNT_MODEL}/tokenizer anew"
        raise BadInput(f"not a sentencepiece model ({error})", [path], fix) from error
    if pieces != VOCAB_SIZE:
        raise BadInput(
            f"the vocabulary has {pieces:,} pieces, not {VOCAB_SIZE:,}",
            [path],
            "compare tokenizer_sha256 in the catalog with the published tokenizer",
        )
    return _load_tokenizer(model)


@functools.lru_cache(maxsize=2)
def _load_processor(model: bytes) -> "SentencePieceProcessor":
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor()
    processor.LoadFromSerializedProto(model)
    return processor


@functools.lru_cache(maxsize=2)
def _load_tokenizer(model: bytes) -> LoadedTokenizer:
    encode = encoder(_load_processor(model))
    cuts = find_split_points(model)
    if cuts.unknown:
        method = f"{WHOLE}: cuts are not known to be exact, {cuts.unknown}"
        return LoadedTokenizer(encode, None, method, cuts.unknown)
    return LoadedTokenizer(encode, ChunkCounts(cuts.symbols, encode), BY_CHUNKS)
