"""Every small file of a storage, its mirror and its copy, and what reads it.

    file ──> looks: each a function that reads it, and ends in BadInput, or in an answer: False
             where it found something wrong

The storages are the tiny ones that other tests use; a file is damaged in its place, and where two
files have to have the same bytes, in both.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import dagster as dg

from wmtp_assets.checking.asset_checks import evaluate_group
from wmtp_assets.checking.check_group import AssetState, CheckGroup
from wmtp_assets.checking.digests import Digests
from wmtp_assets.content_version import content_version
from wmtp_assets.datasets.checks import split_check_groups
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.schema.checks import schema_check_groups
from wmtp_assets.datasets.small.checks import small_check_groups
from wmtp_assets.datasets.stats.checks import stats_check_groups
from wmtp_assets.deployment import Deployment
from wmtp_assets.files import file_io
from wmtp_assets.raw.checks import locked_files
from wmtp_assets.record import FILES, as_metadata, file_facts
from wmtp_assets_tests.datasets.world import made_deployment
from wmtp_assets_tests.fuzzing.copies import approved_targets, mirror_targets, view_targets
from wmtp_assets_tests.fuzzing.target import Look, Target
from wmtp_assets_tests.models.micro.conftest import ROWS, small_rows
from wmtp_assets_tests.models.tiny import CHECK_GROUPS, TinyStorage


def all_targets(root: Path) -> list[Target]:
    """Make the storages below a folder; every small file of them."""
    targets = [
        *model_targets(root / "models"),
        *dataset_targets(root / "datasets"),
        *mirror_targets(root / "mirrored"),
        *approved_targets(root / "approved"),
        *view_targets(root / "viewed"),
    ]
    return sorted(targets, key=lambda target: target.kind)


META, REF, STARLING = "meta-llama-mtp", "ref-sheared-llama-2.7b", "starling-rm-7b"
# File below models_v2, or two that are alike -> what reads it: all quick checks of an asset, or the
# reading of one check.
EQUAL, OPENS = "tensors_equal_source", "opens_with_transformers"
RUNS, IDS = "forward_pass_is_finite_with_gradients", "tokenizer_json_ids_equal_sentencepiece"
AUTO_IDS, RHO1 = "auto_tokenizer_ids_equal_sentencepiece", "rho1_compatible"
MODEL_FILES: dict[tuple[str, ...], tuple[str, ...]] = {
    (f"{META}/configs/params.json",): (
        *("meta_mtp/configs", "meta_mtp/safetensors", f"meta_mtp/safetensors {EQUAL}"),
        *("meta_mtp/metadata", "micro_mtp", "micro_mtp tensors_equal_slices_of_source"),
    ),
    (f"{META}/configs/meta_adapter.yaml",): ("meta_mtp/configs", "meta_mtp/metadata"),
    (f"{META}/metadata.json",): ("meta_mtp/metadata",),
    (f"{META}/README.md",): ("meta_mtp/metadata",),
    (f"{META}/safetensors/SHA256SUMS",): (
        *("meta_mtp/safetensors", "meta_mtp/metadata", "micro_mtp"),
    ),
    (f"{REF}/raw/pytorch_model.bin.index.json",): (f"ref_sheared/safetensors {EQUAL}",),
    (f"{REF}/raw/config.json",): ("ref_sheared/configs",),
    (f"{REF}/raw/generation_config.json",): ("ref_sheared/configs",),
    (f"{REF}/configs/config.json",): (
        *("ref_sheared/configs", "ref_sheared/safetensors", f"ref_sheared/safetensors {OPENS}"),
        *("ref_sheared/metadata", "micro_ref"),
    ),
    (f"{REF}/configs/config.json", f"{REF}/safetensors/config.json"): (
        f"ref_sheared/safetensors {OPENS}",
    ),
    (f"{REF}/configs/generation_config.json", f"{REF}/safetensors/generation_config.json"): (
        f"ref_sheared/safetensors {OPENS}",
    ),
    (f"{REF}/tokenizer/tokenizer_config.json", f"{REF}/safetensors/tokenizer_config.json"): (
        *("ref_sheared/tokenizer", f"ref_sheared/tokenizer {AUTO_IDS}"),
        f"ref_sheared/safetensors {OPENS}",
    ),
    (f"{REF}/tokenizer/tokenizer.json",): (
        *("ref_sheared/tokenizer", f"ref_sheared/tokenizer {IDS}"),
        f"ref_sheared/tokenizer {AUTO_IDS}",
    ),
    (f"{REF}/tokenizer/tokenizer.model",): (
        *("ref_sheared/tokenizer", f"ref_sheared/tokenizer {IDS}", "meta_mtp/metadata"),
        f"ref_sheared/tokenizer {AUTO_IDS}",
    ),
    (f"{REF}/metadata.json",): ("ref_sheared/metadata",),
    (f"{REF}/safetensors/SHA256SUMS",): ("ref_sheared/safetensors", "ref_sheared/metadata"),
    (f"{STARLING}/configs/config.json",): (
        *("starling_rm/configs", "starling_rm/safetensors", "starling_rm/metadata"),
    ),
    (f"{STARLING}/metadata.json",): ("starling_rm/metadata",),
    ("micro-mtp/configs/params.json",): ("micro_mtp", f"micro_mtp {RUNS}", "micro_mtp_untied"),
    ("micro-mtp/configs/config.json",): ("micro_mtp",),
    ("micro-mtp/metadata.json",): ("micro_mtp",),
    ("micro-mtp/README.md",): ("micro_mtp",),
    ("micro-mtp/safetensors/SHA256SUMS",): ("micro_mtp", "micro_mtp_untied"),
    ("micro-mtp/tokenizer/tokenizer_config.json",): ("micro_mtp", f"micro_ref {RHO1}"),
    ("micro-ref/configs/config.json", "micro-ref/safetensors/config.json"): (
        *("micro_ref", f"micro_ref {RUNS}", "micro_ref_untied"),
    ),
    ("micro-ref/metadata.json",): ("micro_ref",),
    ("micro-ref/safetensors/SHA256SUMS",): ("micro_ref", "micro_ref_untied"),
}
# What reads every value, or opens a model or a vocabulary.
SLOW = frozenset({"all_values_are_finite", OPENS, RUNS, IDS, AUTO_IDS, RHO1})


def model_targets(root: Path) -> Iterator[Target]:
    tiny = TinyStorage(root)
    rows = small_rows(tiny)
    rows.parent.mkdir(parents=True, exist_ok=True)
    rows.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS), "utf-8")
    for files, assets in MODEL_FILES.items():
        kind = "two alike: " if len(files) > 1 else ""
        looks: dict[str, Look] = {}
        for asset in assets:
            looks |= _model_looks(tiny, *asset.split(" "))
        yield Target(kind + Path(files[0]).name, tuple(map(tiny.path, files)), looks)
    yield Target("a small set", (rows,), _model_looks(tiny, "micro_ref", RHO1))
    lock = tiny.deployment.store.lock
    looks = _lock_looks(tiny.deployment)
    for asset in CHECK_GROUPS:
        if asset.endswith("metadata") or asset.startswith("micro"):
            looks |= _model_looks(tiny, asset, "metadata_agrees_with_disk")
    yield Target(lock.name, (lock,), looks)


def _model_looks(tiny: TinyStorage, key: str, only: str = "") -> dict[str, Look]:
    """Every reading of an asset, or the one that decides a proposition."""

    def look(group: CheckGroup) -> Look:
        return lambda: _result(group, tiny.deployment, tiny.state(key))

    chosen = [
        group
        for group in CHECK_GROUPS[key]
        if (only in group.propositions if only else not SLOW & group.propositions.keys())
    ]
    return {f"{key} {next(iter(group.propositions))}": look(group) for group in chosen}


def _result(group: CheckGroup, deployment: Deployment, state: AssetState) -> bool:
    """Whether all checks of a reading pass; their results are made as the check step makes them."""
    content_version(state.digests, deployment.store.locate)
    results = [
        dg.AssetCheckResult(
            asset_key="x",
            check_name=name,
            passed=found.passed,
            description=found.summary,
            metadata=as_metadata(found.evidence),
        )
        for name, found in evaluate_group(group, deployment, state).items()
    ]
    return all(result.passed for result in results)


def _lock_looks(deployment: Deployment) -> dict[str, Look]:
    rows = (*deployment.catalog.models, *deployment.catalog.datasets)
    there = file_io.read_json(deployment.store.lock)["repos"]

    def look(row) -> Look:
        return lambda: locked_files(deployment.store, row.repo, row.raw)

    return {f"lock {row.repo.id}": look(row) for row in rows if row.repo.id in there}


def dataset_targets(root: Path) -> Iterator[Target]:
    deployment = made_deployment(root)
    for row in deployment.catalog.datasets:
        yield from _dataset_targets(deployment, row.name)
    lock = deployment.store.lock
    looks = _lock_looks(deployment)
    folder = deployment.store.dataset("mbpp")
    looks |= _dataset_looks(deployment, schema_check_groups(dataset="mbpp"), [folder.processed])
    yield Target(lock.name, (lock,), looks)


def _dataset_targets(deployment: Deployment, name: str) -> Iterator[Target]:
    folder = deployment.store.dataset(name)
    schema = _dataset_looks(deployment, schema_check_groups(dataset=name), [folder.processed])
    small = _dataset_looks(deployment, small_check_groups(dataset=name), [folder.small])
    stats = _dataset_looks(deployment, stats_check_groups(dataset=name), [folder.stats])
    for split in DATASETS[name].splits[:2]:
        groups = split_check_groups(dataset=name, split=split)
        files = [folder.jsonl(split), folder.line_metadata(split)]
        looks = _dataset_looks(deployment, groups, files)
        yield Target("<split>.jsonl", (folder.jsonl(split),), looks | small | stats)
        line_metadata = (folder.line_metadata(split),)
        yield Target("<split>_metadata.json", line_metadata, looks | schema | small | stats)
        yield Target("<split>_small.jsonl", (folder.small_jsonl(split),), small)
        yield Target("<split>_small_metadata.json", (folder.small_line_metadata(split),), small)
    for file in ("schema.json", "croissant.json", "README.md"):
        yield Target(file, (folder.processed / file,), schema)
    yield Target("README.md of a small set", (folder.small / "README.md",), small)
    [summary] = folder.stats.glob("*_summary.json")
    yield Target("summary.json", (summary,), stats)
    yield Target("plot", (next(folder.stats.glob("*.png")),), stats)


def _dataset_looks(
    deployment: Deployment, groups: Iterable[CheckGroup], places: Sequence[Path]
) -> dict[str, Look]:
    files = [p for place in places for p in ([place] if place.is_file() else place.iterdir())]
    recorded = {deployment.store.relative(p): file_facts(file_io.stored(p)) for p in files}

    def look(group: CheckGroup) -> Look:
        def state() -> object:
            now = AssetState(
                {FILES: recorded}, recorded, Digests(deployment.store, recorded, deep=True)
            )
            return _result(group, deployment, now)

        return state

    return {f"{places[0]} {next(iter(r.propositions))}": look(r) for r in groups}
