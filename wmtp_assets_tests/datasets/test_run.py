"""The rooms in Dagster: one run from mirror to statistics, checks alone after damage, reruns."""

from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets.datasets.assets import dataset_assets
from wmtp_assets.datasets.checks import dataset_checks
from wmtp_assets.datasets.convert.tokens import BY_CHUNKS
from wmtp_assets.datasets.languages import program_columns
from wmtp_assets.datasets.rows import DATASETS, benchmarks_of
from wmtp_assets.datasets.stats.assets import stats_assets
from wmtp_assets.datasets.stats.checks import stats_checks
from wmtp_assets.datasets.stats.plots import plot_names
from wmtp_assets.datasets.stats.sketches import INLINE_CHARACTERS
from wmtp_assets.layout.assets import storage_layout
from wmtp_assets.page_order import MAX_KEY, PLACES
from wmtp_assets.raw.assets import raw_assets
from wmtp_assets_tests.datasets.world import tiny_setup

OURS = [*dataset_assets, *stats_assets]
CHECKS = [*dataset_checks, *stats_checks]
EVERYWHERE = {"bytes_match_materialized_digest", "files_are_there_with_recorded_sizes"}
LINES = {
    "lines_parse_to_one_schema",
    "no_record_over_token_limit",
    "task_ids_are_unique",
    "row_counts_equal_catalog",
    "line_metadata_is_aligned",
    "recorded_counts_equal_recount",
    "counts_add_up_to_source",
}
DESCRIBED = {
    "schema_json_agrees_with_splits",
    "card_names_every_split",
    "croissant_json_agrees_with_splits",
    "folder_loads_with_datasets",
}
SMALL = {
    "small_sets_are_within_limits",
    "small_line_metadata_is_aligned",
    "small_sets_are_subsets_of_their_splits",
    "small_folder_loads_with_datasets",
}
TEXT = "published_text_is_utf8"
STATS = {
    "stats_equal_recount",
    "summary_agrees_with_line_metadata",
    "plots_are_present",
    TEXT,
}
ACROSS = {"splits_share_no_problem", "no_near_duplicates_across_splits"}
LABELLED = {
    "split": {"task_id_agrees_with_is_correct"},
    "small": {"small_sets_hold_both_classes", "small_sets_hold_several_difficulties"},
}
PROGRAMS = {"dropped_languages_equal_source"}
PLANTED = ("codecontests/stats", "no_near_duplicates_across_splits")


def declared() -> dict[str, set[str]]:
    """Asset key -> its checks."""
    names: dict[str, set[str]] = {}
    for definition in CHECKS:
        for spec in definition.check_specs:
            names.setdefault(spec.asset_key.to_user_string(), set()).add(spec.name)
    return names


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A storage materialized and checked by one Dagster run."""
    root = tmp_path_factory.mktemp("run")
    deployment = tiny_setup(root)
    raw = [raw_assets[f"{name}/raw"] for name in DATASETS]
    defs = dg.Definitions(
        assets=[storage_layout, *raw, *OURS],
        asset_checks=CHECKS,
        resources={"deployment": deployment},
    )
    with dg.DagsterInstance.local_temp(str(root)) as instance:
        run = defs.resolve_implicit_global_asset_job_def().execute_in_process(instance=instance)
        yield deployment, defs, instance, run


def evaluations(run) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
    return {
        (found.asset_key.to_user_string(), found.check_name): found
        for found in run.get_asset_check_evaluations()
    }


def run_checks(defs, instance, asset: str) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
    job = defs.resolve_implicit_global_asset_job_def()
    declared_keys = job.asset_layer.asset_graph.asset_check_keys
    wanted = {key for key in declared_keys if key.asset_key.to_user_string() == asset}
    part = job.get_subset(asset_selection=set(), asset_check_selection=wanted)
    run = part.execute_in_process(instance=instance, raise_on_error=False)
    failures = [event for event in run.all_events if event.is_step_failure]
    # A blocking check that fails is the only thing that fails a step here.
    assert all("AssetCheckFailed" in str(event) or "blocking" in str(event) for event in failures)
    return evaluations(run)


def test_the_declared_checks_are_exactly_these():
    names = declared()
    assert set(names) == {key.to_user_string() for asset in OURS for key in asset.keys}
    for dataset, row in DATASETS.items():
        labelled = {
            part: checks if row.format.labelled else set() for part, checks in LABELLED.items()
        }
        programs = PROGRAMS if program_columns(row.format) else set()
        for split in row.splits:
            own = labelled["split"] | programs
            assert names[f"{dataset}/{split}"] == EVERYWHERE | LINES | own
        assert names[f"{dataset}/schema"] == EVERYWHERE | DESCRIBED
        assert names[f"{dataset}/small"] == EVERYWHERE | SMALL | labelled["small"]
        across = ACROSS if len(row.splits) > 1 else set()
        overlap = {f"no_overlap_with_{name}" for name in benchmarks_of(dataset)}
        assert names[f"{dataset}/stats"] == EVERYWHERE | STATS | across | overlap


def test_the_graph_is_that_of_the_contract():
    for asset in OURS:
        [spec] = asset.specs
        dataset, name = spec.key.path
        deps = {dep.asset_key.to_user_string() for dep in spec.deps}
        if name in DATASETS[dataset].splits:
            assert deps == {f"{dataset}/raw", "ref_sheared/tokenizer"}
        else:
            needed = {dataset, *(benchmarks_of(dataset) if name == "stats" else ())}
            assert deps == {f"{of}/{split}" for of in needed for split in DATASETS[of].splits}
        assert spec.group_name == dataset
        assert spec.code_version
        assert spec.kinds
        first = spec.description.splitlines()[0]
        assert len(first) <= 80
        assert first.endswith(".")


def test_one_run_materializes_everything_and_only_the_planted_warning_fails(world):
    *_, run = world
    assert run.success
    found = evaluations(run)
    assert {key for key, evaluation in found.items() if not evaluation.passed} == {PLANTED}
    assert found[PLANTED].severity == dg.AssetCheckSeverity.WARN
    expected = {(asset, name) for asset, names in declared().items() for name in names}
    assert set(found) == expected


def test_what_a_split_records_is_that_of_the_contract(world):
    deployment, _, instance, _ = world
    key = dg.AssetKey(["codecontests", "train"])
    materialization = instance.get_latest_materialization_event(key).asset_materialization
    facts = {name: value.value for name, value in materialization.metadata.items()}
    assert facts["token_counting"] == BY_CHUNKS
    train = deployment.catalog.dataset("codecontests").splits[0]
    assert facts["dagster/row_count"] == train.rows
    columns = {column.name: column.type for column in facts["dagster/column_schema"].columns}
    assert columns["metadata"] == "struct<source: string, difficulty: int, has_tests: bool>"
    assert list(columns)[-2] == "is_correct"
    assert facts["revision"] == deployment.catalog.dataset("codecontests").repo.revision
    assert facts["repo"] == "https://huggingface.co/datasets/deepmind/code_contests"
    assert facts["dropped_over_length"] == 2
    assert facts["dropped_unknown_language"] == 3
    assert facts["correct"] == train.correct
    assert facts["repeated_names"] == ["same -> same__2", "same -> same__3"]
    assert facts["rows_per_second"] > 0
    assert facts["duration_seconds"] > 0
    assert materialization.tags["dagster/data_version"] == facts["content_sha256"]
    stats = instance.get_latest_materialization_event(dg.AssetKey(["codecontests", "stats"]))
    shown = stats.asset_materialization.metadata
    assert shown["difficulty"].value.startswith("![difficulty](<data:image/svg+xml,")
    assert shown["difficulty_png"].value.startswith("![difficulty](data:image/png;base64,")
    assert len(shown["difficulty_png"].value) < 100_000


def files_of(deployment, instance, asset: str) -> list[Path]:
    event = instance.get_latest_materialization_event(dg.AssetKey(asset.split("/")))
    return [
        deployment.store.locate(relative)
        for relative in event.asset_materialization.metadata["files"].value
    ]


@pytest.mark.parametrize(
    "asset", ["codecontests/test", "humaneval/schema", "humaneval/small", "humaneval/stats"]
)
def test_a_flipped_byte_in_any_file_of_an_asset_fails_its_checks_and_crashes_none(world, asset):
    deployment, defs, instance, _ = world
    for path in files_of(deployment, instance, asset):
        whole = path.read_bytes()
        damaged = bytearray(whole)
        damaged[len(whole) // 2] ^= 2
        path.write_bytes(damaged)
        found = run_checks(defs, instance, asset)
        path.write_bytes(whole)
        assert {name for _, name in found} == declared()[asset]
        bytes_match = found[asset, "bytes_match_materialized_digest"]
        assert not bytes_match.passed
        assert path.name in bytes_match.description


def test_a_second_run_leaves_every_byte_and_every_data_version(world):
    _, defs, instance, _ = world

    def versions():
        return {
            asset.key: instance.get_latest_materialization_event(
                asset.key
            ).asset_materialization.tags["dagster/data_version"]
            for asset in OURS
        }

    before = versions()
    keys = [asset.key for asset in OURS if asset.key.path[0] == "codecontests"]
    job = defs.resolve_implicit_global_asset_job_def()
    part = job.get_subset(asset_selection=set(keys), asset_check_selection=set())
    assert part.execute_in_process(instance=instance).success
    assert versions() == before


def recorded(instance) -> dict[str, dict[str, dg.MetadataValue]]:
    """Asset key -> what its page shows, in order."""
    made = {
        key: instance.get_latest_materialization_event(key) for key in instance.all_asset_keys()
    }
    return {
        key.to_user_string(): dict(event.asset_materialization.metadata)
        for key, event in made.items()
        if event
    }


def test_the_page_of_stats_begins_with_pictures_that_need_no_click(world):
    shown = recorded(world[2])
    for dataset in DATASETS:
        pictures = plot_names(dataset)
        first = list(shown[f"{dataset}/stats"].items())[: len(pictures) + 1]
        assert tuple(key for key, _ in first) == (*pictures, "quantiles")
        for _, value in first:
            assert isinstance(value, dg.MarkdownMetadataValue)
            assert len(value.value) < INLINE_CHARACTERS


def test_every_page_ends_with_where_it_lies_digests_and_listings(world):
    shown = recorded(world[2])
    assert len(shown) > len(DATASETS) * 5
    for asset, metadata in shown.items():
        keys = list(metadata)
        assert keys.index("size_bytes") < keys.index("storage_root") < keys.index("content_sha256")
        assert keys[-1] == "files", asset
        numbers = [key for key, of in metadata.items() if isinstance(of.value, int | float)]
        assert max(map(keys.index, numbers)) < keys.index("storage_root"), asset


def test_what_is_no_number_and_no_word_has_its_place_in_the_table(world):
    kinds = (dg.JsonMetadataValue, dg.MarkdownMetadataValue, dg.TableMetadataValue)
    for asset, metadata in recorded(world[2]).items():
        unplaced = {key for key, of in metadata.items() if isinstance(of, kinds)} - PLACES.keys()
        assert not unplaced, f"{asset}: give {unplaced} a place in wmtp_assets/page_order.py"


def test_no_key_runs_over_its_column(world):
    for asset, metadata in recorded(world[2]).items():
        assert [key for key in metadata if len(key) > MAX_KEY] == [], asset
