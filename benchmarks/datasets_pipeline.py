"""CodeContests to JSONL as a competent engineer writes it in an afternoon.

Two processes, ten problems at a time of the columns that are needed, the prompt counted once a
problem, orjson, parts joined in order; names that repeat are numbered over the whole split. The
JSONL has the bytes of the project's.

Not made, and so not paid for, other than by the project: line metadata, statistics, the digest of
the JSONL, its way to the disk, a proof of the counts, a culprit for a damaged file.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.reference import COLUMNS, MAX_TOKENS, codecontests_records

TEXTS = ("instruction", "input", "output")
# Texts -> the number of tokens of each.
Count = Callable[[Sequence[str]], list[int]]


def tuetoken(model: Path) -> Count:
    """The fastest that was found; a text at a time, because a list is no faster."""
    import tempfile

    from tuetoken import Tokenizer

    from wmtp_assets.datasets.convert.tokenizer_json import tokenizer_json

    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(tokenizer_json(model.read_bytes()))
        file.flush()
        count = Tokenizer(file.name).count_tokens
    return lambda texts: list(map(count, texts))


def sentencepiece(model: Path) -> Count:
    """The definition; a text at a time, because it starts a thread for a list."""
    from sentencepiece import SentencePieceProcessor

    encode = SentencePieceProcessor(model_file=str(model)).encode
    return lambda texts: [len(encode(text)) for text in texts]


def tokenizers(model: Path) -> Count:
    """Its fastest batch, without offsets; one thread, because there are two processes."""
    import os

    from tokenizers import Tokenizer

    from wmtp_assets.models.tokenizer.files import read_vocabulary, tokenizer_json

    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    encode = Tokenizer.from_buffer(tokenizer_json(read_vocabulary(model))).encode_batch_fast
    return lambda texts: [len(one) for one in encode(texts, add_special_tokens=False)]


COUNTERS = {"tuetoken": tuetoken, "sentencepiece": sentencepiece, "tokenizers": tokenizers}
_count: Count


def convert(sources: Sequence[Path], out: Path, counter: str, model: Path, processes: int) -> dict:
    """Convert files to `out`/train.jsonl.

    Args:
        counter: One of `COUNTERS`.
        model: tokenizer.model.

    Returns:
        Field -> the tokens of all rows that were kept; `rows`, their number.
    """
    import pyarrow.parquet as pq

    names = [pq.read_table(path, columns=["name"])["name"].to_pylist() for path in sources]
    written = iter(numbered([name for of_file in names for name in of_file]))
    work = []
    for path, of_file in zip(sources, names, strict=True):
        mine, first = [next(written) for _ in of_file], 0
        metadata = pq.ParquetFile(path).metadata
        for group in range(metadata.num_row_groups):
            end = first + metadata.row_group(group).num_rows
            work.append((path, group, mine[first:end], out / f"part-{len(work)}"))
            first = end
    totals: Counter = Counter()
    with (
        ProcessPoolExecutor(processes, initializer=_load, initargs=(counter, model)) as pool,
        open(out / "train.jsonl", "wb") as whole,
    ):
        for unit, found in zip(work, pool.map(_convert_row_group, work), strict=True):
            totals += found
            with open(unit[-1], "rb") as part:
                shutil.copyfileobj(part, whole, 1 << 20)
            unit[-1].unlink()
    return dict(totals)


def numbered(names: Sequence[str]) -> list[str]:
    """The name that each problem of a split is written with."""
    published, seen = set(names), Counter()
    written = []
    for name in names:
        seen[name] += 1
        while seen[name] > 1 and f"{name}__{seen[name]}" in published:
            seen[name] += 1
        written.append(name if seen[name] == 1 else f"{name}__{seen[name]}")
    return written


def _load(counter: str, model: Path) -> None:
    global _count
    _count = COUNTERS[counter](model)


def _convert_row_group(unit: tuple[Path, int, list[str], Path]) -> Counter:
    import orjson
    import pyarrow.parquet as pq

    path, group, names, part = unit
    totals: Counter = Counter()
    left = iter(names)
    with open(part, "wb") as out:
        batches = pq.ParquetFile(path).iter_batches(10, row_groups=[group], columns=list(COLUMNS))
        for problem in (problem for batch in batches for problem in batch.to_pylist()):
            records = codecontests_records([problem | {"name": next(left)}])
            if not records:
                continue
            prompt = [records[0][key] for key in TEXTS[:2]]
            counts = _count([*prompt, *(record["output"] for record in records)])
            kept = [
                (record, tokens)
                for record, tokens in zip(records, counts[2:], strict=True)
                if sum(counts[:2]) + tokens <= MAX_TOKENS
            ]
            out.writelines(orjson.dumps(record) + b"\n" for record, _ in kept)
            totals["rows"] += len(kept)
            totals["instruction"] += len(kept) * counts[0]
            totals["input"] += len(kept) * counts[1]
            totals["output"] += sum(tokens for _, tokens in kept)
    return totals
