"""MBPP: entry-level tasks with a solution and assertions; looked for in CodeContests."""

from wmtp_assets.catalog import AcceptedFinding, Dataset, Files, Repo, Split
from wmtp_assets.datasets.facts import NO_INPUT, TESTS_OR_EMPTY, Facts
from wmtp_assets.datasets.formats import ALPACA, OVER_LENGTH, Format
from wmtp_assets.datasets.problem import (
    BadRow,
    LabelledSolutions,
    Problem,
    Row,
    all_texts,
    value_of,
)
from wmtp_assets.datasets.row import DatasetRow

_PUBLISHED = Dataset(
    name="mbpp",
    title="MBPP",
    repo=Repo(
        id="google-research-datasets/mbpp",
        kind="dataset",
        revision="4bb6404fdc6cacfda99d4ac4205087b89d32030c",
        licence="CC BY 4.0",
        pins={
            "full/train-00000-of-00001.parquet": (
                "09d125ca31edacb7800be8c67c45abff618faf0214ff551291817d06bdb914ae"
            ),
            "full/validation-00000-of-00001.parquet": (
                "3f0ec060987432d99fe8fb409d31e6c67445b208a01741c5583517c80a10fe80"
            ),
            "full/test-00000-of-00001.parquet": (
                "566fd53060ffba5766dace1d1e2f4c38906781526de222b0dfbdbc325b696c77"
            ),
        },
    ),
    splits=(
        Split("train", Files("full/train-*.parquet"), source_rows=374, rows=374, small_limit=100),
        Split("validation", Files("full/validation-*.parquet"), source_rows=90, rows=90),
        Split("test", Files("full/test-*.parquet"), source_rows=500, rows=500),
    ),
    extra_files=(Files("full/prompt-*.parquet"),),
)

# Read in the 974 problems as published (2026-11-25); a further pair warns.
_SAME_TASK = "as published at the pinned commit: one task in both splits"
ACROSS_SPLITS = tuple(
    AcceptedFinding(
        asset="mbpp/stats",
        check="splits_share_no_problem",
        found=f"train '{train}' has the description of test '{test}'",
        reason=_SAME_TASK,
    )
    for train, test in ((602, 217), (704, 248), (872, 216))
)

_FORMAT = Format(
    columns={
        "task_id": ("int32", "int64"),
        "text": ("string",),
        "code": ("string",),
        "test_list": ("list<string>",),
        "test_setup_code": ("string",),
    },
    fields={
        **ALPACA,
        "metadata": {
            "source": str,
            "test_list": [str],
            "test_setup_code": str,
            "has_tests": bool,
        },
    },
    dropped=(OVER_LENGTH,),
)

_FACTS = Facts(
    summary="Entry-level Python tasks with a reference solution and assertions",
    licence_id="cc-by-4.0",
    licence_url="https://creativecommons.org/licenses/by/4.0/",
    citation="Austin et al., Program Synthesis with Large Language Models, arXiv:2108.07732",
    published="2021-08-16",
    rows=(
        "`instruction` is the text, `output` the code, `task_id` the published number as text.",
        NO_INPUT,
        "`metadata.has_tests` says whether `test_list` has an assertion.",
        "The ten rows of the `prompt` file are kept in raw/ and not converted.",
    ),
    input=TESTS_OR_EMPTY,
    programs=True,
)


def _read_mbpp(row: Row, renamed: str | None) -> Problem:
    tests = row["test_list"].values
    if tests is None or tests.null_count:
        raise BadRow("test_list is null or holds a null")
    metadata = {
        "source": "mbpp",
        "test_list": all_texts(tests, "test_list"),
        "test_setup_code": value_of(row, "test_setup_code"),
        "has_tests": len(tests) > 0,
    }
    candidates = LabelledSolutions(None, [str(value_of(row, "task_id"))], [value_of(row, "code")])
    return Problem(value_of(row, "text"), "", metadata, [candidates])


MBPP = DatasetRow(
    published=_PUBLISHED,
    format=_FORMAT,
    facts=_FACTS,
    read=_read_mbpp,
    raw="MBPP (config full): parquet files as published.",
    small="MBPP small sets: drawn with a fixed seed.",
    stats="MBPP: counts and token lengths.",
    looked_for_in=("codecontests",),
    article="an",
    accepted=ACROSS_SPLITS,
)
