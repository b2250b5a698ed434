"""The counts of the checks: tuetoken agrees with sentencepiece; where it does not, it is said."""

import functools
import hashlib
import re
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmtp_assets.catalog import MAX_TOKENS
from wmtp_assets.datasets.convert import independent_counts, tokens
from wmtp_assets.datasets.convert.independent_counts import (
    BOTH_EVERY,
    BY_BOTH,
    BY_TUETOKEN,
    IndependentCounter,
    load_independent_counter,
    probe_texts,
)
from wmtp_assets.datasets.convert.tokens import LengthFilter, load_counter
from wmtp_assets.files.file_io import sha256_of
from wmtp_assets_tests.datasets.models import (
    BPE,
    KEPT,
    PIECE,
    PUBLISHED,
    model_of,
    plain_counts,
    processor_of,
    train,
    with_field,
)
from wmtp_assets_tests.datasets.test_token_vocabulary import EDITED, TRAINED
from wmtp_assets_tests.datasets.token_texts import AWKWARD_PARTS, awkward_texts, code_texts
from wmtp_assets_tests.datasets.world import FILTER, TOKENIZER, TOKENIZER_SHA256

pytest.importorskip("tuetoken", reason="no wheel for Linux on ARM")

SPECIAL = ("<s>", "</s>", "<unk>", "<0x0A>", "<0xFF>", "<image>", "<pad>", "[INST]", "\u2047")
TEXTS = st.one_of(
    st.lists(st.sampled_from(AWKWARD_PARTS + SPECIAL), max_size=12).map("".join),
    st.text(st.sampled_from(" \u2581\n\r\ta1.é\u3000\u00a0\u0000\u0301<>"), max_size=30),
    st.text(max_size=60),  # any character but surrogates, which are no JSON (test_split_checks)
    st.builds(
        lambda seed, length: "".join(Random(seed).choices("abetion_=-", k=length)),
        st.integers(0, 2**32),
        st.integers(185, 400),
    ),
)
UNDRAWN = 1


@functools.cache
def counters(path: Path):
    model = path.read_bytes()
    count, unused = independent_counts._load_tuetoken(model, tokens.load_model(model, path))
    assert count is not None and not unused
    return count, processor_of(model)


def expect_equal(path: Path, texts: list[str]) -> None:
    count, processor = counters(path)
    wrong = [text[:60] for text in texts if count(text) != len(processor.encode(text))]
    assert wrong == []


def mixed_texts(path: Path, seed: str, count: int) -> list[str]:
    """Awkward texts, programs, any pieces and any characters, long words; five times `count`."""
    rng = Random(seed)
    _, processor = counters(path)
    pieces = [processor.id_to_piece(number) for number in range(tokens.VOCAB_SIZE)]
    points = [rng.randrange(rng.choice((0x80, 0x800, 0x3100, 0x11_0000))) for _ in range(2000)]
    characters = [chr(point) for point in points if not 0xD800 <= point < 0xE000]
    letters = [piece for piece in pieces if piece.isalpha()]
    return [
        *awkward_texts(seed, count, AWKWARD_PARTS + SPECIAL),
        *awkward_texts(f"{seed} pieces", count, pieces, most=8),
        *awkward_texts(f"{seed} characters", count, characters, most=40),
        *awkward_texts(f"{seed} words", count, letters, most=150),
        *code_texts(seed, count),
    ]


@pytest.mark.parametrize("path", PUBLISHED)
def test_tuetoken_gives_the_counts_of_sentencepiece(path):
    expect_equal(path, mixed_texts(path, "few", 700))


@pytest.mark.long
@pytest.mark.parametrize("path", PUBLISHED)
def test_tuetoken_gives_the_counts_of_sentencepiece_for_200_000_texts(path):
    expect_equal(path, mixed_texts(path, "many", 40_000))


@pytest.mark.parametrize("path", PUBLISHED)
@settings(max_examples=100, deadline=None)
@given(texts=st.lists(TEXTS, max_size=4))
def test_any_text_has_the_count_of_sentencepiece_by_tuetoken(path, texts):
    expect_equal(path, texts)


@pytest.mark.parametrize(
    "part", ["a", " ", "=", "\u2581", "ab", " \n", "\0", "\U000e0001", " " + "abcdef" * 31, "<s>"]
)
def test_tuetoken_takes_a_long_text_of_one_kind(part):
    # As long as a line may be: 0.4 s at most, and never twice as long as sentencepiece.
    expect_equal(TOKENIZER, [part * (50_000 // len(part))])


@pytest.fixture
def load(tmp_path, monkeypatch):
    def load(model: bytes) -> IndependentCounter:
        path = tmp_path / "tokenizer.model"
        path.write_bytes(model)
        monkeypatch.setattr(tokens, "VOCAB_SIZE", processor_of(model).get_piece_size())
        return load_independent_counter(LengthFilter(path, sha256_of(path), MAX_TOKENS))

    return load


def expect_sentencepiece_alone(counter: IndependentCounter, model: bytes, reason: str) -> None:
    texts = ["", "1a b", *awkward_texts("alone", 50)]
    for text, count in zip(texts, plain_counts(model, texts), strict=True):
        assert counter.count(["", "x", text], UNDRAWN)[0][2] == count
    [(way, counted)] = counter.ways.items()
    assert way.startswith("sentencepiece, because tuetoken ") and counted == 3 * len(texts)
    assert re.search(reason, way)


@pytest.mark.parametrize(("edit", "reason"), EDITED.values(), ids=EDITED)
def test_tuetoken_is_not_used_with_a_model_of_another_kind(load, edit, reason):
    part, fields = edit
    model = with_field(TOKENIZER.read_bytes(), part, **fields)
    expect_sentencepiece_alone(load(model), model, reason)


@pytest.mark.parametrize(("options", "reason"), TRAINED.values(), ids=TRAINED)
def test_tuetoken_is_not_used_with_a_trained_model_of_another_kind(load, options, reason):
    model = train(**options)
    expect_sentencepiece_alone(load(model), model, reason)


def test_tuetoken_is_not_used_where_characters_are_joined_that_are_no_pieces(load):
    model = with_field(TOKENIZER.read_bytes(), PIECE, _1="\U0001f9f5\U0001f9f5".encode(), _2=-0.5)
    expect_sentencepiece_alone(load(model), model, "tokens, sentencepiece ")


def test_tuetoken_is_not_used_where_pieces_have_equal_scores(load):
    scores = {"\u2581t": -1.0, "\u2581a": -1.0, "\u2581": -2.0, "t": -3.0, "a": -4.0}
    model = model_of(scores)
    expect_sentencepiece_alone(load(model), model, "have the same score")


def test_tuetoken_is_not_used_where_spaces_are_joined_in_another_order(load):
    # By pairs ten spaces are 4, 4 and 2 of them; from the left 5 and 5.
    runs = {"\u2581" * length: -9.0 for length in (2, 4, 5, 3, 1)}
    model = model_of({"\u2581x": -1.0, **runs, "x": -10.0, "1": -11.0})
    expect_sentencepiece_alone(load(model), model, "tokens, sentencepiece ")


def test_sentencepiece_counts_alone_where_tuetoken_is_not_installed(load, monkeypatch):
    monkeypatch.setitem(sys.modules, "tuetoken", None)
    model = train(**BPE, **KEPT)
    expect_sentencepiece_alone(load(model), model, "tuetoken is not installed$")


@pytest.mark.parametrize("mixed", [False, True])
def test_tuetoken_counts_with_another_vocabulary_on_whose_pieces_it_agrees(load, mixed):
    model = train(**BPE, **KEPT, split_by_unicode_script=not mixed, split_by_number=not mixed)
    counter = load(model)
    texts = [*awkward_texts("other", 1000), *code_texts("other", 1000)]
    for text, count in zip(texts, plain_counts(model, texts), strict=True):
        counts, differing = counter.count(["", "b", text], UNDRAWN)
        assert (counts[2], differing) == (count, [])
    assert counter.ways[BY_TUETOKEN] > counter.ways[BY_BOTH] > 0


def test_the_probe_has_every_piece_of_the_vocabulary():
    _, processor = counters(TOKENIZER)
    pieces = [processor.id_to_piece(number) for number in range(tokens.VOCAB_SIZE)]
    words, *others, runs = probe_texts(TOKENIZER.read_bytes())
    assert set(pieces) ^ set("\n".join(others).split("\n")) == set()
    as_words = {f"\u2581{word}" for word in words[1:].split("\u2581")}
    starting = {piece for piece in pieces if piece[0] == "\u2581" and piece.strip("\u2581")}
    assert starting ^ as_words == set()
    assert runs.split("\n") == ["\u2581" * count for count in range(1, 4 * 16)]


class Watched:
    """A counter that notes what sentencepiece is given; tuetoken counts as told, or as it does."""

    def __init__(self, tuetoken=None, max_tokens: int = MAX_TOKENS):
        self.whole: list[str] = []
        definition = load_counter(TOKENIZER, TOKENIZER_SHA256)
        count, self.processor = counters(TOKENIZER)
        whole = definition.count
        definition.count = lambda text: self.whole.append(text) or whole(text)
        self.counter = IndependentCounter(definition, tuetoken or count, "", max_tokens)


def test_a_record_in_so_many_is_counted_by_both():
    watched = Watched()
    for number in range(3 * BOTH_EVERY):
        watched.counter.count([f"p{number}", f"i{number}", f"a{number}"], number)
    drawn = (0, BOTH_EVERY, 2 * BOTH_EVERY)
    assert watched.whole == [text for n in drawn for text in (f"p{n}", f"i{n}", f"a{n}")]
    assert watched.counter.ways == {BY_BOTH: 9, BY_TUETOKEN: 9 * BOTH_EVERY - 9}


@pytest.mark.parametrize(("words", "whole"), [(84, False), (85, True), (101, True)])
def test_a_record_near_the_limit_or_over_it_is_counted_by_both(words, whole):
    watched = Watched(max_tokens=100)
    texts = ["p", "", " ".join(["a"] * (words - 1))]
    assert sum(watched.counter.count(texts, UNDRAWN)[0]) == words
    assert watched.whole == (texts if whole else [])


@pytest.mark.parametrize("odd", ["é", "\0", "\x7f", "\v", "\u2581", "\u00a0", "\U0001f600"])
def test_a_text_with_anything_but_printable_ascii_is_counted_by_both(odd):
    watched = Watched()
    plain = "if x:\r\n\tprint('~')\n"
    watched.counter.count([plain, f"a{odd}", plain], UNDRAWN)
    watched.counter.count([plain, plain, f"{odd}b"], UNDRAWN)
    assert watched.whole == [f"a{odd}", f"{odd}b"]


def test_a_prompt_that_repeats_is_counted_once():
    looked = []
    count, _ = counters(TOKENIZER)
    watched = Watched(lambda text: looked.append(text) or count(text))
    for number in range(3):
        watched.counter.count(["p", "é", f"a{number}"], number * BOTH_EVERY)
    assert looked == ["p", "é", "a0", "a1", "a2"]
    assert watched.whole == ["p", "é", "a0", "a1", "a2"]
    assert watched.counter.ways[BY_BOTH] == 9


def test_a_text_that_tuetoken_counts_wrongly_is_named_and_counts_as_sentencepiece_says():
    watched = Watched(lambda text: 7)
    text = "é" * 69
    counts, differing = watched.counter.count(["p", "", text], UNDRAWN)
    assert counts == [7, 7, len(watched.processor.encode(text))]
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert differing == [f"{text[:60]!r} (sha256 {digest}): 7 by tuetoken, 69 by sentencepiece"]


def test_both_are_loaded_once_in_a_process_wherever_the_file_lies(tmp_path):
    copy = tmp_path / "tokenizer.model"
    copy.write_bytes(TOKENIZER.read_bytes())
    settings = replace(FILTER, max_tokens=5, tokenizer=copy)
    first, second = load_independent_counter(settings), load_independent_counter(FILTER)
    assert first._count is second._count
    assert first.ways is not second.ways
