"""What a sentencepiece model says of itself: where a text may be cut without changing its tokens.

In: the bytes of tokenizer.model, which are a ModelProto. Out: the symbols that its pieces never
join to letters, or the reason why nothing is known of it. sentencepiece's own
sentencepiece_model_pb2 is not used: 0.2.3 brings one for protobuf 7, dagster wants protobuf 6.

Why a cut is exact: BPE joins two neighbours only if their concatenation is a piece, the best score
first, then the leftmost (sentencepiece's bpe_model.cc). Where the two characters at a cut stand
side by side in no piece, nothing is ever joined across it, so the joins on the left and those on
the right are the same as in texts of their own. What is left over becomes bytes, character by
character, hence nothing is fused either. The tokens of the parts are those of the whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

SPACE = "\u2581"  # what the normalizer makes of " "

# sentencepiece_model.proto, package sentencepiece: numbers of fields and of enum values.
MODEL_PIECES, MODEL_TRAINER, MODEL_NORMALIZER = 1, 2, 3
PIECE_TEXT, PIECE_TYPE = 1, 3
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6

# Part of the model, its field, the field's name, the value when absent, the value relied on.
RELIED_ON = (
    (MODEL_TRAINER, 3, "model_type", 1, 2),  # BPE
    (MODEL_TRAINER, 24, "treat_whitespace_as_suffix", 0, 0),
    (MODEL_TRAINER, 35, "byte_fallback", 0, 1),
    (MODEL_NORMALIZER, 2, "precompiled_charsmap", b"", b""),
    (MODEL_NORMALIZER, 3, "add_dummy_prefix", 1, 1),
    (MODEL_NORMALIZER, 4, "remove_extra_whitespaces", 1, 0),
    (MODEL_NORMALIZER, 5, "escape_whitespaces", 1, 1),
)


@dataclass(frozen=True)
class SplitPoints:
    """Where texts may be cut: at newlines, before spaces, between `symbols` and what is none.

    Either `symbols` (characters, never a newline or a space) or `unknown`, the reason why no cut
    is known to be exact.
    """

    symbols: str = ""
    unknown: str = ""


def find_split_points(model: bytes) -> SplitPoints:
    """Decide from the bytes of a sentencepiece model where cuts are exact."""
    fields = list(_fields(model))
    for part, number, name, absent, wanted in RELIED_ON:
        # Parts of a protobuf message that occur twice are one, as if written one after the other.
        values = dict(_fields(b"".join(value for field, value in fields if field == part)))
        if values.get(number, absent) != wanted:
            return SplitPoints(unknown=f"{name} is not {wanted!r}")
    pieces = [dict(_fields(value)) for field, value in fields if field == MODEL_PIECES]
    types = [piece.get(PIECE_TYPE, NORMAL) for piece in pieces]
    if other := set(types) - {NORMAL, UNKNOWN, CONTROL, BYTE}:
        return SplitPoints(unknown=f"pieces of the types {sorted(other)}")
    if types.count(BYTE) != 256:
        return SplitPoints(unknown=f"{types.count(BYTE)} byte pieces, not 256")
    joined = [
        piece[PIECE_TEXT].decode()
        for piece, kind in zip(pieces, types, strict=True)
        if kind == NORMAL
    ]
    for piece in joined:
        if SPACE in piece.lstrip(SPACE) or ("\n" in piece and piece != "\n"):
            return SplitPoints(unknown=f"the piece {piece!r}")
    return SplitPoints(_symbols(joined))


def _symbols(pieces: list[str]) -> str:
    """The ASCII characters that no chain of pieces links to the largest group, and their groups.

    For LLaMA: digits, punctuation and control characters; the largest group are Latin letters.
    """
    groups: dict[str, set[str]] = {}
    # LLaMA's pieces have 112,219 pairs, 3,059 of them different. In order, so that of two groups of
    # one size the same one is the largest each time.
    pairs = dict.fromkeys(pair for piece in pieces for pair in pairwise(piece.lstrip(SPACE)))
    for pair in pairs:
        small, large = sorted((groups.setdefault(c, {c}) for c in pair), key=len)
        if small is not large:
            large |= small
            groups.update(dict.fromkeys(small, large))
    largest = max(groups.values(), key=len, default=set())
    symbols: set[str] = set()
    for character in set(map(chr, range(128))) - {"\n", " "} - largest:
        symbols |= groups.get(character, {character})
    return "".join(sorted(symbols))


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """The fields of one protobuf message in order, as (number, value).

    Values are int or bytes; those of a fixed width stay bytes. Of a model that sentencepiece has
    loaded nothing is malformed.
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire == 2:
            size, at = _varint(message, at)
        else:
            size = {1: 8, 5: 4}[wire]
        yield number, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        shift += 7
        if byte < 0x80:
            return value, at
