"""The ways from parquet to JSONL that `benchmarks.datasets` compares, one process each.

    python -m benchmarks.datasets_ways project|reference|map|tuetoken|... RAW OUT

Prints one JSON object: the path of the JSONL, and what was written: rows, and where the way counts
them so, their tokens by field. RAW is a folder of train-*.parquet, OUT the folder that receives
everything written.
"""

import argparse
import json
from functools import partial
from pathlib import Path

from benchmarks import datasets_pipeline
from benchmarks.reference import COLUMNS, MAX_TOKENS

PROCESSES = 2


def tokenizer_path() -> Path:
    """A vocabulary of LLaMA's form that comes with a package (domain facts, tokenizer)."""
    import mistral_common

    return Path(mistral_common.__file__).parent / "data" / "tokenizer.model.v1"


def convert_by_reference(sources: list[Path], out: Path) -> tuple[dict, Path]:
    """`benchmarks.reference`: lists, three encodes a row, and three more for the statistics."""
    from benchmarks.reference import convert_codecontests

    jsonl = out / "train.jsonl"
    return {"rows": convert_codecontests(sources, jsonl, tokenizer_path())["rows"]}, jsonl


def convert_by_map(sources: list[Path], out: Path) -> tuple[dict, Path]:
    """What a user of `datasets` writes: map that expands rows, filter, to_json.

    Only the needed columns are loaded, which such a user may not think of. Names that repeat are
    not numbered across batches, and token statistics are not made.
    """
    import datasets
    import sentencepiece

    from benchmarks.reference import codecontests_records

    datasets.disable_progress_bars()
    processor = sentencepiece.SentencePieceProcessor(model_file=str(tokenizer_path()))

    def expand(batch: dict) -> dict:
        columns = zip(*batch.values(), strict=True)
        records = codecontests_records([dict(zip(batch, row, strict=True)) for row in columns])
        keys = ("instruction", "input", "output", "task_id", "is_correct", "metadata")
        return {key: [record[key] for record in records] for key in keys}

    def fits(row: dict) -> bool:
        texts = row["instruction"], row["input"], row["output"]
        return sum(len(processor.encode(text)) for text in texts) <= MAX_TOKENS

    loaded = datasets.load_dataset(
        "parquet",
        data_files=[str(path) for path in sources],
        columns=list(COLUMNS),
        split="train",
        cache_dir=str(out / "cache"),
    )
    rows = loaded.map(
        expand,
        batched=True,
        batch_size=10,
        remove_columns=loaded.column_names,
        num_proc=PROCESSES,
    )
    rows = rows.filter(fits, num_proc=PROCESSES)
    rows.to_json(out / "train.jsonl", num_proc=PROCESSES, force_ascii=False)
    return {"rows": len(rows)}, out / "train.jsonl"


def convert_by_pipeline(sources: list[Path], out: Path, counter: str) -> tuple[dict, Path]:
    """A competent pipeline (`benchmarks.datasets_pipeline`)."""
    made = datasets_pipeline.convert(sources, out, counter, tokenizer_path(), PROCESSES)
    return made, out / "train.jsonl"


def convert_by_project(sources: list[Path], out: Path) -> tuple[dict, Path]:
    """The project's conversion: line metadata, digests and statistics included."""
    from wmtp_assets.datasets.convert.split import convert_split
    from wmtp_assets.datasets.convert.tokens import LengthFilter
    from wmtp_assets.files import file_io
    from wmtp_assets.folders import DatasetFolder

    tokenizer = tokenizer_path()
    settings = LengthFilter(tokenizer, file_io.sha256_of(tokenizer), MAX_TOKENS)
    folder = DatasetFolder(out, out / "small")
    made = convert_split("codecontests", "train", sources, folder, settings, workers=PROCESSES)
    lengths = made.stats["token_lengths"]
    tokens = {
        field: sum(int(length) * rows for length, rows in lengths[field].items())
        for field in datasets_pipeline.TEXTS
    }
    return {"rows": made.stats["rows"], **tokens}, made.files[0].path


WAYS = {
    "reference": convert_by_reference,
    "map": convert_by_map,
    "project": convert_by_project,
    **{name: partial(convert_by_pipeline, counter=name) for name in datasets_pipeline.COUNTERS},
}


def main() -> None:
    """Parse the command line, convert, print the rows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.datasets_ways")
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("raw", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    sources = sorted(options.raw.glob("train-*.parquet"))
    made, jsonl = WAYS[options.way](sources, options.out)
    print(json.dumps({"jsonl": str(jsonl), "made": made}))


if __name__ == "__main__":
    main()
