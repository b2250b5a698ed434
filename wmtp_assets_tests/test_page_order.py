"""The order of what a page shows: by one table, whatever the order in which it was recorded."""

import random

from wmtp_assets.page_order import PLACES, in_order

LOOKED_AT_FIRST_TO_LAST = (
    "steps",
    "token_length",
    "quantiles",
    "token_length_png",
    "rows",
    "train_mean_tokens",
    "size_bytes",
    "storage_root",
    "repo",
    "content_sha256",
    "files",
)


def test_pictures_come_first_digests_and_listings_last():
    shuffled = list(LOOKED_AT_FIRST_TO_LAST)
    random.Random(1).shuffle(shuffled)
    assert shuffled != list(LOOKED_AT_FIRST_TO_LAST)
    assert tuple(in_order(dict.fromkeys(shuffled, 0))) == LOOKED_AT_FIRST_TO_LAST


def test_keys_that_the_table_does_not_name_stay_in_their_order_among_the_counts():
    assert list(in_order({"files": 0, "b": 1, "a": 2, "rows": 3})) == ["rows", "b", "a", "files"]


def test_no_key_has_two_places():
    assert list(PLACES.values()) == sorted(set(PLACES.values()))
    assert len(PLACES) == max(PLACES.values()) + 1
