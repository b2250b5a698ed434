"""The tokenizer.json that counts are checked with: the published merges, sentencepiece's tokens."""

import json
from itertools import groupby
from random import Random

import pytest
from tokenizers import Tokenizer

from wmtp_assets.datasets.convert.tokenizer_json import tokenizer_json
from wmtp_assets_tests.datasets.models import LLAMA, UPSTREAM, model_of, processor_of

tuetoken = pytest.importorskip("tuetoken", reason="no wheel for Linux on ARM")
PUBLISHED_JSON = UPSTREAM / "ref-sheared-llama-2.7b" / "tokenizer.json"


def by_piece(merges: list) -> list[tuple[str, set[tuple[str, str]]]]:
    """The cuts of each piece, whose order among each other decides nothing."""
    pairs = [tuple(pair.split(" ")) if isinstance(pair, str) else tuple(pair) for pair in merges]
    return [(piece, set(of)) for piece, of in groupby(pairs, "".join)]


@pytest.mark.skipif(
    not (LLAMA.exists() and PUBLISHED_JSON.exists()), reason=f"{PUBLISHED_JSON} is not there"
)
def test_the_published_file_has_the_same_pieces_and_merges_in_the_same_order():
    built = json.loads(tokenizer_json(LLAMA.read_bytes()))
    published = json.loads(PUBLISHED_JSON.read_bytes())
    assert built["model"]["vocab"] == published["model"]["vocab"]
    assert len(built["model"]["merges"]) == 61_249
    assert by_piece(built["model"]["merges"]) == by_piece(published["model"]["merges"])
    assert built["normalizer"] == published["normalizer"]
    for name in ("unk_token", "fuse_unk", "byte_fallback"):
        assert built["model"][name] == published["model"][name]


def any_scores(rng: Random) -> dict[str, float]:
    """Pieces of a few letters, many of which nothing joins; the scores in any order."""
    letters = rng.choice(("ab", "abc", "abcd"))
    joined = {
        "\u2581" * rng.choice((0, 0, 1)) + "".join(rng.choices(letters, k=rng.randint(1, 5)))
        for _ in range(rng.randint(3, 25))
    }
    pieces = sorted(joined | {"\u2581", *letters})
    return dict(zip(pieces, (-float(n) for n in rng.sample(range(100), len(pieces))), strict=True))


@pytest.mark.parametrize("seed", range(20))
def test_texts_have_sentencepieces_tokens_with_any_order_of_scores(tmp_path, seed):
    rng = Random(seed)
    model = model_of(any_scores(rng))
    exact = processor_of(model)
    (tmp_path / "tokenizer.json").write_bytes(tokenizer_json(model))
    readers = (
        tuetoken.Tokenizer(str(tmp_path / "tokenizer.json")).encode_ordinary,
        lambda text: Tokenizer.from_file(str(tmp_path / "tokenizer.json")).encode(text).ids,
    )
    texts = ["".join(rng.choices("abcd \n\u00e9", [9, 9, 9, 9, 5, 1, 1], k=40)) for _ in range(40)]
    for encode in readers:
        assert [encode(text) for text in texts] == [exact.encode(text) for text in texts]


EQUAL = {"bc": -1.0, "ab": -1.0, "bcd": -2.0, "\u2581": -3.0}
SINGLE = dict(zip("abcd", (-4.0, -5.0, -6.0, -7.0), strict=True))


def test_pieces_of_equal_score_have_no_order_in_a_list():
    # sentencepiece joins "ab", which is on the left, and never "bcd".
    pieces = processor_of(model_of(EQUAL | SINGLE)).encode("abcd", out_type=str)
    assert pieces == ["\u2581", "ab", "c", "d"]
    with pytest.raises(ValueError, match="the pieces 'bc' and 'ab' have the same score"):
        tokenizer_json(model_of(EQUAL | SINGLE))


@pytest.mark.parametrize(
    ("scores", "refused"),
    [
        ({"ab": -1.0, "\u2581\u2581": -9.0, "\u2581\u2581\u2581": -9.0}, False),
        ({"ab": -9.0, "\u2581\u2581": -2.0, "\u2581\u2581\u2581": -2.0}, True),
        ({"\u2581\u2581": -9.0, "ab": -9.0, "\u2581\u2581\u2581": -9.0}, True),
        ({"ab": -1.0, "a": -1.0, "b": -1.0}, False),  # of single characters nothing is made
    ],
)
def test_only_runs_of_spaces_with_the_worst_score_may_share_it(scores, refused):
    model = model_of({"\u2581": -9.0, **SINGLE, **scores})
    if refused:
        with pytest.raises(ValueError, match="have the same score"):
            tokenizer_json(model)
    else:
        assert tokenizer_json(model)
