"""The mirror that a job of `benchmarks.jobs` reads, and the catalog of what it holds.

The catalog is the published one with the counts of what was generated. They do not come from the
project: records are those of `benchmarks.reference`, tuetoken and sentencepiece count the tokens.

| job | of the published shape | of the embedded sample |
|---|---|---|
| datasets | CodeContests (`datasets_shards`), its splits in proportion | the rest |
| models | Meta MTP and Sheared-LLaMA, with as many blocks as the scale gives | the rest |
"""

import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import datasets_pipeline
from benchmarks.checkpoints_files import write_checkpoint
from benchmarks.datasets_shards import PROBLEMS_A_NAME, Shard, plan_shards, write_shard
from benchmarks.reference import MAX_TOKENS, codecontests_records
from wmtp_assets.catalog import Catalog, Dataset, Files, Model, Split
from wmtp_assets.models.tensor_shapes import Shapes, parameters
from wmtp_assets.published import PUBLISHED
from wmtp_assets.sample import checkpoints
from wmtp_assets.sample.catalog import SAMPLE
from wmtp_assets.sample.datasets import WRITERS
from wmtp_assets.sample.installed import file_of_package
from wmtp_assets.sample.mirror import write_mirror

# Of a problem: parquet in the mirror and in the storage, 281 lines of JSONL, parts that wait.
PROBLEM_BYTES = 2 * 560_000 + 281 * 4_200 + 300_000
# The micro models, the record, the rest of the sample.
OTHER_BYTES = 1_000_000_000
# The fewest that a micro model is cut out of.
FEWEST_BLOCKS = 4
# Model -> the setting that says how many blocks it has.
BLOCKS = {"meta_mtp": "n_layers", "ref_sheared": "num_hidden_layers"}
# Far apart: no split has the numbers, and so the names, of another one.
SPLITS_APART = 1_000 * PROBLEMS_A_NAME
# Of 20,000 programs over 800 bytes none had less than 1.59, half had more than 2.5.
LEAST_BYTES_A_TOKEN = 1.4
# So near to the limit sentencepiece has the word.
NEAR_TOKENS = 64


def write_datasets(mirror: Path, problems: int, workers: int) -> Catalog:
    """Write what job `datasets` reads: `problems` is that of the train split."""
    tokenizer = file_of_package(*checkpoints.TOKENIZER, distribution="mistral-common")
    # Before the mirror, which is written by threads: processes are forked here.
    shards = mirror.with_name("shards")
    splits = _write_splits(shards, problems, workers, tokenizer)
    raw_bytes = sum(path.stat().st_size for path in shards.iterdir())
    row = replace(SAMPLE.dataset("codecontests"), splits=splits, raw_bytes=raw_bytes)
    model = SAMPLE.model("ref_sheared")
    writers = {dataset.repo.id: WRITERS[dataset.name] for dataset in SAMPLE.datasets} | {
        row.repo.id: lambda folder: os.rename(shards, folder / "data"),
        model.repo.id: lambda folder: shutil.copyfile(tokenizer, folder / "tokenizer.model"),
    }
    write_mirror(mirror, writers)
    return _catalog(row)


def _write_splits(folder: Path, problems: int, workers: int, tokenizer: Path) -> tuple[Split, ...]:
    """Write CodeContests; valid and test are as much smaller than train as the published ones."""
    published = PUBLISHED.dataset("codecontests").splits
    folder.mkdir(parents=True)
    made = []
    for split, numbers in zip(published, problem_numbers(problems), strict=True):
        shards = plan_shards(folder, split.name, numbers)
        with ProcessPoolExecutor(workers) as pool:
            labels = sum(pool.map(partial(write_counted, tokenizer=tokenizer), shards), Counter())
        made.append(
            Split(
                split.name,
                Files(f"data/{split.name}-*.parquet", len(shards)),
                source_rows=len(numbers),
                rows=labels.total(),
                correct=labels[True],
                incorrect=labels[False],
                small_limit=split.small_limit,
            )
        )
    return tuple(made)


def problem_numbers(problems: int) -> list[range]:
    """The problems of train, valid and test, where train has so many."""
    published = [split.source_rows for split in PUBLISHED.dataset("codecontests").splits]
    counts = [max(1, problems * rows // published[0]) for rows in published]
    return [
        range(place * SPLITS_APART, place * SPLITS_APART + count)
        for place, count in enumerate(counts)
    ]


def write_counted(shard: Shard, tokenizer: Path) -> Counter:
    """Write a file; returns `is_correct` -> its records that pass the token filter.

    Only records that could be too long are encoded, one in ten: by tuetoken, which takes a
    quarter of the time. Were one counted wrongly, the job would fail on the count of its split.
    """
    from sentencepiece import SentencePieceProcessor

    exact = SentencePieceProcessor(model_file=str(tokenizer)).encode
    quick = datasets_pipeline.tuetoken(tokenizer)
    labels: Counter = Counter()

    def fits(prompt: int, text: str) -> bool:
        if prompt + len(text.encode()) / LEAST_BYTES_A_TOKEN <= MAX_TOKENS:
            return True
        over = prompt + quick([text])[0] - MAX_TOKENS
        return over < 0 if abs(over) > NEAR_TOKENS else prompt + len(exact(text)) <= MAX_TOKENS

    def count(row: dict) -> None:
        records = codecontests_records([row])
        prompt = sum(len(exact(records[0][key])) for key in ("instruction", "input") if records)
        labels.update(r["is_correct"] for r in records if fits(prompt, r["output"]))

    write_shard(shard, count)
    return labels


def datasets_disk_bytes(problems: int) -> int:
    """The disk that job `datasets` and its mirror take at most, with so many problems in train."""
    return OTHER_BYTES + problems * PROBLEM_BYTES


def models_disk_bytes(*scales: float | None) -> int:
    """The same of job `models`: the mirror, its copy, and half of it as float16.

    Args:
        scales: As for `write_models`.
    """
    rows = map(model_row, BLOCKS, scales)
    return OTHER_BYTES + sum(5 * row.raw_bytes // 2 for row in rows)


def write_models(mirror: Path, *scales: float | None) -> Catalog:
    """Write what job `models` reads.

    Args:
        scales: Of Meta MTP and of Sheared-LLaMA: the share of the published blocks, of their
            published width; None for the sample's model as it is.
    """
    rows = {name: model_row(name, scale) for name, scale in zip(BLOCKS, scales, strict=True)}
    mbpp = SAMPLE.dataset("mbpp")
    writers = {row.repo.id: partial(write_model, row=row) for row in rows.values()}
    write_mirror(mirror, writers | {mbpp.repo.id: WRITERS[mbpp.name]})
    return _catalog(*rows.values())


def model_row(name: str, scale: float | None) -> Model:
    """The row of a model with a share of its published blocks; None for the sample's."""
    sample, published, setting = SAMPLE.model(name), PUBLISHED.model(name), BLOCKS[name]
    if scale is None:
        return sample
    blocks = max(FEWEST_BLOCKS, round(scale * published.geometry[setting]))
    geometry = {**published.geometry, setting: blocks}
    values = parameters(published.implementation.shapes(geometry))
    return replace(sample, geometry=geometry, parameters=values, raw_bytes=4 * values)


def write_model(folder: Path, row: Model) -> None:
    """Write the sample's repository, then its weights and settings in the size of the row."""
    sample = SAMPLE.model(row.name)
    checkpoints.WRITERS[row.name](folder, sample)
    if row == sample:
        return
    checkpoint, shapes = folder / row.checkpoint, row.implementation.shapes(row.geometry)
    if checkpoint.suffix != ".json":
        write_checkpoint(checkpoint, shapes)
        _update_json(checkpoint.with_name("params.json"), row.geometry)
        return
    # Two shards of half the tensors each.
    shards: dict[str, Shapes] = {shard: {} for shard in checkpoints.SHARDS}
    for place, (name, shape) in enumerate(shapes.items()):
        shards[checkpoints.SHARDS[place * 2 // len(shapes)]][name] = shape
    for shard, mine in shards.items():
        write_checkpoint(folder / shard, mine)
    weight_map = {name: shard for shard, mine in shards.items() for name in mine}
    _update_json(checkpoint, {"metadata": {"total_size": row.raw_bytes}, "weight_map": weight_map})
    _update_json(folder / "config.json", row.geometry)


def _update_json(path: Path, changed: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(json.loads(path.read_bytes()) | dict(changed), indent=2) + "\n")


def _catalog(*rows: Model | Dataset) -> Catalog:
    """The sample's catalog with these rows; as the published one it runs in several processes."""
    ours = {row.name: row for row in rows}
    return replace(
        SAMPLE,
        name="published",
        models=tuple(ours.get(row.name, row) for row in SAMPLE.models),
        datasets=tuple(ours.get(row.name, row) for row in SAMPLE.datasets),
    )
