"""One unit of work: a row-group range of a parquet file -> a part of the JSONL and its counts.

A pure function of (file, range, settings) to bytes, picklable both ways, so that any executor may
run it: this process, a process pool, a cluster; several threads of a process too. Parts joined in
order are the split. The bytes of a record are those of
`json.dumps(record, ensure_ascii=False, separators=(",", ":"))`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from wmtp_assets.checking.findings import MAX_SAMPLES
from wmtp_assets.datasets.convert.label_conflicts import PartConflicts, PartLabels
from wmtp_assets.datasets.convert.parquet import memory_named, needed_bytes, open_parquet
from wmtp_assets.datasets.convert.read_problems import RepeatedName, read_problems
from wmtp_assets.datasets.convert.records import dump_json, line_item, quote_json
from wmtp_assets.datasets.convert.tally import SplitCounts
from wmtp_assets.datasets.convert.tokens import LengthFilter, TokenCounter, load_counter
from wmtp_assets.datasets.formats import OVER_LENGTH
from wmtp_assets.datasets.invalid_text import InvalidText
from wmtp_assets.datasets.problem import Problem
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.files.file_io import BUFFER_BYTES
from wmtp_assets.files.writer import HashingWriter

# A second of work for one process, or a row group where that is larger (about 100 MB in the
# published files): a unit outweighs its start, and the last ones keep all processes busy.
UNIT_BYTES = 32_000_000


@dataclass(frozen=True)
class Unit:
    """Row groups of one file, with the names to write instead of repeated ones."""

    dataset: str
    path: Path
    row_groups: tuple[int, ...]
    size_bytes: int
    renamed: Mapping[int, str]
    filter: LengthFilter

    @property
    def place(self) -> str:
        """Where it begins, for a message."""
        return f"{self.path}, from row group {self.row_groups[0]} on"


@dataclass(frozen=True)
class Part:
    """A written part.

    Attributes:
        path: Its file; None where its bytes are in their place.
        runs: Its line metadata, as (item, lines that have it).
        labels: Its solutions with both labels, as far as they are known without other parts.
        invalid: The first of what is not UTF-8 and was dropped; the tally counts all of it.
    """

    path: Path | None
    size_bytes: int
    tally: SplitCounts
    runs: tuple[tuple[bytes, int], ...]
    labels: PartConflicts
    invalid: tuple[InvalidText, ...] = ()


def plan_units(
    dataset: str,
    paths: Sequence[Path],
    repeated: Sequence[RepeatedName],
    settings: LengthFilter,
    unit_bytes: int = UNIT_BYTES,
) -> list[Unit]:
    """Divide files into units of about `unit_bytes` uncompressed bytes, whole row groups each."""
    columns = DATASETS[dataset].format.columns
    units = []
    for path in paths:
        renamed = {r.row: r.written for r in repeated if r.file == path.name}
        groups: list[int] = []
        size = 0
        with open_parquet(path, columns) as file:
            for group in range(file.num_row_groups):
                groups.append(group)
                size += needed_bytes(file, group, columns)
                if size >= unit_bytes or group == file.num_row_groups - 1:
                    units.append(Unit(dataset, path, tuple(groups), size, renamed, settings))
                    groups, size = [], 0
    return units


def convert_unit(unit: Unit, part: Path) -> Part:
    """Write the records of one unit to a file of their own; errors are those of `write_unit`."""
    with open(part, "wb", buffering=BUFFER_BYTES) as out:
        return replace(write_unit(unit, out), path=part)


def write_unit(unit: Unit, out: BinaryIO | HashingWriter) -> Part:
    """Append the records of one unit.

    Raises:
        BadInput: The tokenizer is missing or another one, the file is damaged, a row is unusable.
    """
    counter = load_counter(unit.filter.tokenizer, unit.filter.tokenizer_sha256)
    tally = SplitCounts()
    labels = PartLabels()
    runs: list[tuple[bytes, int]] = []
    invalid: list[InvalidText] = []
    size_bytes = 0
    with memory_named(unit.path):
        problems = read_problems(unit.dataset, unit.path, unit.row_groups, unit.renamed)
        for problem in problems:
            keep_first(invalid, problem.invalid)
            records = _records(problem, counter, unit.filter.max_tokens, tally, labels)
            for lines, item, count in records:
                size_bytes += out.write(lines)
                if runs and runs[-1][0] == item:
                    runs[-1] = (item, runs[-1][1] + count)
                else:
                    runs.append((item, count))
    return Part(None, size_bytes, tally, tuple(runs), labels.conflicts(), tuple(invalid))


def keep_first(kept: list[InvalidText], found: Iterable[InvalidText]) -> None:
    """Add to the samples of a split, which are its first in the order of files and rows."""
    kept.extend(found)
    del kept[MAX_SAMPLES:]


def _records(
    problem: Problem,
    counter: TokenCounter,
    max_tokens: int,
    tally: SplitCounts,
    labels: PartLabels,
) -> Iterator[tuple[bytes, bytes, int]]:
    """Yield (JSONL, line metadata item, lines) of candidates that are short enough.

    The prompt is encoded and written as JSON once, whatever the number of its solutions.
    """
    prompt = {"instruction": problem.instruction, "input": problem.input}
    texts = [*prompt.values(), *(text for c in problem.candidates for text in c.outputs)]
    counts = iter(counter.counts(texts))
    prompt_tokens = [next(counts) for _ in prompt]
    room = max_tokens - sum(prompt_tokens)
    difficulty = problem.metadata.get("difficulty")
    head = (dump_json(prompt)[:-1] + ',"output":').encode()
    tally.source_rows += 1
    tally.candidates += problem.dropped.total()
    tally.dropped += problem.dropped
    for candidates in problem.candidates:
        label = candidates.is_correct
        label_json = "" if label is None else ',"is_correct":' + dump_json(label)
        tail = (label_json + ',"metadata":' + dump_json(problem.metadata) + "}\n").encode()
        lines, kept, written = [], [], []
        for task_id, text in zip(candidates.task_ids, candidates.outputs, strict=True):
            tokens = next(counts)
            if tokens <= room:
                kept.append(tokens)
                written.append(text)
                lines += (head, quote_json(text), b',"task_id":', quote_json(task_id), tail)
        tally.candidates += len(candidates.outputs)
        tally.dropped[OVER_LENGTH] += len(candidates.outputs) - len(kept)
        if kept:
            tally.keep_all(label, difficulty, prompt_tokens, kept)
            if label is not None:
                labels.see(head, written, label)
            yield b"".join(lines), line_item(label, difficulty), len(kept)
