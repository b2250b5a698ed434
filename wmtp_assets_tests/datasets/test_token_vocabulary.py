"""Cuts are taken only where the vocabulary proves them; what is relied on is needed."""

import contextlib
import re

import pytest

from wmtp_assets.datasets.convert import tokens
from wmtp_assets.datasets.convert.chunk_counts import ChunkCounts
from wmtp_assets.datasets.convert.tokens import load_counter
from wmtp_assets.datasets.convert.vocabulary import find_split_points
from wmtp_assets.errors import BadInput
from wmtp_assets.files.file_io import sha256_of
from wmtp_assets_tests.datasets.models import (
    BPE,
    KEPT,
    NORMALIZER,
    PIECE,
    PUBLISHED,
    TRAINER,
    plain_counts,
    processor_of,
    train,
    with_field,
)
from wmtp_assets_tests.datasets.token_texts import awkward_texts, code_texts
from wmtp_assets_tests.datasets.world import TOKENIZER

TEXTS = ["1a b", "n0 ", "\n\n", *awkward_texts("edited", 1500), *code_texts("edited", 1000)]

# What is changed in the embedded model -> why its texts are encoded whole.
EDITED = {
    "unigram": ((TRAINER, {"_3": 1}), "model_type is not 2"),
    "suffix": ((TRAINER, {"_24": 1}), "treat_whitespace_as_suffix is not 0"),
    "no space in front": ((NORMALIZER, {"_3": 0}), "add_dummy_prefix is not 1"),
    "spaces removed": ((NORMALIZER, {"_4": 1}), "remove_extra_whitespaces is not 0"),
    "spaces kept": ((NORMALIZER, {"_5": 0}), "escape_whitespaces is not 1"),
    "space within": ((PIECE, {"_1": "a\u2581b".encode()}), "the piece 'a\u2581b'"),
    "space at the end": ((PIECE, {"_1": "0\u2581".encode()}), "the piece '0\u2581'"),
    "newlines joined": ((PIECE, {"_1": b"\n\n"}), r"the piece '\\n\\n'"),
    "user-defined": ((PIECE, {"_1": "a\u2581b".encode(), "_3": 4}), r"types \[4\]"),
    "unused": ((PIECE, {"_1": "0\u2581".encode(), "_3": 5}), r"types \[5\]"),
}
TRAINED = {
    "whitespace is joined": ({**BPE, **KEPT, "split_by_whitespace": False}, "the piece"),
    "characters are normalized": (
        {**BPE, "normalization_rule_name": "nmt_nfkc", "remove_extra_whitespaces": False},
        "precompiled_charsmap is not",
    ),
    "unknown characters are fused": ({**KEPT, "model_type": "bpe"}, "byte_fallback is not 1"),
}


@pytest.fixture
def load(tmp_path, monkeypatch):
    def load(model: bytes):
        path = tmp_path / "tokenizer.model"
        path.write_bytes(model)
        monkeypatch.setattr(tokens, "VOCAB_SIZE", processor_of(model).get_piece_size())
        return load_counter(path, sha256_of(path))

    return load


@pytest.mark.parametrize("path", PUBLISHED)
def test_digits_and_punctuation_are_never_joined_to_letters(path):
    cuts = find_split_points(path.read_bytes())
    assert not cuts.unknown
    ascii_symbols = {c for c in map(chr, range(128)) if not c.isalpha()} - {"\n", " "}
    assert {c for c in cuts.symbols if c.isascii()} == ascii_symbols
    assert {"\u201d", "\u2020"} <= set(cuts.symbols)  # pieces join them to ASCII punctuation


@pytest.mark.parametrize(("edit", "reason"), EDITED.values(), ids=EDITED)
def test_a_model_that_lacks_a_property_has_its_texts_encoded_whole(load, edit, reason):
    part, fields = edit
    model = with_field(TOKENIZER.read_bytes(), part, **fields)
    expect_whole(load, model, reason, find_split_points(TOKENIZER.read_bytes()).symbols)


@pytest.mark.parametrize(("options", "reason"), TRAINED.values(), ids=TRAINED)
def test_a_trained_model_that_lacks_a_property_has_its_texts_encoded_whole(load, options, reason):
    expect_whole(load, train(**options), reason, "".join(map(chr, range(33, 65))))


def expect_whole(load, model: bytes, reason: str, symbols: str) -> None:
    encode = processor_of(model).encode
    expected = plain_counts(model, TEXTS)
    # The property is needed: relied on without it, counts are wrong, or there are none.
    with contextlib.suppress(BadInput):
        assert ChunkCounts(symbols, encode).counts(TEXTS) != expected
    counter = load(model)
    assert counter.counts(TEXTS) == expected
    assert counter.method.startswith(tokens.WHOLE)
    assert re.search(reason, counter.method)


def test_a_model_without_a_byte_is_not_cut():
    byte, normal = b"<0x00>\x15\0\0\0\0\x18\x06", b"<0x00>\x15\0\0\0\0\x18\x01"
    model = TOKENIZER.read_bytes().replace(byte, normal)
    assert find_split_points(model).unknown == "255 byte pieces, not 256"


def test_a_newline_that_is_a_piece_of_its_own_is_still_one_token(load):
    model = with_field(TOKENIZER.read_bytes(), PIECE, _1=b"\n")
    counter = load(model)
    assert counter.method == tokens.BY_CHUNKS
    assert counter.counts(TEXTS) == plain_counts(model, TEXTS)


@pytest.mark.parametrize("mixed", [False, True])
def test_another_vocabulary_with_the_property_is_cut_where_its_own_pieces_allow(load, mixed):
    model = train(**BPE, **KEPT, split_by_unicode_script=not mixed, split_by_number=not mixed)
    symbols = find_split_points(model).symbols
    assert (("(" in symbols) == ("n" in symbols)) is mixed  # "n(" is a piece of the mixed one
    counter = load(model)
    assert counter.method == tokens.BY_CHUNKS
    assert counter.counts(TEXTS) == plain_counts(model, TEXTS)
