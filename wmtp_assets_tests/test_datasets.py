"""Every row of a dataset has all its parts, and the whole graph follows from the rows."""

from importlib import import_module
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets import datasets
from wmtp_assets.datasets.formats import ALPACA, OTHER_LANGUAGE, OVER_LENGTH
from wmtp_assets.datasets.languages import program_columns
from wmtp_assets.datasets.row import DatasetRow
from wmtp_assets.datasets.rows import DATASETS, benchmarks_of
from wmtp_assets.definitions import build_definitions
from wmtp_assets.doctor.plans import JOBS
from wmtp_assets.evidence.steps import STEPS
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.layout.skeleton import SKELETON
from wmtp_assets.models.rows import OPTIONAL
from wmtp_assets.published import PUBLISHED
from wmtp_assets.sample.catalog import SAMPLE
from wmtp_assets.sample.datasets import WRITERS

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
    return build_definitions(
        catalog=PUBLISHED,
        source=MirrorSource(root),
        storage_root=root / "storage",
        docs_root=root / "docs",
    )


@pytest.fixture(scope="module")
def assets(defs: dg.Definitions) -> set[str]:
    return {spec.key.to_user_string() for spec in defs.resources["declared"].assets}


def test_every_module_of_a_dataset_is_in_the_list():
    modules = {path.stem for path in Path(datasets.__file__).parent.glob("*.py")}
    assert modules - SHARED == DATASETS.keys()
    for name, row in DATASETS.items():
        assert getattr(import_module(f"wmtp_assets.datasets.{name}"), name.upper()) is row


@every_row
def test_the_parts_of_a_row_agree(row: DatasetRow):
    fields = row.format.fields
    assert list(fields)[: len(ALPACA)] == list(ALPACA) and fields.keys() <= row.descriptions.keys()
    assert row.format.labelled is bool(row.facts.labels)
    assert all((split.correct is not None) is row.format.labelled for split in row.published.splits)
    assert bool(row.facts.difficulty) is ("difficulty" in fields["metadata"])
    assert bool(program_columns(row.format)) is (OTHER_LANGUAGE in row.format.dropped)
    assert OVER_LENGTH in row.format.dropped and "source" in fields["metadata"]
    for words in (row.raw, row.small, row.stats):
        assert words.startswith(row.title) and words.endswith(".")
    for training in row.looked_for_in:
        assert row.name in benchmarks_of(training)
    assert set(row.looked_for_in) <= DATASETS.keys() - {row.name}
    assert all(found.asset.startswith(f"{row.name}/") for found in row.accepted)


@every_row
def test_each_catalog_and_the_sample_have_every_row(row: DatasetRow):
    assert PUBLISHED.dataset(row.name) is row.published
    assert tuple(split.name for split in SAMPLE.dataset(row.name).splits) == row.splits
    assert row.name in WRITERS


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
