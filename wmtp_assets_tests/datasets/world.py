"""A tiny upstream, its catalog, and the storage made of it.

The counts of the catalog come from the plain reference. A dataset without rows here has those of
the sample.
"""

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import mistral_common

from wmtp_assets import published
from wmtp_assets.catalog import MAX_TOKENS, Catalog, Files
from wmtp_assets.checking.check_group import AssetState, CheckGroup
from wmtp_assets.checking.digests import Digests
from wmtp_assets.checking.findings import Finding
from wmtp_assets.datasets.convert.tokens import LengthFilter
from wmtp_assets.deployment import Deployment
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.record import file_facts
from wmtp_assets.sample.catalog import SAMPLE, SAMPLE_NOTICE
from wmtp_assets.sample.datasets import WRITERS
from wmtp_assets.store import Store
from wmtp_assets_tests.datasets.rows import MBPP, ROWS, write_parquet

TOKENIZER = Path(mistral_common.__file__).parent / "data" / "tokenizer.model.v1"
TOKENIZER_SHA256 = file_io.sha256_of(TOKENIZER)
FILTER = LengthFilter(TOKENIZER, TOKENIZER_SHA256, MAX_TOKENS)

FILES = {
    "codecontests": {
        "train": ("data/train-00000-of-00002-aa.parquet", "data/train-00001-of-00002-bb.parquet"),
        "valid": ("data/valid-00000-of-00001-cc.parquet",),
        "test": ("data/test-00000-of-00001-dd.parquet",),
    },
    "mbpp": {name: (f"full/{name}-00000-of-00001.parquet",) for name in MBPP},
    "humaneval": {"test": ("openai_humaneval/test-00000-of-00001.parquet",)},
}


def write_mirror(root: Path) -> None:
    """Write the repositories; several files share the rows of a split."""
    for row in published.PUBLISHED.datasets:
        if row.name not in FILES:
            WRITERS[row.name](root / row.repo.id)
        for split, paths in FILES.get(row.name, {}).items():
            rows = ROWS[row.name][split]
            half = len(rows) // len(paths)
            for place, path in enumerate(paths):
                end = (place + 1) * half if place + 1 < len(paths) else None
                write_parquet(row.name, rows[place * half : end], root / row.repo.id / path)


def tiny_catalog() -> Catalog:
    """The published catalog with the counts of the tiny rows."""
    from wmtp_assets_tests.datasets import reference

    datasets = []
    for row in published.PUBLISHED.datasets:
        if row.name not in FILES:
            repo = replace(row.repo, notice=SAMPLE_NOTICE)
            datasets.append(replace(row, repo=repo, splits=SAMPLE.dataset(row.name).splits))
            continue
        splits = []
        for split in row.splits:
            rows = ROWS[row.name][split.name]
            kept = reference.RECORDS[row.name](rows)
            labels = [record["is_correct"] for record in kept if "is_correct" in record]
            counted = {}
            if split.correct is not None:
                counted = {"correct": sum(labels), "incorrect": len(labels) - sum(labels)}
            paths = FILES[row.name][split.name]
            pattern = paths[0].split("-")[0] + "-*.parquet"
            splits.append(
                replace(
                    split,
                    files=Files(pattern, len(paths)),
                    source_rows=len(rows),
                    rows=len(kept),
                    small_limit=8 if split.name == "train" else 6,
                    **counted,
                )
            )
        repo = replace(row.repo, pins={}, notice=SAMPLE_NOTICE)
        datasets.append(replace(row, repo=repo, splits=tuple(splits)))
    return replace(
        published.PUBLISHED,
        name="sample",
        tokenizer_sha256=TOKENIZER_SHA256,
        datasets=tuple(datasets),
    )


def tiny_setup(root: Path, workers: int = 1) -> Deployment:
    """A deployment below a folder: mirror and tokenizer in place, nothing materialized."""
    write_mirror(root / "mirror")
    made = Store(root / "storage", root / "docs")
    deployment = Deployment(tiny_catalog(), MirrorSource(root / "mirror"), made, workers)
    tokenizer = made.model(deployment.catalog.model("ref_sheared").folder).tokenizer_model
    tokenizer.parent.mkdir(parents=True)
    shutil.copyfile(TOKENIZER, tokenizer)
    return deployment


def made_deployment(root: Path) -> Deployment:
    """A deployment whose datasets are all materialized, by the pure functions."""
    from wmtp_assets.datasets.convert.inputs import length_filter, raw_commit, source_files
    from wmtp_assets.datasets.convert.split import convert_split
    from wmtp_assets.datasets.schema.card import build_card
    from wmtp_assets.datasets.schema.croissant import build_croissant
    from wmtp_assets.datasets.schema.schema_json import build_schema, read_stored_splits
    from wmtp_assets.datasets.small.card import build_small_card
    from wmtp_assets.datasets.small.select import write_small_set
    from wmtp_assets.datasets.stats.inputs import summary_content
    from wmtp_assets.datasets.stats.plots import draw_plots
    from wmtp_assets.datasets.stats.summary import summary_bytes
    from wmtp_assets.hub.fetch import fetch_files

    deployment = tiny_setup(root)
    settings = length_filter(deployment.catalog, deployment.store)
    for row in deployment.catalog.datasets:
        folder = deployment.store.dataset(row.name)
        fetch_files(deployment.source, row.repo, row.raw, folder.raw, deployment.store.lock)
        commit = raw_commit(deployment.store, row)
        for split in row.splits:
            sources = source_files(deployment.store, row, split)
            convert_split(row.name, split.name, sources, folder, settings)
        small = {split.name: write_small_set(row.name, split, folder) for split in row.splits}
        small_card = build_small_card(row, commit, small)
        file_io.write_bytes(folder.small / "README.md", small_card)
        splits = read_stored_splits(row, folder)
        schema = build_schema(row, commit, splits, settings)
        file_io.write_json(folder.processed / "schema.json", schema)
        file_io.write_json(folder.processed / "croissant.json", build_croissant(row, splits))
        card = build_card(row, commit, splits, settings)
        file_io.write_bytes(folder.processed / "README.md", card)
        for name, png in draw_plots(row.name, splits, MAX_TOKENS).items():
            file_io.write_bytes(folder.stats / f"{DAY}_{name}.png", png)
    for row in deployment.catalog.datasets:  # a summary names the digests of the other datasets
        folder = deployment.store.dataset(row.name)
        splits = read_stored_splits(row, folder)
        content = summary_content(deployment.catalog, deployment.store, row.name, splits)
        file_io.write_bytes(folder.stats / f"{DAY}_summary.json", summary_bytes(content, DAY))
    return deployment


DAY = "2025-11-14"


def copied(deployment: Deployment, root: Path) -> Deployment:
    """A copy of a storage to be damaged."""
    shutil.copytree(deployment.store.root, root / "storage")
    return replace(deployment, store=Store(root / "storage", root / "docs"))


def judge(
    deployment: Deployment, groups: Iterable[CheckGroup], files: Iterable[Path]
) -> dict[str, Finding]:
    """Decide check groups as `wmtp_assets.checking.asset_checks` does, without a record.

    Args:
        files: The files of the asset, taken as materialized the way they are now.
    """
    recorded = {deployment.store.relative(p): file_facts(file_io.stored(p)) for p in files}
    state = AssetState({}, recorded, Digests(deployment.store, recorded, deep=True))
    findings = {}
    for group in groups:
        try:
            found = group.evaluate(deployment, state)
        except (BadInput, OSError) as error:
            found = dict.fromkeys(group.propositions, Finding(False, str(error)))
        assert found.keys() == group.propositions.keys()
        findings |= found
    return findings


def lines_of(path: Path) -> list[bytes]:
    """The lines of a file, split at line feeds only."""
    return path.read_bytes().split(b"\n")[:-1]
