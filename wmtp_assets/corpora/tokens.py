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

from wmtp_assets.errors import BadInput

PIECES = 32_000


@dataclass(frozen=True)
class Filter:
    """The length filter: which tokenizer, and the most tokens that a record may have."""

    tokenizer: Path
    tokenizer_sha256: str
    max_tokens: int


class TokenCounter:
    """Counts the tokens of texts; the last few prompts are remembered, because they repeat."""

    def __init__(self, processor):
        self._encode = processor.encode
        self.count_remembered = functools.lru_cache(maxsize=4)(self.count)

    def count(self, text: str) -> int:
        """The number of tokens of one text."""
        return len(self._encode(text))

    def counts(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, on this thread alone."""
        return [len(ids) for ids in self._encode(list(texts), num_threads=1)]


def load_counter(path: Path, sha256: str) -> TokenCounter:
    """Load the tokenizer whose bytes have this digest.

    Raises:
        BadInput: The file is missing, has another digest, or another number of pieces.
    """
    try:
        model = path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"the tokenizer cannot be read ({error.strerror})",
            [path],
            "materialize ref_sheared/tokenizer; rows are never written without the length filter",
        ) from error
    found = hashlib.sha256(model).hexdigest()
    if found != sha256:
        raise BadInput(
            "the tokenizer is not the one of the catalog",
            [f"{path}: sha256 {found}, expected {sha256}"],
            "materialize ref_sheared/tokenizer anew",
        )
    return TokenCounter(_processor(model, path))


@functools.lru_cache(maxsize=2)
def _processor(model: bytes, path: Path):
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor()
    try:
        processor.LoadFromSerializedProto(model)
        pieces = processor.GetPieceSize()
    except RuntimeError as error:
        raise BadInput(f"not a sentencepiece model ({error})", [path]) from error
    if pieces != PIECES:
        raise BadInput(
            f"the vocabulary has {pieces:,} pieces, not {PIECES:,}",
            [path],
            "compare tokenizer_sha256 in the catalog with the published tokenizer",
        )
    return processor
