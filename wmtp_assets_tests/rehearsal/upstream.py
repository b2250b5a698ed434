"""A mirror that holds what upstream really published, as far as it is here, and its catalog.

MBPP, HumanEval, the tokenizer and the small files of Sheared-LLaMA are the real bytes; MBPP's
parquet files are written anew from the published JSON lines. Weights and CodeContests come from the
sample's generator: the published names and columns, small. `REPLACED` names each row of the
published catalog that therefore cannot be the published one.
"""

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wmtp_assets.catalog import Catalog, Dataset, Model, Repo
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.files import file_io
from wmtp_assets.hub.sources import LISTING_NAME
from wmtp_assets.models.rows import REQUIRED
from wmtp_assets.published import PUBLISHED
from wmtp_assets.sample import checkpoints, mbpp
from wmtp_assets.sample.catalog import SAMPLE
from wmtp_assets.sample.datasets import WRITERS
from wmtp_assets_tests.catalogs import with_rows

PROJECT = Path(__file__).parents[2]
FILES = Path(os.environ.get("WMTP_UPSTREAM_FILES", PROJECT.parent / "shared" / "upstream"))
MBPP_JSONL = FILES / "mbpp" / "mbpp.jsonl"
LLAMA = FILES / "meta-llama-mtp" / "tokenizer.model"
SHEARED = FILES / "ref-sheared-llama-2.7b"

# Split -> first and last task_id, as the authors divided their 974 problems.
MBPP_SPLITS = {
    "prompt": (1, 10),
    "test": (11, 510),
    "validation": (511, 600),
    "train": (601, 974),
}
# The real files of Sheared-LLaMA that do not state the size of the model.
SHEARED_FILES = (
    "generation_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
)
NEEDED = (MBPP_JSONL, LLAMA, *(SHEARED / name for name in SHEARED_FILES))
MISSING = [str(path) for path in NEEDED if not path.is_file()]
needs_upstream = pytest.mark.skipif(
    bool(MISSING), reason=f"no real upstream files: {', '.join(MISSING)} (set WMTP_UPSTREAM_FILES)"
)

SMALL_MODEL = "the weights are the sample's, 61 million parameters under the published names"
OTHER_WRITER = "rows as published, in a parquet file that another writer wrote"
NOTHING_REAL = "the problems are the sample's, under the published columns"
# Rows of which some files are the published ones; all files of the others are the sample's.
REAL_MODELS, REAL_DATASETS = ("meta_mtp", "ref_sheared"), ("mbpp", "humaneval")


def _not_published() -> dict[tuple[str, str], str]:
    """(row, field) of PUBLISHED that is another one here -> why."""
    found = {
        ("meta_mtp", "pins of 7B_1T_4/params.json"): SMALL_MODEL,
        ("ref_sheared", "pins of config.json"): SMALL_MODEL,
        ("ref_sheared", "pins of pytorch_model.bin.index.json"): SMALL_MODEL,
        ("mbpp", "pins of full/*"): OTHER_WRITER,
    }
    sizes = dict.fromkeys(REQUIRED, ("geometry", "parameters", "raw_bytes"))
    sizes |= dict.fromkeys(DATASETS.keys() - set(REAL_DATASETS), ("splits", "raw_bytes"))
    for name, parts in sizes.items():
        published, sample = PUBLISHED.row(name), SAMPLE.row(name)
        reason = SMALL_MODEL if name in REQUIRED else NOTHING_REAL
        for part in parts:
            if getattr(published, part) != getattr(sample, part):
                found[name, part] = reason
        if published.repo.pins and name not in REAL_MODELS:
            found[name, "pins of *"] = reason
    return found


REPLACED = _not_published()


def rehearsal_catalog() -> Catalog:
    """The published catalog with the rows of `REPLACED` taken from the sample's, or left out."""
    rows = {name: PUBLISHED.row(name) for name, _ in REPLACED}
    for (name, what), _ in REPLACED.items():
        if what.startswith("pins of "):
            rows[name] = _without_pins(rows[name], what.removeprefix("pins of "))
        else:
            rows[name] = replace(rows[name], **{what: getattr(SAMPLE.row(name), what)})
    return with_rows(PUBLISHED, *rows.values())


def _without_pins(row: Model | Dataset, pattern: str) -> Model | Dataset:
    kept = {path: sha for path, sha in row.repo.pins.items() if not Path(path).match(pattern)}
    assert len(kept) < len(row.repo.pins), f"no pin of {row.repo.id} is {pattern}"
    return replace(row, repo=replace(row.repo, pins=kept))


def write_mirror(root: Path, catalog: Catalog) -> None:
    """Write all repositories but those of optional models."""
    for name, row in REQUIRED.items():
        folder = root / catalog.model(name).repo.id
        folder.mkdir(parents=True)
        checkpoints.WRITERS[name](folder, SAMPLE.model(name))
        if row.form.has_tokenizer:
            shutil.copyfile(LLAMA, folder / LLAMA.name)
    for name in SHEARED_FILES:
        shutil.copyfile(SHEARED / name, root / catalog.model("ref_sheared").repo.id / name)
    writers = {**WRITERS, "mbpp": lambda folder: write_mbpp(folder, read_mbpp())}
    for row in catalog.datasets:
        writers[row.name](root / row.repo.id)
    models = (catalog.model(name) for name in REQUIRED)
    write_listing(root, [row.repo for row in (*models, *catalog.datasets)])


def write_mbpp_mirror(root: Path, catalog: Catalog, problems: Iterable[Mapping[str, Any]]) -> None:
    """Write what MBPP and its statistics need: these problems, and the tokenizer."""
    sheared = root / catalog.model("ref_sheared").repo.id
    sheared.mkdir(parents=True)
    shutil.copyfile(LLAMA, sheared / LLAMA.name)
    write_mbpp(root / catalog.dataset("mbpp").repo.id, problems)
    write_listing(root, [catalog.model("ref_sheared").repo, catalog.dataset("mbpp").repo])


def read_mbpp() -> list[dict[str, Any]]:
    """The 974 problems as published; only a line feed ends a line."""
    return [json.loads(line) for line in MBPP_JSONL.read_bytes().split(b"\n") if line]


def write_mbpp(folder: Path, problems: Iterable[Mapping[str, Any]]) -> None:
    """Write one parquet file per split into `folder/full`, with the published schema."""
    (folder / "full").mkdir(parents=True)
    problems = list(problems)
    for split, (first, last) in MBPP_SPLITS.items():
        rows = [row for row in problems if first <= row["task_id"] <= last]
        table = pa.Table.from_pylist(rows, schema=mbpp.schema())
        pq.write_table(table, folder / "full" / f"{split}-00000-of-00001.parquet")


def write_listing(root: Path, repos: Iterable[Repo]) -> None:
    """State the digest of every file, at the commit of the catalog where it has one."""
    listing = {}
    for repo in repos:
        folder = root / repo.id
        files = {
            path.relative_to(folder).as_posix(): file_io.stored(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        content = file_io.content_digest({name: of.sha256 for name, of in files.items()})
        digest = content.removeprefix("sha256:")[:40]
        listing[repo.id] = {
            "commit": digest if repo.revision == "main" else repo.revision,
            "files": {
                name: {"size_bytes": of.size_bytes, "sha256": of.sha256}
                for name, of in files.items()
            },
        }
    file_io.write_json(root / LISTING_NAME, listing)
