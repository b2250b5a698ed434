"""CodeContests: problems with correct and incorrect solutions in several languages."""

from collections import Counter

from wmtp_assets.catalog import Dataset, Files, Repo, Split
from wmtp_assets.datasets.facts import TESTS_OR_EMPTY, Facts
from wmtp_assets.datasets.formats import (
    ALPACA,
    INVALID_UTF8,
    OTHER_LANGUAGE,
    OVER_LENGTH,
    UNKNOWN_LANGUAGE,
    Format,
)
from wmtp_assets.datasets.invalid_text import InvalidText, NotText, decode_texts
from wmtp_assets.datasets.languages import PROGRAMS, python_programs
from wmtp_assets.datasets.problem import (
    LabelledSolutions,
    Problem,
    Row,
    all_texts,
    dropped_problem,
    lists_of,
    value_of,
)
from wmtp_assets.datasets.row import DatasetRow

_PUBLISHED = Dataset(
    name="codecontests",
    title="CodeContests",
    repo=Repo(
        id="deepmind/code_contests",
        kind="dataset",
        revision="802411c3010cb00d1b05bad57ca77365a3c699d6",
        licence="CC BY 4.0",
        pins={
            "data/valid-00000-of-00001-5e672c5751f060d3.parquet": (
                "02e8c1ccedae716f1e43cc813fcb7823c3db666ea92638820aba80e8cef451ab"
            ),
            "data/test-00000-of-00001-9c49eeff30aacaa8.parquet": (
                "aa426cbdb202bf8703b658bcb31fd1878ca7cfd33ca07d3b703dc94ca6a2b651"
            ),
            "data/train-00000-of-00039-e991a271dbfa9925.parquet": (
                "950bfdefde1f274edf93963e7e23c93ab16034de344aa7b7c32d14145e8d5232"
            ),
            "data/train-00001-of-00039-e092fe56fda18715.parquet": (
                "7bcc72d98a3d97f07be90ea70bf8db834c8f29ac2c7626d7cfc657bae6f5ddd9"
            ),
        },
    ),
    splits=(
        Split(
            "train",
            Files("data/train-*-of-00039-*.parquet", 39),
            source_rows=13_328,
            rows=3_691_981,
            correct=1_754_404,
            incorrect=1_937_577,
            small_limit=100,
        ),
        Split(
            "valid",
            Files("data/valid-*.parquet"),
            source_rows=117,
            rows=14_725,
            correct=8_184,
            incorrect=6_541,
        ),
        Split(
            "test",
            Files("data/test-*.parquet"),
            source_rows=165,
            rows=14_851,
            correct=8_038,
            incorrect=6_813,
        ),
    ),
    raw_bytes=7_624_659_530,
)

_TESTS = ("struct<input: list<string>, output: list<string>>",)
# has_tests: at least one public (input, output) pair is there, an empty side included, a missing
# one not.
_FORMAT = Format(
    columns={
        "name": ("string",),
        "description": ("string",),
        "public_tests": _TESTS,
        "difficulty": ("int64",),
        "solutions": PROGRAMS,
        "incorrect_solutions": PROGRAMS,
    },
    fields={
        **ALPACA,
        "is_correct": bool,
        "metadata": {"source": str, "difficulty": int, "has_tests": bool},
    },
    dropped=(OTHER_LANGUAGE, UNKNOWN_LANGUAGE, OVER_LENGTH),
)

_FACTS = Facts(
    summary=(
        "Competitive programming problems with Python solutions, correct and incorrect, in "
        "one record each"
    ),
    licence_id="cc-by-4.0",
    licence_url="https://creativecommons.org/licenses/by/4.0/",
    citation=(
        "Li et al., Competition-Level Code Generation with AlphaCode, Science 378 (2022), "
        "arXiv:2203.07814"
    ),
    published="2022-02-08",
    rows=(
        "`instruction` is the description; `input` is the first two public tests, a pair with "
        "an empty side left out; `output` is the solution, unchanged.",
        "Only Python 2 and Python 3 (languages 1 and 3) are kept; the others are counted.",
        "`task_id` is `{name}_correct_{i}` or `{name}_incorrect_{i}`, `i` the index in the "
        "published list of all languages.",
        "Problems stand in file order, correct before incorrect solutions.",
        "A name that repeats in a split is written `{name}__{n}` from its second problem on.",
        "`metadata.has_tests` says whether the problem has at least one public test.",
        "`metadata.difficulty` is the published code, 0 (unknown) to 28.",
    ),
    labels=(
        "`is_correct` is the published label: whether the platform that the solution was "
        "submitted to accepted it. Nothing is executed here. Known noise: the platforms' "
        "hidden tests are not complete, so that some accepted solutions are wrong; an "
        "incorrect solution may be refused for its running time or memory and compute the "
        "right answer; many Python 2 programs do not run under Python 3; the same text can "
        "occur with both labels. CodeChef problems have no incorrect solutions."
    ),
    difficulty="0 unknown, 1-5 easy to hardest, 6 external, 7-28 A to V",
    input=TESTS_OR_EMPTY,
    programs=True,
)

PUBLIC_TESTS_SHOWN = 2


def _read_codecontests(row: Row, renamed: str | None) -> Problem:
    dropped: Counter = Counter()
    python = [
        (label, column, *python_programs(row, column, dropped))
        for column, label in (("solutions", "correct"), ("incorrect_solutions", "incorrect"))
    ]
    given, printed = lists_of(row, "public_tests", "input", "output")
    # Where one list ends earlier, the rest of the other is no pair: such tests are one-sided.
    tests = min(len(given), len(printed))
    difficulty = value_of(row, "difficulty")
    shown = slice(0, min(tests, PUBLIC_TESTS_SHOWN))
    try:
        name = renamed or value_of(row, "name")
        description = value_of(row, "description")
        pairs = list(
            zip(
                all_texts(given[shown], "public_tests.input"),
                all_texts(printed[shown], "public_tests.output"),
                strict=True,
            )
        )
    except NotText as error:
        return dropped_problem(error.place, sum(len(places) for *_, places, _ in python), dropped)
    candidates, invalid = [], []
    for label, column, places, programs in python:
        texts, bad = decode_texts(programs)
        if lost := {places[n] for n in bad}:
            invalid += [InvalidText("", 0, 0, f"{column}.solution[{n}]", 1) for n in sorted(lost)]
            places = [place for place in places if place not in lost]
        task_ids = [f"{name}_{label}_{place}" for place in places]
        candidates.append(LabelledSolutions(label == "correct", task_ids, texts))
    if invalid:
        dropped[INVALID_UTF8] += len(invalid)
    metadata = {"source": "code_contests", "difficulty": difficulty, "has_tests": tests > 0}
    shown_tests = join_public_tests(pairs)
    return Problem(description, shown_tests, metadata, candidates, dropped, invalid)


def join_public_tests(tests: list[tuple[str, str]]) -> str:
    """The first two public tests; a pair with an empty side is left out, not replaced."""
    shown = [pair for pair in tests[:PUBLIC_TESTS_SHOWN] if all(pair)]
    return "\n\n".join(f"Input: {given}\nOutput: {printed}" for given, printed in shown)


CODECONTESTS = DatasetRow(
    published=_PUBLISHED,
    format=_FORMAT,
    facts=_FACTS,
    read=_read_codecontests,
    raw="CodeContests: parquet files as published.",
    small="CodeContests small sets: both classes, many difficulties, fixed seed.",
    stats="CodeContests: counts, label and difficulty distribution, token lengths.",
    counted_elsewhere="these counts are the result of another program on the same data",
)
