"""The token counter is sentencepiece with the catalog's vocabulary, or an error."""

import pytest
import sentencepiece

from wmtp_assets.datasets.convert import tokens
from wmtp_assets.datasets.convert.tokens import load_counter
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets_tests.datasets.rows import AWKWARD
from wmtp_assets_tests.datasets.world import TOKENIZER, TOKENIZER_SHA256


def test_counts_are_those_of_sentencepiece_alone_and_together():
    plain = sentencepiece.SentencePieceProcessor(model_file=str(TOKENIZER))
    texts = ["", " ", AWKWARD, "print(1)\n" * 50, "\u0000", "<s>", "é😀"]
    expected = [len(plain.encode(text)) for text in texts]
    counter = load_counter(TOKENIZER, TOKENIZER_SHA256)
    assert counter.counts(texts) == expected
    assert [counter.count(text) for text in texts] == expected


def test_a_missing_tokenizer_is_an_error_that_names_the_file(tmp_path):
    with pytest.raises(BadInput, match=r"cannot be read.*absent\.model.*never written without"):
        load_counter(tmp_path / "absent.model", TOKENIZER_SHA256)


def test_another_tokenizer_is_an_error_with_both_digests(tmp_path):
    other = tmp_path / "tokenizer.model"
    other.write_bytes(TOKENIZER.read_bytes()[:-1] + b"\x01")
    with pytest.raises(BadInput, match=f"not the one of the catalog.*expected {TOKENIZER_SHA256}"):
        load_counter(other, TOKENIZER_SHA256)


def test_bytes_that_are_no_model_are_an_error_even_with_the_right_digest(tmp_path):
    other = tmp_path / "tokenizer.model"
    other.write_bytes(b"no model")
    with pytest.raises(BadInput, match="not a sentencepiece model"):
        load_counter(other, file_io.sha256_of(other))


def test_another_number_of_pieces_is_an_error(monkeypatch):
    monkeypatch.setattr(tokens, "VOCAB_SIZE", 31_999)
    with pytest.raises(BadInput, match="32,000 pieces, not 31,999"):
        load_counter(TOKENIZER, TOKENIZER_SHA256)
