"""Every row of a dataset has all its parts, and the whole graph follows from the rows."""

import re
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets import datasets
from wmtp_assets.catalog import Dataset
from wmtp_assets.datasets.formats import ALPACA, OTHER_LANGUAGE, OVER_LENGTH
from wmtp_assets.datasets.languages import program_columns
from wmtp_assets.datasets.row import DatasetRow
from wmtp_assets.datasets.rows import DATASETS, benchmarks_of
from wmtp_assets.doctor.plans import JOBS
from wmtp_assets.errors import BadInput
from wmtp_assets.evidence.steps import STEPS
from wmtp_assets.layout.skeleton import SKELETON
from wmtp_assets.models.rows import OPTIONAL
from wmtp_assets.published import PUBLISHED
from wmtp_assets.sample.catalog import SAMPLE, entry_of
from wmtp_assets.sample.datasets import WRITERS
from wmtp_assets_tests.published_graph import published_graph

# What the rows share; every other module is a dataset's.
SHARED = {
    "__init__",
    "assets",
    "checks",
    "facts",
    "field_types",
    "formats",
    "invalid_text",
    "languages",
    "problem",
    "row",
    "rows",
    "stored_dataset",
}
AROUND_SPLITS = ("raw", "schema", "small", "stats")
# Optional, hence of no step; and the list of the steps itself.
OUTSIDE_STEPS = (*(f"{name}/" for name in OPTIONAL), "signoff/checklist")

every_row = pytest.mark.parametrize("row", DATASETS.values(), ids=DATASETS)


@pytest.fixture(scope="module")
def defs(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    root = tmp_path_factory.mktemp("graph")
    return published_graph(root)


@pytest.fixture(scope="module")
def assets(defs: dg.Definitions) -> set[str]:
    return {spec.key.to_user_string() for spec in defs.resources["declared"].assets}


def test_every_module_of_a_dataset_is_in_the_list():
    modules = {path.stem for path in Path(datasets.__file__).parent.glob("*.py")}
    assert modules - SHARED == DATASETS.keys()
    for name, row in DATASETS.items():
        assert getattr(import_module(f"wmtp_assets.datasets.{name}"), name.upper()) is row


def faults_of(row: DatasetRow) -> Iterator[str]:
    """What of a row does not fit together, in words that name the place."""
    form, facts, metadata = row.format, row.facts, row.format.fields.get("metadata", {})
    labels = ("is_correct",) if form.labelled else ()
    if list(form.fields) != [*ALPACA, *labels, "metadata"]:
        yield f"Format.fields: in the order {', '.join([*ALPACA, *labels, 'metadata'])}"
    for name, kind in {"source": str, **({"difficulty": int} if labels else {})}.items():
        if metadata.get(name) is not kind:
            yield f"Format.fields: metadata needs {name}: {kind.__name__}"
    if bool(facts.labels) is not form.labelled:
        yield "Facts.labels: stated where is_correct is a field, and nowhere else"
    if bool(facts.difficulty) is not ("difficulty" in metadata):
        yield "Facts.difficulty: stated where metadata has difficulty, and nowhere else"
    if OVER_LENGTH not in form.dropped:
        yield f"Format.dropped: lacks {OVER_LENGTH}"
    if bool(program_columns(form)) is not (OTHER_LANGUAGE in form.dropped):
        yield f"Format.dropped: {OTHER_LANGUAGE} where a column holds PROGRAMS, and nowhere else"
    for words in ("raw", "small", "stats"):
        if not re.fullmatch(rf"{re.escape(row.title)}.*\.", getattr(row, words), re.S):
            yield f"{words}: begins with {row.title} and ends with a period"


def faults_of_counts(dataset: Dataset, *, labelled: bool) -> Iterator[str]:
    """Splits that do not count the labels of a labelled dataset, or count what is not there."""
    for split in dataset.splits:
        counts = split.correct, split.incorrect
        if not labelled and counts != (None, None):
            yield f"Split {split.name}: counts labels, and there is no field is_correct"
        elif labelled and (None in counts or sum(counts) != split.rows):
            yield f"Split {split.name}: needs correct and incorrect, in all {split.rows:,} rows"


@every_row
def test_the_parts_of_a_row_agree(row: DatasetRow):
    faults = [*faults_of(row), *faults_of_counts(row.published, labelled=row.format.labelled)]
    assert faults == [], f"wmtp_assets/datasets/{row.name}.py"
    assert set(row.looked_for_in) <= DATASETS.keys() - {row.name}, "looked_for_in"
    for training in row.looked_for_in:
        assert row.name in benchmarks_of(training)
    for found in row.accepted:
        assert found.asset.startswith(f"{row.name}/"), "accepted"


@every_row
def test_each_catalog_and_the_sample_have_every_row(row: DatasetRow):
    assert PUBLISHED.dataset(row.name) is row.published
    sample = SAMPLE.dataset(row.name)
    assert tuple(split.name for split in sample.splits) == row.splits
    faults = list(faults_of_counts(sample, labelled=row.format.labelled))
    assert faults == [], f"{row.name} in wmtp_assets/sample/catalog.py"
    assert row.name in WRITERS, "wmtp_assets/sample/datasets.py"


LABELLED = {**ALPACA, "is_correct": bool, "metadata": {"source": str, "difficulty": int}}
NOT_LABELLED = {**ALPACA, "metadata": {"source": str}}


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({**LABELLED, "metadata": {"source": str}}, "metadata needs difficulty: int"),
        ({**LABELLED, "metadata": {"source": str, "difficulty": str}}, "needs difficulty: int"),
        ({**NOT_LABELLED, "is_correct": bool}, "task_id, is_correct, metadata"),
        (dict(reversed(LABELLED.items())), "in the order instruction, input"),
        (LABELLED, "Facts.labels"),
        (LABELLED, "Facts.difficulty"),
        ({**ALPACA, "metadata": {}}, "metadata needs source: str"),
    ],
)
def test_a_row_whose_parts_do_not_agree_is_told_which(fields: dict, fault: str):
    mbpp = DATASETS["mbpp"]
    row = replace(mbpp, format=replace(mbpp.format, fields=fields))
    assert fault in "; ".join(faults_of(row))


def test_splits_that_do_not_count_the_labels_are_told_which():
    mbpp = DATASETS["mbpp"].published
    [*_, last] = faults_of_counts(mbpp, labelled=True)
    assert last == "Split test: needs correct and incorrect, in all 500 rows"


@pytest.mark.parametrize(
    ("kind", "culprit"),
    [
        (float, "metadata.score is float"),
        ([float], r"metadata.score is \[<class 'float'>\]"),
        ([[int]], r"metadata.score is \[\[<class 'int'>\]\]"),
        ({"low": int, "high": None}, "metadata.score.high is None"),
    ],
)
def test_a_field_of_another_type_is_named_with_those_that_are_allowed(kind: object, culprit: str):
    mbpp = DATASETS["mbpp"]
    fields = {**NOT_LABELLED, "metadata": {"source": str, "score": kind}}
    with pytest.raises(BadInput, match=f"of mbpp .*: {culprit}. Fix: in .*mbpp.py.*: str, int, bo"):
        replace(mbpp, format=replace(mbpp.format, fields=fields))


def test_a_row_that_the_sample_lacks_is_named_with_the_file():
    with pytest.raises(BadInput, match=r"in sample/catalog.py: fourth\. Fix: add it there"):
        entry_of("fourth", {}, "sample/catalog.py")


@every_row
def test_assets_jobs_and_folders_follow_from_a_row(row: DatasetRow, defs, assets):
    own = {f"{row.name}/{part}" for part in (*AROUND_SPLITS, *row.splits)}
    assert {asset for asset in assets if asset.startswith(f"{row.name}/")} == own
    for job in ("phase1", "datasets"):
        taken = defs.resolve_job_def(job).asset_layer.selected_asset_keys
        assert own <= {key.to_user_string() for key in taken} and row.name in JOBS[job]
    assert f"datasets_v2/{row.name}/processed" in SKELETON
    assert f"datasets_local_small/{row.name}_small" in SKELETON


def test_every_asset_is_in_a_step_of_the_plan(assets):
    carried = {asset for step in STEPS for asset in step.assets}
    assert {a for a in assets - carried if not a.startswith(OUTSIDE_STEPS)} == set()
    assert carried - assets == {"signoff/approval"}  # a person's, not made
