"""Overlap: what counts as the same problem, and as nearly the same."""

import random

from hypothesis import given
from hypothesis import strategies as st

from wmtp_assets.datasets.stats.split_overlap import (
    DESCRIPTION,
    NEAR_THRESHOLD,
    SOLUTION,
    NearPair,
    Text,
    find_near_pairs,
    find_shared,
    jaccard,
    word_grams,
)
from wmtp_assets.datasets.stats.texts import digest_text


def problems(**texts):
    return {name: digest_text(text) for name, text in texts.items()}


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


def told(split, task_id, text):
    return Text(split, task_id, DESCRIPTION, text)


def words(seed, count=200):
    return [f"w{random.Random(seed).randrange(10**6)}x{n}" for n in range(count)]


def test_near_texts_of_different_splits_are_found_with_their_similarity():
    text = words(1)
    near = [*text[:-8], "other", *text[-7:]]
    far = [*text[:100], *words(2, 100)]
    texts = [
        told("train", "a", " ".join(text)),
        told("train", "again", " ".join([*text[:-1], "x"])),
        told("valid", "b", " ".join(near)),
        told("valid", "c", " ".join(far)),
        told("test", "exact", " ".join(text)),
        told("test", "empty", ""),
        told("valid", "empty", ""),
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


def test_equal_solutions_of_two_splits_are_near_and_never_compared_with_descriptions():
    text = " ".join(words(1))
    texts = [
        Text("train", "a", SOLUTION, text),
        Text("test", "b", SOLUTION, text),
        Text("test", "b", DESCRIPTION, text),
        Text("train", "a", DESCRIPTION, "another one of more than five words"),
        Text("train", "c", SOLUTION, text),
    ]
    assert find_near_pairs(texts) == [
        NearPair("test b", "train c", SOLUTION, 1.0),
        NearPair("train a", "test b", SOLUTION, 1.0),
    ]


def test_a_text_of_fewer_than_five_words_is_compared_as_a_whole():
    assert word_grams("a b c") == ["a b c"]
    texts = [told("train", "a", "return the sum"), told("test", "b", "return the product")]
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
            texts.append(told(split, f"{base}", " ".join(changed)))
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
        told("train", "a", " ".join(text)),
        told("test", "b", " ".join([*text[:-1], "z"])),
    ]
    one, other = find_near_pairs(texts)[0], find_near_pairs(texts[::-1])[0]
    assert {one.first, one.second} == {other.first, other.second}
    assert one.similarity == other.similarity


@given(st.lists(st.sampled_from("abc"), max_size=30), st.lists(st.sampled_from("abc"), max_size=30))
def test_jaccard_is_symmetric_and_one_for_equal_texts(one, other):
    left, right = word_grams(" ".join(one)), word_grams(" ".join(other))
    assert jaccard(left, right) == jaccard(right, left)
    assert jaccard(left, left) == 1
