"""Awkward rows with planted counts: rows and statistics are those of the reference way.

The reference is the one of the benchmark; the counts are written down here, by hand.
"""

import json

import pytest

from benchmarks.reference import convert_codecontests
from wmtp_assets.datasets.convert.split import convert_split
from wmtp_assets.folders import DatasetFolder
from wmtp_assets_tests.datasets.reference import encoded_lengths
from wmtp_assets_tests.datasets.rows import AWKWARD, LONG, problem, write_parquet
from wmtp_assets_tests.datasets.world import FILTER, TOKENIZER

PYTHON2, CPP, PYTHON3, JAVA, UNKNOWN = 1, 2, 3, 4, 0
TESTS = [("1\n", "2\n")]


def padded(description: str, total: int) -> str:
    """A program that makes a record of exactly so many tokens."""
    record = {"instruction": description, "input": "Input: 1\n\nOutput: 2\n", "output": "x"}
    return "x" + " y" * (total - sum(encoded_lengths(record)))


# (row, correct kept, incorrect kept, other language, unknown language, over length)
PLANTED = [
    # Languages mixed; 9 and -1 are no published codes.
    (
        problem(
            "mix",
            "m",
            [(PYTHON2, "a"), (CPP, "b"), (PYTHON3, "c"), (JAVA, "d"), (UNKNOWN, "e"), (9, "f")],
            [(-1, "g"), (JAVA, "h"), (PYTHON2, "i")],
        ),
        *(2, 1, 3, 3, 0),
    ),
    # A name with a slash, twice more the same name, the same program five times.
    (problem("1_A. a/b", "s", [(3, "same"), (3, "same")], [(3, "same")]), 2, 1, 0, 0, 0),
    (problem("1_A. a/b", "t", [(CPP, "x"), (3, "same")]), 1, 0, 1, 0, 0),
    (problem("1_A. a/b", "u", [], [(1, "same")]), 0, 1, 0, 0, 0),
    # Lists that are empty.
    (problem("nothing", "n", []), 0, 0, 0, 0, 0),
    (problem("no tests", "n", [(3, "x")], tests=[]), 1, 0, 0, 0, 0),
    # A side that is empty, and a list that is shorter than its other side.
    (problem("one side", "o", [(3, "x")], tests=[("", "1"), ("2", ""), ("3", "3")]), 1, 0, 0, 0, 0),
    (
        {
            **problem("short side", "o", [(3, "x")]),
            "public_tests": {"input": ["1", "2", "3"], "output": ["1"]},
        },
        *(1, 0, 0, 0, 0),
    ),
    # Text: CRLF, U+2028, U+0085, NUL, form feed, quotes, emoji, combining, ends in a space, empty.
    (
        problem(
            "text \u2028 \x00 😀/",
            AWKWARD,
            [(3, text) for text in ("a\r\nb\r\n", "\u2028\u2029\x85", "\x00\x0c", '"\\', "")],
            [(1, text) for text in ("😀 e\u0301 ", AWKWARD, " ", "\t\n\n", "\ufeff", "<s></s>")],
            tests=[(AWKWARD, "\u2028"), ("\r\n", "\x00")],
        ),
        *(5, 6, 0, 0, 0),
    ),
    # A prompt over the limit by itself drops all its programs, the empty one too.
    (problem("long prompt", LONG, [(3, ""), (CPP, "")], [(1, "x")]), 0, 0, 1, 0, 2),
    # Exactly the limit, and one token more.
    (
        problem(
            "edge",
            "d",
            [(3, padded("d", 2048)), (3, padded("d", 2049))],
            [(3, padded("d", 2049)), (3, padded("d", 2047))],
            tests=TESTS,
        ),
        *(1, 1, 0, 0, 2),
    ),
]
ROWS = [row for row, *_ in PLANTED]


@pytest.mark.parametrize("unit_bytes", [1, 10**9])
@pytest.mark.parametrize("row_group_size", [1, 4, 100])
def test_planted_rows_are_those_of_the_reference(tmp_path, row_group_size, unit_bytes):
    source = write_parquet("codecontests", ROWS, tmp_path / "raw.parquet", row_group_size)
    wanted = convert_codecontests([source], tmp_path / "reference.jsonl", TOKENIZER)
    folder = DatasetFolder(tmp_path / "out", tmp_path / "small")
    made = convert_split("codecontests", "train", [source], folder, FILTER, unit_bytes=unit_bytes)
    found = [parsed(path) for path in (tmp_path / "reference.jsonl", made.files[0].path)]
    assert found[0] == found[1]
    assert len(found[1]) == made.stats["rows"] == wanted["rows"] == 24
    assert made.stats["correct"] == wanted["correct"] == sum(c for _, c, *_ in PLANTED) == 14
    assert made.stats["incorrect"] == wanted["incorrect"] == sum(i for _, _, i, *_ in PLANTED) == 10
    assert made.stats["dropped"] == {"other_language": 5, "unknown_language": 3, "over_length": 4}
    assert made.stats["candidates"] == 24 + 5 + 3 + 4
    for name, lengths in wanted["token_lengths"].items():
        assert made.stats["token_lengths"][name] == {str(n): lengths[n] for n in sorted(lengths)}


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted[0]["name"][:10])
def test_each_planted_row_is_kept_and_dropped_as_written_here(tmp_path, planted):
    row, *counts = planted
    source = write_parquet("codecontests", [row], tmp_path / "raw.parquet")
    folder = DatasetFolder(tmp_path / "out", tmp_path / "small")
    stats = convert_split("codecontests", "train", [source], folder, FILTER).stats
    assert [stats["correct"], stats["incorrect"], *stats["dropped"].values()] == counts


def parsed(path) -> list[str]:
    """Each row as JSON, so that the order of keys and the type of numbers count."""
    return [json.dumps(json.loads(line)) for line in path.read_bytes().split(b"\n")[:-1]]
