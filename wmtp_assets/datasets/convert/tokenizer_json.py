"""tokenizer.model -> a tokenizer.json by which a text has the same tokens, for other readers.

Why the order of the merges is right: sentencepiece joins those two neighbours whose concatenation
is the piece with the best score, the leftmost first (bpe_model.cc); a reader of tokenizer.json
joins those that come first in its list of pairs, the leftmost first. So the list has every cut of
every piece into two, the best piece first. The order of the cuts of one piece decides nothing:
where a text has the piece, better pieces alone have joined its characters, in every text alike, so
that only one cut of it ever comes up.

Among pieces of equal score sentencepiece takes the leftmost, a list the first of its own: that is
another order. LLaMA's runs of spaces share the worst score. After them nothing is joined, so that
what is left of n spaces depends on n alone: `independent_counts` compares it.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import orjson

from wmtp_assets.datasets.convert.vocabulary import SPACE


def tokenizer_json(model: bytes) -> bytes:
    """The tokenizer.json of a sentencepiece model that `find_split_points` knows.

    Control symbols in a text are characters, as for sentencepiece.

    Raises:
        ValueError: Pieces have the same score, and are not runs of spaces with the worst one.
    """
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    ids = {processor.IdToPiece(number): number for number in range(processor.GetPieceSize())}
    scores = {
        piece: processor.GetScore(number)
        for piece, number in ids.items()
        if not (
            processor.IsByte(number) or processor.IsControl(number) or processor.IsUnknown(number)
        )
    }
    by_score = sorted(scores, key=scores.__getitem__, reverse=True)
    _require_order([piece for piece in by_score if len(piece) > 1], scores)
    return orjson.dumps(
        {
            "version": "1.0",
            "added_tokens": [],
            "normalizer": {
                "type": "Sequence",
                "normalizers": [
                    {"type": "Prepend", "prepend": SPACE},
                    {"type": "Replace", "pattern": {"String": " "}, "content": SPACE},
                ],
            },
            "pre_tokenizer": None,
            "post_processor": None,
            "decoder": None,
            "model": {
                "type": "BPE",
                "unk_token": processor.IdToPiece(processor.unk_id()),
                "fuse_unk": True,
                "byte_fallback": True,
                "vocab": ids,
                "merges": merges_of(by_score),
            },
        }
    )


def _require_order(joined: Sequence[str], scores: Mapping[str, float]) -> None:
    for one, other in pairwise(joined):
        blank = not (one + other).strip(SPACE)
        if scores[one] == scores[other] and not (blank and scores[one] == scores[joined[-1]]):
            raise ValueError(f"the pieces {one!r} and {other!r} have the same score")


def merges_of(by_score: Sequence[str]) -> list[tuple[str, str]]:
    """The pairs of pieces that are joined, the first one first.

    Args:
        by_score: The pieces that characters may be joined to, and single characters; from best to
            worst.
    """
    pieces = set(by_score)
    return [
        (piece[:at], piece[at:])
        for piece in by_score
        for at in range(1, len(piece))
        if piece[:at] in pieces and piece[at:] in pieces
    ]
