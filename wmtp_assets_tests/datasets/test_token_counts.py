"""Counts by chunks are those of sentencepiece, whatever the text and the order."""

import functools
import hashlib
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmtp_assets.datasets.convert import tokens
from wmtp_assets.datasets.convert.chunk_counts import ENTRY_UNITS, ChunkCounts
from wmtp_assets.datasets.convert.tokens import load_counter
from wmtp_assets.datasets.convert.vocabulary import SPACE, find_split_points
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets_tests.datasets.models import PUBLISHED, plain_counts, processor_of
from wmtp_assets_tests.datasets.token_texts import AWKWARD_PARTS, awkward_texts, code_texts
from wmtp_assets_tests.datasets.world import TOKENIZER, TOKENIZER_SHA256

TEXTS = st.one_of(
    st.lists(st.sampled_from(AWKWARD_PARTS), max_size=12).map("".join),
    st.text(st.sampled_from(" \u2581\n\r\ta1.é\u3000\u00a0\u0000\u0301<>"), max_size=30),
    st.text(max_size=60),  # any character but surrogates, which UTF-8 and so parquet cannot hold
)


def chunk_counts(path: Path, **options) -> ChunkCounts:
    return ChunkCounts(
        find_split_points(path.read_bytes()).symbols, processor(path).encode, **options
    )


@functools.cache
def processor(path: Path):
    return processor_of(path.read_bytes())


shared_counts = functools.cache(chunk_counts)


@pytest.mark.parametrize("path", PUBLISHED)
def test_more_than_100_000_different_texts_have_the_counts_of_sentencepiece(path):
    pieces = [processor(path).id_to_piece(number) for number in range(tokens.VOCAB_SIZE)]
    texts = [
        *awkward_texts("awkward", 60_000),
        *awkward_texts("pieces", 40_000, pieces, most=8),
        *awkward_texts("characters", 20_000, _characters("characters", 5000)),
        *code_texts("code", 30_000),
    ]
    assert len(set(texts)) > 100_000
    counts = chunk_counts(path).counts(texts)
    expected = plain_counts(path.read_bytes(), texts)
    wrong = [repr(t) for t, a, b in zip(texts, counts, expected, strict=True) if a != b]
    assert wrong == []


def _characters(seed: str, count: int) -> list[str]:
    rng = Random(seed)
    points = (rng.choice((0x100, 0x800, 0x3100, 0x11_0000)) for _ in range(count))
    drawn = (rng.randrange(limit) for limit in points)
    return [chr(point) for point in drawn if not 0xD800 <= point < 0xE000]


@pytest.mark.parametrize("path", PUBLISHED)
@settings(max_examples=300, deadline=None)
@given(texts=st.lists(TEXTS, max_size=4))
def test_any_text_has_the_count_of_sentencepiece(path, texts):
    expected = [len(processor(path).encode(text)) for text in texts]
    assert shared_counts(path).counts(texts) == expected


@pytest.mark.parametrize("path", PUBLISHED)
def test_texts_have_the_same_tokens_with_and_without_a_thread(path):
    texts = [*awkward_texts("thread", 4000), *code_texts("thread", 4000)]
    encode = tokens.encoder(processor(path))
    assert len(texts) >= tokens.WORTH_A_THREAD
    assert [encode([text])[0] for text in texts] == encode(texts)


def test_no_thread_is_started_for_a_few_texts():
    asked = []

    class Processor:
        def encode(self, given, **options):
            asked.append(given)
            return [[1]] * len(given) if isinstance(given, list) else [1]

    encode = tokens.encoder(Processor())
    assert encode(["a", "b"]) == [[1], [1]]
    many = ["c"] * tokens.WORTH_A_THREAD
    assert encode(many) == [[1]] * len(many)
    assert encode([]) == []
    assert asked == ["a", "b", many]


@pytest.mark.parametrize("characters", [0, 4])
def test_texts_too_many_for_one_array_are_encoded_whole(monkeypatch, characters):
    monkeypatch.setattr("wmtp_assets.datasets.convert.chunk_counts.MOST_CHARACTERS", characters)
    texts = ["a b", "", "x  ", "\n"]
    counts = chunk_counts(TOKENIZER)
    assert counts.counts(texts) == plain_counts(TOKENIZER.read_bytes(), texts)
    assert counts._known == {}


@pytest.mark.parametrize("path", PUBLISHED)
def test_the_counter_of_a_published_vocabulary_goes_by_chunks(path):
    assert load_counter(path, file_io.sha256_of(path)).method == tokens.BY_CHUNKS


def test_counts_do_not_depend_on_what_is_remembered():
    texts = [*awkward_texts("order", 500), *code_texts("order", 500)]
    expected = plain_counts(TOKENIZER.read_bytes(), texts)
    forgetful, mindful = chunk_counts(TOKENIZER, memo_units=200), chunk_counts(TOKENIZER)
    assert [forgetful.counts([text])[0] for text in texts] == expected
    assert forgetful.counts(texts) == expected
    assert mindful.counts(texts) == mindful.counts(texts) == expected
    assert mindful.counts(texts[::-1]) == expected[::-1]


def test_only_what_is_not_remembered_is_encoded():
    encoded = []

    def encode(texts):
        encoded.extend(texts)
        return processor(TOKENIZER).encode(texts)

    counts = ChunkCounts(find_split_points(TOKENIZER.read_bytes()).symbols, encode)
    del encoded[:]
    text = "for i in range(10):\n    print(i)  \n"
    counts.counts([text, text])
    chunks = [" for", " i", " in", " range", "(10):", "    print", "(", "i", ")", "  "]
    assert [sorted(text.split("\n")) for text in encoded] == [sorted(["", *chunks])]
    del encoded[:]
    counts.counts([text, f"{text}    print(i)"])
    assert encoded == []


@pytest.mark.parametrize("characters", [1, 7, 100])
def test_counts_do_not_depend_on_how_many_chunks_are_encoded_at_once(monkeypatch, characters):
    monkeypatch.setattr("wmtp_assets.datasets.convert.chunk_counts.LINES_CHARACTERS", characters)
    texts = [*awkward_texts("lines", 300), *code_texts("lines", 100), "x" * 300, "\n\n\n", ""]
    assert chunk_counts(TOKENIZER).counts(texts) == plain_counts(TOKENIZER.read_bytes(), texts)


def test_memory_is_bounded_by_starting_anew():
    counts = chunk_counts(TOKENIZER, memo_units=1000)
    for number in range(2000):
        counts.counts([f"a{number:05}", "x"])
        held = sum(map(len, counts._known)) + ENTRY_UNITS * len(counts._known)
        assert held <= 1000
    assert counts.counts(["y" * 5000, "z"]) == plain_counts(
        TOKENIZER.read_bytes(), ["y" * 5000, "z"]
    )
    assert counts._known == {}


def test_a_text_whose_count_differs_is_an_error_that_names_it(monkeypatch):
    counter = load_counter(TOKENIZER, TOKENIZER_SHA256)
    monkeypatch.setattr(counter, "_chunks", chunk_counts(TOKENIZER))
    counter._chunks._known[" x"] = 99
    digest = hashlib.sha256(b"x").hexdigest()
    with pytest.raises(BadInput, match=rf"'x' \(sha256 {digest}\): 99 by chunks, 1 whole"):
        counter.counts(["y"] * 7 + ["x"])


def test_the_first_texts_and_then_one_in_many_are_encoded_whole(monkeypatch):
    counter = load_counter(TOKENIZER, TOKENIZER_SHA256)
    encoded = []
    whole = counter._encode
    monkeypatch.setattr(counter, "_encode", lambda texts: encoded.extend(texts) or whole(texts))
    counter.counts([f"a{n}" for n in range(10)])
    counter.counts([f"a{n}" for n in range(10, 600)])
    first, every = tokens.PROVED_FIRST, tokens.PROVED_EVERY
    assert encoded == [f"a{n}" for n in (*range(first), every, 2 * every)]


def test_a_literal_space_symbol_counts_as_the_space_that_the_model_takes_it_for():
    counts = chunk_counts(TOKENIZER).counts([f"a{SPACE} b", "a  b"])
    assert counts[0] == counts[1]
