"""A split -> a small set of it: both classes, many difficulties, the same rows every time.

JSONL and line metadata are read once, side by side. In each stratum (is_correct, difficulty) the
lines with the lowest seeded hash are candidates: the hash is that of the line alone, so a split
that gains or loses rows keeps most of its small set. The classes share the limit evenly, the
difficulties of a class take turns, and the chosen lines are written in source order.
"""

import hashlib
import heapq
import itertools
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wmtp_assets.catalog import Split
from wmtp_assets.datasets.convert.line_metadata import FIX, open_line_metadata, write_line_metadata
from wmtp_assets.datasets.convert.records import raw_lines
from wmtp_assets.datasets.convert.tally import CORRECT, DIFFICULTY, INCORRECT, ROWS
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.file_io import StoredFile
from wmtp_assets.files.strict import parse_json
from wmtp_assets.folders import DatasetFolder

SEED = "wmtp small set v2"
SOURCE_INDICES = "source_indices"


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


def write_small_set(dataset: str, split: Split, folder: DatasetFolder) -> SmallSet:
    """Draw the small set of one split and write it; the line metadata, which names it, last."""
    with open_line_metadata(folder.line_metadata(split.name)) as metadata:
        source = metadata.head
    chosen = select_lines(
        folder.jsonl(split.name), folder.line_metadata(split.name), split.small_limit
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


def select_lines(jsonl: Path, metadata: Path, limit: int) -> list[Chosen]:
    """Choose at most `limit` lines of a split, in source order.

    Raises:
        BadInput: A file is missing or damaged, or the two have different numbers of lines.
    """
    strata: dict[bytes, list[tuple[int, int, bytes]]] = defaultdict(list)
    with open_line_metadata(metadata) as described:
        pairs = itertools.zip_longest(raw_lines(jsonl), described.items)
        for index, (raw, item) in enumerate(pairs):
            if raw is None or item is None:
                raise BadInput(f"{metadata.name} is not aligned with {jsonl.name}", [metadata], FIX)
            heap, entry = strata[item], (-_rank(raw), -index, raw)
            if len(heap) < limit:
                heapq.heappush(heap, entry)
            elif entry > heap[0]:
                heapq.heapreplace(heap, entry)
    candidates = {
        item: [Chosen(-minus_index, raw, item) for _, minus_index, raw in sorted(heap)[::-1]]
        for item, heap in strata.items()
    }
    return sorted(_balance(candidates, limit), key=lambda line: line.index)


def _balance(candidates: dict[bytes, list[Chosen]], limit: int) -> list[Chosen]:
    """Classes share the limit evenly; what one lacks, the other gets."""
    classes: dict[object, list[list[Chosen]]] = defaultdict(list)
    for item, lines in candidates.items():
        fact = _facts(item)
        # Difficulties in a fixed random order, the same for both classes: with more of them than
        # places, the easy ones must not always win.
        place = _rank(str(fact.get("difficulty")).encode())
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


def _take_turns(queues: list[list[Chosen]]) -> list[Chosen]:
    """One of each, then the next of each, until all are empty."""
    rounds = itertools.zip_longest(*queues)
    return [line for turn in rounds for line in turn if line is not None]


def _rank(data: bytes) -> int:
    """A seeded hash as a number."""
    return int.from_bytes(hashlib.blake2b(data, key=SEED.encode(), digest_size=8).digest())
