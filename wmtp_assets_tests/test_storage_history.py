"""Which records are about a storage: spellings of its root, moves told, in every order."""

from math import inf
from pathlib import Path

import pytest

from wmtp_assets.storage_history import Move, history_of, is_same_folder, resolved

A, B, C = "/mnt/a", "/mnt/b", "/mnt/c"
AB, BC, BA = Move(A, B, 10), Move(B, C, 20), Move(B, A, 20)


@pytest.mark.parametrize(
    ("moves", "root", "held"),
    [
        ([], A, [(A, -inf, inf)]),
        ([AB], B, [(B, 10, inf), (A, -inf, 10)]),
        ([AB], A, [(A, 10, inf)]),
        ([AB, BC], C, [(C, 20, inf), (B, 10, 20), (A, -inf, 10)]),
        ([BC, AB], C, [(C, 20, inf), (B, 10, 20), (A, -inf, 10)]),
        ([AB, BC], B, [(B, 20, inf)]),
        ([AB, BA], A, [(A, 20, inf), (B, 10, 20), (A, -inf, 10)]),
        ([AB, Move(A, B, 30)], B, [(B, 30, inf), (A, 10, 30)]),
        ([AB, Move(C, A, 15)], A, [(A, 15, inf), (C, -inf, 15)]),
        ([Move(A, A, 10)], A, [(A, 10, inf), (A, -inf, 10)]),
    ],
    ids=[
        "never moved",
        "moved here",
        "moved away: what is there now is another storage",
        "moved twice",
        "in whatever order they are read",
        "moved here and on",
        "moved back: the one that was there meanwhile is not it",
        "another storage that came to the same place later",
        "another storage at the old place",
        "told to itself",
    ],
)
def test_a_storage_is_followed_back_through_its_moves(moves, root, held):
    here = history_of(root, moves)
    assert [(p.root, p.since, p.until) for p in here.periods] == held
    assert here.root == root


def test_a_storage_is_followed_to_where_it_is_now():
    here = history_of(C, [BC, AB])
    told = [
        (place, at, here.current_root_of(place, at)) for place in (A, B, C) for at in (9, 15, 21)
    ]
    assert told == [
        (A, 9, C),
        (A, 15, A),
        (A, 21, A),
        (B, 9, C),
        (B, 15, C),
        (B, 21, B),
        (C, 9, C),
        (C, 15, C),
        (C, 21, C),
    ]


def test_a_record_counts_by_its_place_and_its_time():
    here = history_of(B, [AB])
    told = {(place, at): here.covers(place, at) for place in (A, B, C, None) for at in (9, 10, 11)}
    assert {row for row, held in told.items() if held} == {(A, 9), (B, 10), (B, 11)}


def test_two_spellings_of_a_folder_are_one_place(tmp_path: Path):
    real = tmp_path / "real"
    (real / "st").mkdir(parents=True)
    (tmp_path / "link").symlink_to(real)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    root = str(real / "st")
    for other in (real / ".." / "real" / "st", tmp_path / "link" / "st"):
        assert is_same_folder(str(other), root)
        assert str(resolved(other)) == root
        assert history_of(root).covers(str(other), 1)
    for other in (real, tmp_path / "link", tmp_path / "gone", tmp_path / "loop"):
        assert not is_same_folder(str(other), root)
    assert resolved(tmp_path / "loop").is_absolute()


def test_a_link_that_points_elsewhere_now_is_another_place(tmp_path: Path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "one")
    here = history_of(str(tmp_path / "one"))
    assert here.covers(str(link), 1)
    link.unlink()
    link.symlink_to(tmp_path / "two")
    assert not here.covers(str(link), 1)


def test_a_place_of_the_past_is_known_by_a_link_that_dangles_now(tmp_path: Path):
    """Recorded through /data before roots were resolved; then the disk behind it was moved."""
    (tmp_path / "data").symlink_to(tmp_path / "gone")
    moved = Move(str(tmp_path / "gone" / "st"), str(tmp_path / "new"), 10)
    here = history_of(str(tmp_path / "new"), [moved])
    assert here.covers(str(tmp_path / "data" / "st"), 9)
    assert not here.covers(str(tmp_path / "data" / "st"), 11)
