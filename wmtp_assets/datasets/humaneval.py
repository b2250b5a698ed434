"""HumanEval: functions to complete, with unit tests; looked for in CodeContests."""

from wmtp_assets.catalog import Dataset, Files, Repo, Split
from wmtp_assets.datasets.facts import NO_INPUT, TESTS_OR_EMPTY, Facts
from wmtp_assets.datasets.formats import ALPACA, OVER_LENGTH, Format
from wmtp_assets.datasets.problem import LabelledSolutions, Problem, Row, value_of
from wmtp_assets.datasets.row import DatasetRow

_PUBLISHED = Dataset(
    name="humaneval",
    title="HumanEval",
    repo=Repo(
        id="openai/openai_humaneval",
        kind="dataset",
        revision="7dce6050a7d6d172f3cc5c32aa97f52fa1a2e544",
        licence="MIT",
    ),
    splits=(Split("test", Files("openai_humaneval/test-*.parquet"), source_rows=164, rows=164),),
)

_FORMAT = Format(
    columns={
        "task_id": ("string",),
        "prompt": ("string",),
        "canonical_solution": ("string",),
        "test": ("string",),
        "entry_point": ("string",),
    },
    fields={
        **ALPACA,
        "metadata": {"source": str, "test": str, "entry_point": str, "has_tests": bool},
    },
    dropped=(OVER_LENGTH,),
)

_FACTS = Facts(
    summary="Hand-written Python functions to complete, with unit tests",
    licence_id="mit",
    licence_url="https://opensource.org/license/mit",
    citation="Chen et al., Evaluating Large Language Models Trained on Code, arXiv:2107.03374",
    published="2021-07-07",
    rows=(
        "`instruction` is the prompt, `output` the canonical solution: its continuation.",
        NO_INPUT,
        "`metadata.has_tests` says whether `test` is not empty.",
    ),
    input=TESTS_OR_EMPTY,
    programs=True,
)


def _read_humaneval(row: Row, renamed: str | None) -> Problem:
    metadata = {
        "source": "humaneval",
        "test": value_of(row, "test"),
        "entry_point": value_of(row, "entry_point"),
        "has_tests": bool(value_of(row, "test")),
    }
    candidates = LabelledSolutions(
        None, [value_of(row, "task_id")], [value_of(row, "canonical_solution")]
    )
    return Problem(value_of(row, "prompt"), "", metadata, [candidates])


HUMANEVAL = DatasetRow(
    published=_PUBLISHED,
    format=_FORMAT,
    facts=_FACTS,
    read=_read_humaneval,
    raw="HumanEval: parquet file as published.",
    small="HumanEval small set: drawn with a fixed seed.",
    stats="HumanEval: counts and token lengths.",
    looked_for_in=("codecontests",),
)
