"""Overlap: what counts as the same problem, and as nearly the same."""

import random

from hypothesis import given
from hypothesis import strategies as st

from wmtp_assets.stats.overlap import (
    NEAR_THRESHOLD,
    Text,
    digest_text,
    find_near_pairs,
    find_shared,
    jaccard,
    normalise,
    word_grams,
)


def problems(**texts):
    return {name: digest_text(text) for name, text in texts.items()}


def test_typography_does_not_hide_a_description():
    assert normalise("Ｈello\u00a0\tWORLD \n ﬁne ") == "hello world fine"
    assert digest_text("A  b") == digest_text("a\nB ")
    assert digest_text("a b") != digest_text("ab")


def test_a_shared_name_and_a_shared_description_are_named_with_their_splits():
    found = find_shared(
        {
            "train": problems(a="one", b="two", c=""),
            "valid": problems(a="else", d="TWO "),
            "test": problems(e="three", f=""),
        },
        {},
    )
    assert found.samples == [
        "name 'a' is in train and valid",
        "train 'b' has the description of valid 'd'",
    ]


def test_a_name_that_was_numbered_is_compared_as_published():
    names = {"train": problems(a="one", a__2="two"), "valid": problems(a__2="three")}
    assert find_shared(names, {"train": {"a__2": "a"}}).count == 0
    names["valid"] = problems(a="three")
    assert find_shared(names, {"train": {"a__2": "a"}}).samples == [
        "name 'a' is in train and valid"
    ]


def words(seed, count=200):
    return [f"w{random.Random(seed).randrange(10**6)}x{n}" for n in range(count)]


def test_near_texts_of_different_splits_are_found_with_their_similarity():
    text = words(1)
    near = [*text[:-8], "other", *text[-7:]]
    far = [*text[:100], *words(2, 100)]
    texts = [
        Text("train", "a", " ".join(text)),
        Text("train", "again", " ".join([*text[:-1], "x"])),
        Text("valid", "b", " ".join(near)),
        Text("valid", "c", " ".join(far)),
        Text("test", "exact", " ".join(text)),
        Text("test", "empty", ""),
        Text("valid", "empty", ""),
    ]
    pairs = find_near_pairs(texts)
    assert [(p.first, p.second) for p in pairs] == [
        ("train a", "valid b"),
        ("train again", "test exact"),
        ("train again", "valid b"),
        ("valid b", "test exact"),
    ]
    exact = jaccard(word_grams(" ".join(text)), word_grams(" ".join(near)))
    assert pairs[0].similarity == round(exact, 4) >= NEAR_THRESHOLD


def test_a_text_of_fewer_than_five_words_is_compared_as_a_whole():
    assert word_grams("a b c") == ["a b c"]
    texts = [Text("train", "a", "return the sum"), Text("test", "b", "return the product")]
    assert find_near_pairs(texts) == []


def test_minhash_misses_no_pair_that_exact_comparison_finds():
    rng = random.Random(3)
    texts = []
    for base in range(40):
        text = words(base, 400)
        for split in ("train", "valid"):
            changed = list(text)
            for _ in range(rng.randrange(6)):
                changed[rng.randrange(400)] = "changed"
            texts.append(Text(split, f"{base}", " ".join(changed)))
    expected = {
        (f"train {one.task_id}", f"valid {other.task_id}")
        for one in texts
        for other in texts
        if (one.split, other.split) == ("train", "valid")
        and one.normal != other.normal
        and jaccard(word_grams(one.normal), word_grams(other.normal)) >= NEAR_THRESHOLD
    }
    assert len(expected) > 20
    assert {(p.first, p.second) for p in find_near_pairs(texts)} == expected


def test_the_order_of_texts_changes_only_which_one_is_named_first():
    text = words(5)
    texts = [
        Text("train", "a", " ".join(text)),
        Text("test", "b", " ".join([*text[:-1], "z"])),
    ]
    one, other = find_near_pairs(texts)[0], find_near_pairs(texts[::-1])[0]
    assert {one.first, one.second} == {other.first, other.second}
    assert one.similarity == other.similarity


@given(st.lists(st.sampled_from("abc"), max_size=30), st.lists(st.sampled_from("abc"), max_size=30))
def test_jaccard_is_symmetric_and_one_for_equal_texts(one, other):
    left, right = word_grams(" ".join(one)), word_grams(" ".join(other))
    assert jaccard(left, right) == jaccard(right, left)
    assert jaccard(left, left) == 1
