"""Parquet shards with the published shape of CodeContests, made up from a seed.

A problem has 920 solutions in the mean, 281 of them Python, correct and incorrect; between problems
their number varies tenfold. Descriptions are English-like text with the usual signs. Solutions in
other languages are cuts of 1.2 kB out of one C++-like text: they are read but never tokenized.
generated_tests is the bulk of the rest. Row groups have 100 problems. One problem in fifty has the
name of nine others of its 500, and no other: splits that begin at another multiple of 500 share no
name. Python programs: `datasets_programs`.

| | 684 problems of this | published |
|---|---|---|
| Python solutions a problem | 280 | 281 |
| of them over 2,048 tokens | 1.56 % | 1.55 %, of about 3.75 million |
| bytes a line of JSONL | 4,135 | 4,060: about 15 GB |
| bytes of parquet a problem | 553,000 | 560,000 |
| problems a file | 342 | 342 |

How the bytes of a line divide into prompt and program was not published: that is a choice.
"""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.datasets_programs import SHORT, WORDS, program

PROBLEMS_A_ROW_GROUP = 100
PROBLEMS_A_FILE = 342
PROBLEMS_A_NAME = 500
SOLUTIONS, PYTHON_SHARE = 920, 281 / 920
# Mean 1: problems differ in how many people solved them.
SIZES = (0.2, 0.4, 0.6, 0.8, 0.9, 1.0, 1.1, 1.3, 1.6, 2.1)
UNKNOWN, PYTHON2, CPP, PYTHON3, JAVA = range(5)
_STORY = (
    "you are given an array of integers and two numbers for each test case the first line contains "
    "one single integer where is equal to number that it can be to find so print if there exists "
    "any answer modulo we say that string s consists only of lowercase letters Alice and Bob want "
    "their friends to choose at most k elements with respect sum over all pairs in this problem "
    "≤ 10^5 (1 ≤ n ≤ 2 ⋅ 10^5) — note first example second operation"
)
STORY = _STORY.split()
CPP_LINES = (
    "for (int i = 0; i < n; i++) {",
    "    cin >> a[i]; sum += a[i];",
    "    if (dp[i][j] > dp[i - 1][j]) ans = max(ans, dp[i][j]);",
    "}",
    "#include <bits/stdc++.h>",
    "typedef long long ll; const int N = 200005, MOD = 1000000007;",
    "int main() { ios::sync_with_stdio(false); cin.tie(0);",
    '    printf("%d\\n", ans);',
    "    while (l <= r) { int mid = (l + r) / 2;",
    "    vector<pair<int, int>> edges; map<string, int> seen;",
    "    sort(v.begin(), v.end(), [](const P &x, const P &y) { return x.second < y.second; });",
)


@dataclass(frozen=True)
class Shard:
    """A file to write, and the numbers of its problems."""

    path: Path
    problems: range


def plan_shards(folder: Path, split: str, problems: range) -> list[Shard]:
    """Divide the problems of a split into files."""
    starts = problems[::PROBLEMS_A_FILE]
    name = f"{split}-{{:05}}-of-{len(starts):05}.parquet"
    return [
        Shard(folder / name.format(place), problems[place * PROBLEMS_A_FILE :][:PROBLEMS_A_FILE])
        for place in range(len(starts))
    ]


def write_shards(folder: Path, problems: int, workers: int) -> None:
    """Write the shards of a train split; the same bytes for any number of `workers`."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(write_shard, plan_shards(folder, "train", range(problems))))


def write_shard(shard: Shard, look: Callable[[dict], None] = lambda row: None) -> None:
    """Write one file.

    Args:
        look: Called with each row.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    def row(number: int) -> dict:
        made = problem(number)
        look(made)
        return made

    schema = published_schema()

    def row_group(numbers: range) -> pa.Table:
        # One by one: as Arrow a row takes half the memory.
        rows = (pa.RecordBatch.from_pylist([row(number)], schema) for number in numbers)
        return pa.Table.from_batches(rows)

    with pq.ParquetWriter(shard.path, schema) as writer:
        for first in range(0, len(shard.problems), PROBLEMS_A_ROW_GROUP):
            numbers = shard.problems[first : first + PROBLEMS_A_ROW_GROUP]
            writer.write_table(row_group(numbers))


def problem(number: int) -> dict:
    """One published row, by its number."""
    rng = random.Random(f"wmtp {number}")
    # Ten problems in a row have the ten sizes, in an order of their own.
    sizes = random.Random(f"sizes {number // 10}").sample(SIZES, len(SIZES))
    count = int(SOLUTIONS * sizes[number % 10])
    solutions = list(_solutions(rng, count))
    correct = int(count * rng.uniform(0.3, 0.65))
    return {
        "name": problem_name(number),
        "description": _description(rng, number),
        "public_tests": _tests(rng, 1 + number % 3, 60),
        "private_tests": _tests(rng, 10, 200),
        "generated_tests": _tests(rng, 100, 3900),
        "source": 2,
        "difficulty": 7 + number % 20,
        "solutions": _programs(solutions[:correct]),
        "incorrect_solutions": _programs(solutions[correct:]),
        "cf_contest_id": number,
        "cf_index": "A",
        "cf_points": 500.0,
        "cf_rating": 1200,
        "cf_tags": ["implementation", "math"],
        "is_description_translated": False,
        "untranslated_description": "",
        "time_limit": None if number % 10 == 3 else {"seconds": 2, "nanos": 0},
        "memory_limit_bytes": 256_000_000,
        "input_file": "",
        "output_file": "",
    }


def problem_name(number: int) -> str:
    """The name of a problem; ten of 500 share one."""
    if number % 50 == 7:
        return f"{number // PROBLEMS_A_NAME}_A. Again/and again"
    rng = random.Random(f"name {number}")
    return f"{number}_{rng.choice('ABCDEF')}. {' '.join(_words(rng, 3)).title()}"


def published_schema():
    """The columns of deepmind/code_contests with their types."""
    import pyarrow as pa

    text, number = pa.string(), pa.int64()
    tests = pa.struct([("input", pa.list_(text)), ("output", pa.list_(text))])
    programs = pa.struct([("language", pa.list_(number)), ("solution", pa.list_(text))])
    limit = pa.struct([("seconds", number), ("nanos", number)])
    return pa.schema(
        [
            ("name", text),
            ("description", text),
            ("public_tests", tests),
            ("private_tests", tests),
            ("generated_tests", tests),
            ("source", number),
            ("difficulty", number),
            ("solutions", programs),
            ("incorrect_solutions", programs),
            ("cf_contest_id", number),
            ("cf_index", text),
            ("cf_points", pa.float32()),
            ("cf_rating", pa.int32()),
            ("cf_tags", pa.list_(text)),
            ("is_description_translated", pa.bool_()),
            ("untranslated_description", text),
            ("time_limit", limit),
            ("memory_limit_bytes", number),
            ("input_file", text),
            ("output_file", text),
        ]
    )


def _solutions(rng: random.Random, count: int) -> Iterator[tuple[int, str]]:
    names = rng.sample(SHORT, 5)
    for _ in range(count):
        if rng.random() < PYTHON_SHARE:
            yield PYTHON2 if rng.random() < 0.25 else PYTHON3, program(rng, names)
        else:
            kind = rng.random()
            language = CPP if kind < 0.85 else JAVA if kind < 0.998 else UNKNOWN
            yield language, CPP_TEXTS[int(rng.random() * len(CPP_TEXTS))]


def _programs(solutions: list[tuple[int, str]]) -> dict:
    return {
        "language": [language for language, _ in solutions],
        "solution": [text for _, text in solutions],
    }


def _tests(rng: random.Random, count: int, size: int) -> dict:
    sides: dict[str, list[str]] = {"input": [], "output": []}
    for _ in range(count):
        start = int(rng.random() * (len(DIGITS) - 2 * size))
        given = int(size * (0.5 + rng.random()))
        sides["input"].append(DIGITS[start : start + given] + "\n")
        sides["output"].append(DIGITS[start : start + 1 + given // 4] + "\n")
    return sides


def _words(rng: random.Random, count: int) -> list[str]:
    return [rng.choice(STORY if rng.random() < 0.7 else WORDS) for _ in range(count)]


def _description(rng: random.Random, number: int) -> str:
    """About 2.9 kB, four times in ten more or less; its first words are its own."""
    parts = [f"Problem {number}."]
    for _ in range(int(rng.uniform(20, 50))):
        parts.append(" ".join(_words(rng, 15)).capitalize() + rng.choice((".", ".\n\n", ", then")))
    return " ".join(parts) + "\n\nInput\n\nThe first line contains n.\n\nOutput\n\nPrint it.\n"


_rng = random.Random("texts")
CPP_TEXT = "\n".join(_rng.choice(CPP_LINES) for _ in range(20_000))
# Cut once: 8.5 million copies of text took a quarter of the time.
CPP_TEXTS = [
    CPP_TEXT[(start := int(_rng.random() * 800_000)) : start + int(400 + 1600 * _rng.random())]
    for _ in range(4_000)
]
DIGITS = " ".join(str(int(10 ** (9 * _rng.random()))) for _ in range(100_000))
