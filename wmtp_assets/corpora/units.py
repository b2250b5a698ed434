"""One unit of work: a row-group range of a parquet file -> a part of the JSONL and its counts.

A pure function of (file, range, settings) to a file, picklable both ways, so that any executor may
run it: this process, a process pool, later a cluster. Parts joined in order are the split. The
bytes of a record are those of `json.dumps(record, ensure_ascii=False, separators=(",", ":"))`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wmtp_assets.corpora.formats import FORMATS, OVER_LENGTH
from wmtp_assets.corpora.parquet import needed_bytes, open_parquet
from wmtp_assets.corpora.problems import Problem, RepeatedName, read_problems
from wmtp_assets.corpora.records import dump_json, line_item
from wmtp_assets.corpora.tally import Tally
from wmtp_assets.corpora.tokens import Filter, TokenCounter, load_counter
from wmtp_assets.store import CHUNK_BYTES

# About five seconds of work for one process: a unit outweighs its start, and progress is seen. A
# file of the published train split makes about ten, where its row groups are small enough.
UNIT_BYTES = 32_000_000


@dataclass(frozen=True)
class Unit:
    """Row groups of one file, with the names to write instead of repeated ones."""

    dataset: str
    path: Path
    row_groups: tuple[int, ...]
    size_bytes: int
    renamed: Mapping[int, str]
    filter: Filter


@dataclass(frozen=True)
class Part:
    """A written part: its counts, and its line metadata as runs of (item, lines)."""

    path: Path
    tally: Tally
    runs: tuple[tuple[bytes, int], ...]


def plan_units(
    dataset: str,
    paths: Sequence[Path],
    repeated: Sequence[RepeatedName],
    settings: Filter,
    unit_bytes: int = UNIT_BYTES,
) -> list[Unit]:
    """Divide files into units of about `unit_bytes` uncompressed bytes, whole row groups each."""
    columns = FORMATS[dataset].columns
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
    """Write the records of one unit to `part`.

    Raises:
        BadInput: The tokenizer is missing or another one, the file is damaged, a row is unusable.
    """
    counter = load_counter(unit.filter.tokenizer, unit.filter.tokenizer_sha256)
    tally = Tally()
    runs: list[tuple[bytes, int]] = []
    with open(part, "wb", buffering=CHUNK_BYTES) as out:
        problems = read_problems(unit.dataset, unit.path, unit.row_groups, unit.renamed)
        for problem in problems:
            for line, item in _records(problem, counter, unit.filter.max_tokens, tally):
                out.write(line)
                last, lines = runs[-1] if runs else (None, 0)
                if last == item:
                    runs[-1] = (item, lines + 1)
                else:
                    runs.append((item, 1))
    return Part(part, tally, tuple(runs))


def _records(
    problem: Problem, counter: TokenCounter, max_tokens: int, tally: Tally
) -> Iterator[tuple[bytes, bytes]]:
    """Yield (JSONL line, line metadata item) of the candidates that are short enough.

    The prompt is encoded and written as JSON once, whatever the number of its solutions.
    """
    tally.source_rows += 1
    tally.candidates += len(problem.candidates) + problem.dropped.total()
    tally.dropped += problem.dropped
    prompt = {"instruction": problem.instruction, "input": problem.input}
    prompt_tokens = [counter.count(text) for text in prompt.values()]
    head = dump_json(prompt)[:-1] + ',"output":'
    tail = ',"metadata":' + dump_json(problem.metadata) + "}\n"
    counts = counter.counts([candidate.output for candidate in problem.candidates])
    for candidate, output_tokens in zip(problem.candidates, counts, strict=True):
        if sum(prompt_tokens) + output_tokens > max_tokens:
            tally.dropped[OVER_LENGTH] += 1
            continue
        label = candidate.is_correct
        difficulty = problem.metadata.get("difficulty")
        tally.keep(label, difficulty, (*prompt_tokens, output_tokens))
        keys = {"task_id": candidate.task_id}
        if label is not None:
            keys["is_correct"] = label
        line = head + dump_json(candidate.output) + "," + dump_json(keys)[1:-1] + tail
        yield line.encode(), line_item(label, difficulty)
