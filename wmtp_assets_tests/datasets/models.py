"""Sentencepiece models to count tokens with: the published ones, edited ones, trained ones."""

import io
import os
import struct
from collections.abc import Mapping
from pathlib import Path

import pytest
import sentencepiece

from wmtp_assets_tests.datasets.token_texts import code_texts
from wmtp_assets_tests.datasets.world import TOKENIZER

PROJECT = Path(__file__).parents[2]
UPSTREAM = Path(os.environ.get("WMTP_UPSTREAM_FILES", PROJECT.parent / "shared" / "upstream"))
LLAMA = UPSTREAM / "meta-llama-mtp" / "tokenizer.model"
PUBLISHED = [
    pytest.param(TOKENIZER, id="embedded"),
    pytest.param(
        LLAMA,
        id="llama",
        marks=pytest.mark.skipif(not LLAMA.exists(), reason=f"{LLAMA} is not there"),
    ),
]

PIECE, TRAINER, NORMALIZER = 1, 2, 3
BPE = {"model_type": "bpe", "byte_fallback": True}
KEPT = {"normalization_rule_name": "identity", "remove_extra_whitespaces": False}


def processor_of(model: bytes) -> sentencepiece.SentencePieceProcessor:
    """Load a model from its bytes."""
    return sentencepiece.SentencePieceProcessor(model_proto=model)


def with_field(model: bytes, part: int, **fields: int | float | bytes) -> bytes:
    """Append a part to a model: a field given twice has its last value, pieces are added up.

    Args:
        fields: `_<number>` = value of the part's field of that number.
    """
    body = b"".join(_field(int(name[1:]), value) for name, value in fields.items())
    return model + _field(part, body)


def model_of(scores: Mapping[str, float]) -> bytes:
    """A model of LLaMA's form with these pieces behind the control symbols and the bytes."""
    others = {"<unk>": 2, "<s>": 3, "</s>": 3, **{f"<0x{byte:02X}>": 6 for byte in range(256)}}
    model = b""
    for piece, kind in others.items():
        model = with_field(model, PIECE, _1=piece.encode(), _2=0.0, _3=kind)
    for piece, score in scores.items():
        model = with_field(model, PIECE, _1=piece.encode(), _2=score)
    model = with_field(model, TRAINER, _3=2, _35=1)
    return with_field(model, NORMALIZER, _1=b"identity", _4=0)


def _field(number: int, value: int | float | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    if isinstance(value, float):
        return _varint(number << 3 | 5) + struct.pack("<f", value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    low, high = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(high) if high else bytes([low])


def train(**options) -> bytes:
    """Train a small model on short programs."""
    written = io.BytesIO()
    texts = [line for text in code_texts("train", 400) for line in text.splitlines() if line]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=written,
        vocab_size=700,
        hard_vocab_limit=False,
        minloglevel=2,
        num_threads=1,
        **options,
    )
    return written.getvalue()


def plain_counts(model: bytes, texts: list[str]) -> list[int]:
    """The definition: each text encoded whole, by sentencepiece alone."""
    return [len(ids) for ids in processor_of(model).encode(texts, num_threads=1)]
