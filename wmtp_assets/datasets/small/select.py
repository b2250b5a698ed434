"""A split -> a small set of it: both classes, many difficulties, the same rows every time.

The JSONL is read once, by ranges side by side (`lines`), and its line metadata beside it. In each
stratum (is_correct, difficulty) the lines with the lowest seeded hash are candidates: the hash is
that of the end of the line alone, so a split that gains or loses rows keeps most of its small set.
Of lines with the same hash the first come first. The classes share the limit evenly, the
difficulties of a class take turns, and the chosen lines are written in source order.
"""

import contextlib
import heapq
import itertools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wmtp_assets.catalog import Split
from wmtp_assets.datasets.convert.line_metadata import FIX, open_line_metadata, write_line_metadata
from wmtp_assets.datasets.convert.line_ranges import RANGE_BYTES, plan_ranges
from wmtp_assets.datasets.convert.records import open_lines
from wmtp_assets.datasets.convert.tally import CORRECT, DIFFICULTY, INCORRECT, ROWS
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.small.lines import SEED, each_look, rank_lines, rank_of
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.file_io import StoredFile
from wmtp_assets.files.strict import parse_json
from wmtp_assets.folders import DatasetFolder

SOURCE_INDICES = "source_indices"

# A line as its stratum holds it: minus its rank, minus its index, where it begins, its size.
Candidate = tuple[int, int, int, int]
# With its line metadata item.
Described = tuple[Candidate, bytes]


@dataclass(frozen=True)
class Chosen:
    """A chosen line: its index in the split (from 0), its bytes and its line metadata item."""

    index: int
    raw: bytes
    item: bytes


@dataclass(frozen=True)
class SmallSet:
    """A written small set."""

    files: tuple[StoredFile, StoredFile]
    stats: dict[str, Any]


def write_small_set(
    dataset: str, split: Split, folder: DatasetFolder, workers: int = 1
) -> SmallSet:
    """Draw the small set of one split and write it; the line metadata, which names it, last.

    Args:
        workers: Processes to read with at most.
    """
    with open_line_metadata(folder.line_metadata(split.name)) as metadata:
        source = metadata.head
    chosen = select_lines(
        folder.jsonl(split.name),
        folder.line_metadata(split.name),
        split.small_limit,
        workers=workers,
    )
    jsonl, target = folder.small_jsonl(split.name), folder.small_line_metadata(split.name)
    stats = {
        **describe(dataset, split, [line.item for line in chosen], source["sha256"]),
        SOURCE_INDICES: [line.index for line in chosen],
    }
    head = {"dataset": dataset, "split": split.name, "source_file": jsonl.name}
    with file_io.atomic_writer(target) as items, file_io.atomic_writer(jsonl) as lines:
        for line in chosen:
            lines.write(line.raw)
        head |= {"sha256": lines.sha256, "stats": stats}
        write_line_metadata(items, head, [(line.item, 1) for line in chosen])
    files = (
        StoredFile(jsonl, lines.size_bytes, lines.sha256),
        StoredFile(target, items.size_bytes, items.sha256),
    )
    return SmallSet(files, stats)


def describe(dataset: str, split: Split, items: list[bytes], sha256: str) -> dict[str, Any]:
    """The statistics in the line metadata of a small set: its counts, and its source.

    Args:
        items: The line metadata items of its lines.
        sha256: The digest of the split's JSONL.
    """
    facts = [_facts(item) for item in items]
    counts: dict[str, Any] = {ROWS: len(facts)}
    if DATASETS[dataset].format.labelled:
        levels: dict[str, dict[int, int]] = {CORRECT: defaultdict(int), INCORRECT: defaultdict(int)}
        for fact in facts:
            levels[CORRECT if fact["is_correct"] else INCORRECT][fact["difficulty"]] += 1
        counts |= {name: sum(of.values()) for name, of in levels.items()}
        counts[DIFFICULTY] = {
            name: {str(level): of[level] for level in sorted(of)} for name, of in levels.items()
        }
    drawn_from = {"file": f"{split.name}.jsonl", "sha256": sha256}
    return {**counts, "limit": split.small_limit, "seed": SEED, "drawn_from": drawn_from}


def select_lines(
    jsonl: Path, metadata: Path, limit: int, *, workers: int = 1, range_bytes: int = RANGE_BYTES
) -> list[Chosen]:
    """Choose at most `limit` lines of a split, in source order.

    Args:
        workers: Processes to read with at most; the choice is the same for any number.

    Raises:
        BadInput: A file is missing or damaged, or the two have different numbers of lines.
    """
    strata: dict[bytes, list[Candidate]] = defaultdict(list)
    index = place = 0
    with open_line_metadata(metadata) as described, contextlib.ExitStack() as ending:
        looks = each_look(rank_lines, plan_ranges(jsonl, range_bytes), workers)
        ending.callback(looks.close)
        for ranked in looks:
            first = index
            # In this order: without a rank no item is taken.
            for rank, size, item in zip(ranked.ranks, ranked.sizes, described.items, strict=False):
                heap = strata[item]
                if len(heap) < limit:
                    heapq.heappush(heap, (-rank, -index, place, size))
                elif -rank > heap[0][0]:
                    heapq.heapreplace(heap, (-rank, -index, place, size))
                index += 1
                place += size
            if index < first + ranked.count:
                raise _not_aligned(metadata, jsonl)
        if next(described.items, None) is not None:
            raise _not_aligned(metadata, jsonl)
    candidates = {
        item: [(candidate, item) for candidate in sorted(heap, reverse=True)]
        for item, heap in strata.items()
    }
    return _read_chosen(jsonl, sorted(_balance(candidates, limit), key=lambda of: -of[0][1]))


def _not_aligned(metadata: Path, jsonl: Path) -> BadInput:
    return BadInput(f"{metadata.name} is not aligned with {jsonl.name}", [metadata], FIX)


def _read_chosen(jsonl: Path, chosen: Iterable[Described]) -> list[Chosen]:
    """The bytes of chosen lines.

    Raises:
        BadInput: Their ends are not those that were ranked.
    """
    lines = []
    with open_lines(jsonl) as handle:
        for (minus_rank, minus_index, place, size), item in chosen:
            handle.seek(place)
            raw = handle.read(size)
            if rank_of(raw) != -minus_rank:
                raise BadInput("the JSONL changed while it was read", [jsonl], "run it again")
            lines.append(Chosen(-minus_index, raw, item))
    return lines


def _balance(candidates: dict[bytes, list[Described]], limit: int) -> list[Described]:
    """Classes share the limit evenly; what one lacks, the other gets."""
    classes: dict[object, list[list]] = defaultdict(list)
    for item, lines in candidates.items():
        fact = _facts(item)
        # Difficulties in a fixed random order, the same for both classes: with more of them than
        # places, the easy ones must not always win.
        place = rank_of(str(fact.get("difficulty")).encode())
        classes[fact.get("is_correct")].append([place, lines])
    queues = [
        _take_turns([lines for _, lines in sorted(of, key=lambda pair: pair[0])])
        for _, of in sorted(classes.items(), key=lambda pair: str(pair[0]))
    ]
    return list(itertools.islice(_take_turns(queues), limit))


def _facts(item: bytes) -> dict[str, Any]:
    try:
        return parse_json(item)
    except ValueError as error:
        raise BadInput("line metadata has an item that is not JSON", [repr(item)], FIX) from error


def _take_turns(queues: list[list[Described]]) -> list[Described]:
    """One of each, then the next of each, until all are empty."""
    rounds = itertools.zip_longest(*queues)
    return [line for turn in rounds for line in turn if line is not None]
