"""Containment: the fast search finds what a plain comparison finds, whatever the batch."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmtp_assets.datasets.stats import ngram_index, ngram_search
from wmtp_assets.datasets.stats.ngram_index import GRAM_WORDS
from wmtp_assets.datasets.stats.ngram_search import (
    CONTAINED,
    BenchmarkText,
    BestMatch,
    NgramSearch,
    first_shared,
)
from wmtp_assets.datasets.stats.texts import normalise, split_words


def search(items, texts, parts=1):
    """Look for items in texts that are divided into several searches, which are added up."""
    wanted = tuple(BenchmarkText("bench", str(n), "solution", text) for n, text in enumerate(items))
    best = [BestMatch()] * len(items)
    size = -(-len(texts) // parts) or 1
    for start in range(0, len(texts), size):
        part = NgramSearch(wanted)
        for number, text in enumerate(texts[start : start + size], start):
            part.see(text, f"record {number}")
        for place, match in part.found().items():
            best[place] = best[place].before(match)
    return best


def grams(text):
    words = split_words(text)
    return {tuple(words[at : at + GRAM_WORDS]) for at in range(len(words) - GRAM_WORDS + 1)}


def plain(item, texts):
    """(containment, exact, records, where), by comparing everything with everything."""
    best, records = (0.0, False, None), 0
    for number, text in enumerate(texts):
        exact = normalise(text) == normalise(item)
        wanted = grams(item)
        share = len(wanted & grams(text)) / len(wanted) if wanted else float(exact)
        records += share >= CONTAINED
        if (share, share == 1 and exact) > best[:2]:
            best = (share, share == 1 and exact, f"record {number}")
    return (*best[:2], records, best[2])


WORDS = st.lists(st.sampled_from("abc"), max_size=24).map(" ".join)


@pytest.mark.parametrize("batch", [1, 30, 1 << 18])
@given(
    items=st.lists(WORDS, max_size=4), texts=st.lists(WORDS, max_size=8), parts=st.integers(1, 4)
)
def test_the_search_finds_what_a_plain_comparison_finds(batch, items, texts, parts):
    before, ngram_search.BATCH_BYTES = ngram_search.BATCH_BYTES, batch
    try:
        results = search(items, texts, parts)
    finally:
        ngram_search.BATCH_BYTES = before
    for item, best in zip(items, results, strict=True):
        assert (best.containment, best.exact, best.records, best.where) == plain(item, texts)


def test_a_function_inside_a_program_is_found_despite_layout_case_and_punctuation():
    rng = random.Random(1)
    filler = [f"x{rng.randrange(10**6)} = {n}" for n in range(500)]
    function = "def gcd(a, b):\n    while b:\n        a, b = b, a % b\n    return a"
    program = "\n".join([*filler, function.upper().replace(", ", " ,"), *filler])
    texts = ["\n".join(filler), program]
    [best] = search([function], texts)
    assert (best.containment, best.exact, best.records) == (1.0, False, 1)
    assert (best.where, best.text) == ("record 1", texts[1])
    assert first_shared(function, best.text) == "def gcd a b while b a b"


def test_an_item_too_short_for_an_n_gram_is_found_only_as_a_whole_record():
    short = "return a + b"
    assert search([short], [f"def f(a, b): {short}  # and more words than eight"]) == [BestMatch()]
    assert search([short], ["return a - b"]) == [BestMatch()]
    [best] = search([short], ["x", " RETURN a +\tb"])
    assert (best.containment, best.exact, best.where) == (1.0, True, "record 1")


def test_words_of_two_records_are_never_read_as_one_run():
    item = "1 2 3 4 5 6 7 8 9 10 11 12"
    assert search([item], ["x y 1 2 3 4 5 6 7", "8 9 10 11 12 1 2 3"]) == [BestMatch()]
    [best] = search([item], ["x y 1 2 3 4 5 6 7 8 9"])
    assert best.containment == 0.4


def test_nothing_is_found_in_nothing():
    assert search([], ["some words of a program"]) == []
    assert search(["a b c d e f g h i"], []) == [BestMatch()]


def test_seven_of_ten_n_grams_are_enough():
    item = " ".join(f"w{n}" for n in range(17))
    assert CONTAINED == 0.7
    [best] = search([item], [" ".join(item.split()[:14]), " ".join(item.split()[:13])])
    assert (best.containment, best.records) == (0.7, 1)


@pytest.mark.parametrize("batch", [1, 1 << 18])
def test_an_equal_record_is_named_though_a_longer_one_came_before(batch, monkeypatch):
    monkeypatch.setattr(ngram_search, "BATCH_BYTES", batch)
    item = "one two three four five six seven eight nine"
    texts = [f"zero {item}", item.replace("nine", "nine;"), item.upper()]
    for parts in (1, 2, 3):
        assert search([item], texts, parts) == [BestMatch(1.0, True, 3, "record 2", item.upper())]


def test_n_grams_of_one_hash_are_told_apart(monkeypatch):
    """With these factors all words of one length have one hash, whatever their letters."""
    monkeypatch.setattr(ngram_index, "BYTE_FACTOR", 1)
    monkeypatch.setattr(ngram_index, "WORD_FACTOR", 1)
    ngram_index._powers.cache_clear()
    items = ["a b c d e f g h", "h g f e d c b a", "a b c d e f h g"]
    found = search(items, ["b a c d e f g h", items[1], items[2].upper()])
    ngram_index._powers.cache_clear()
    assert [best.where for best in found] == [None, "record 1", "record 2"]
