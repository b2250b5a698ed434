"""Reads the small sets back: limits, classes, difficulties, line metadata, and their origin."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

from wmtp_assets.catalog import Dataset
from wmtp_assets.checking.findings import Finding
from wmtp_assets.datasets.convert.alignment import Alignment
from wmtp_assets.datasets.convert.culprits import Culprits
from wmtp_assets.datasets.convert.line_metadata import open_line_metadata, read_facts
from wmtp_assets.datasets.convert.line_ranges import RANGE_BYTES, LineRange, plan_ranges
from wmtp_assets.datasets.convert.records import item_of, raw_lines, read_lines
from wmtp_assets.datasets.convert.tally import SplitCounts
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.small.lines import each_look, find_lines
from wmtp_assets.datasets.small.select import SOURCE_INDICES, describe
from wmtp_assets.files import file_io
from wmtp_assets.files.regular import SMALL_BYTES
from wmtp_assets.folders import DatasetFolder
from wmtp_assets.progress import Seen, unseen

WITHIN_LIMITS = "small_sets_are_within_limits"
BOTH_CLASSES = "small_sets_hold_both_classes"
SEVERAL_DIFFICULTIES = "small_sets_hold_several_difficulties"
METADATA_ALIGNED = "small_line_metadata_is_aligned"
SUBSETS = "small_sets_are_subsets_of_their_splits"
FOLDER_LOADS = "small_folder_loads_with_datasets"


def inspect_small(dataset: Dataset, folder: DatasetFolder) -> dict[str, Finding]:
    """Read all small sets of a dataset.

    Raises:
        BadInput: A JSONL is missing.
    """
    form = DATASETS[dataset.name].format
    limits, classes, difficulties, metadata = Culprits(), Culprits(), Culprits(), Culprits()
    sizes = []
    for split in dataset.splits:
        path = folder.small_jsonl(split.name)
        alignment = Alignment(
            folder.small_line_metadata(split.name), metadata, prefix=f"{path.name}: "
        )
        records = []
        for line in read_lines(path, form.fields):
            alignment.see(line.number, item_of(line.record) if line.record else None)
            if line.record is None:
                metadata.add(f"{path.name} line {line.number} {line.fault}")
            else:
                records.append(line.record)
        alignment.end(dataset.name, split.name, path.name, file_io.sha256_of(path))
        origin = read_facts(folder.line_metadata(split.name), form)
        wanted = describe(dataset.name, split, [item_of(r) for r in records], origin.sha256)
        stated = alignment.head.get("stats", {})
        for key in wanted:
            if stated.get(key) != wanted[key]:
                metadata.add(f"{path.name}: {key} is {stated.get(key)}, not {wanted[key]}")
        sizes.append(f"{len(records)} of at most {split.small_limit} in {path.name}")
        if not min(1, origin.tally.rows) <= len(records) <= split.small_limit:
            limits.add(f"{path.name} has {len(records)} rows, at most {split.small_limit} allowed")
        if form.labelled:
            _compare_kinds(path, records, origin.tally, classes, difficulties)
    rows = ", ".join(sizes)
    findings = {
        WITHIN_LIMITS: limits.finding(rows, "small sets over their limits or empty"),
        METADATA_ALIGNED: metadata.finding(
            f"{len(sizes)} small sets, items as regenerated, origin named",
            "line metadata is not that of the lines",
        ),
    }
    if form.labelled:
        findings |= {
            BOTH_CLASSES: classes.finding(
                "correct and incorrect rows wherever the split has them", "classes are missing"
            ),
            SEVERAL_DIFFICULTIES: difficulties.finding(
                "several difficulties wherever the split has them", "only one difficulty"
            ),
        }
    return findings


def _compare_kinds(
    path: Path, records: list[dict], split: SplitCounts, classes: Culprits, difficulties: Culprits
) -> None:
    for label, name in ((True, "correct"), (False, "incorrect")):
        if split.by_class(label) and not any(r["is_correct"] is label for r in records):
            classes.add(f"{path.name} has no {name} row, the split has {split.by_class(label):,}")
    there = {level for (_, level), count in split.kept.items() if count}
    found = {r["metadata"]["difficulty"] for r in records}
    if len(there) > 1 and len(found) < 2:
        difficulties.add(f"{path.name} has difficulties {sorted(found)}, the split {sorted(there)}")


def inspect_origin(
    dataset: Dataset,
    folder: DatasetFolder,
    *,
    workers: int = 1,
    range_bytes: int = RANGE_BYTES,
    begin_reading: Callable[[str, int], Seen] = lambda title, total: unseen,
) -> Finding:
    """Find each line of the small sets in its split, byte for byte, at the index it states.

    Args:
        workers: Processes to read with at most; the finding is the same for any number.
        begin_reading: Called with each split and its bytes; what it returns is told of them.
    """
    culprits = Culprits()
    rows = 0
    for split in dataset.splits:
        path = folder.small_jsonl(split.name)
        wanted = list(raw_lines(path))
        rows += len(wanted)
        # What is looked for goes to a process with every range.
        few = sum(map(len, wanted)) <= SMALL_BYTES
        jsonl = folder.jsonl(split.name)
        ranges = plan_ranges(jsonl, range_bytes)
        seen = begin_reading(jsonl.name, ranges[-1].end)
        found = _find_in_order(wanted, ranges, workers if few else 1, seen)
        if len(found) < len(wanted):
            line = len(found) + 1
            culprits.add(f"{path.name} line {line} is not in {split.name}, or not in this order")
        with open_line_metadata(folder.small_line_metadata(split.name)) as metadata:
            stated = metadata.head["stats"].get(SOURCE_INDICES)
        if stated != found:
            culprits.add(f"{path.name} states the indices {stated}, found at {found}")
    return culprits.finding(f"{rows} rows, each one in its split", "rows are not of their split")


def _find_in_order(
    wanted: list[bytes], ranges: Sequence[LineRange], workers: int, seen: Seen
) -> list[int]:
    which = {line: number for number, line in enumerate(dict.fromkeys(wanted))}
    order = [which[line] for line in wanted]
    found: list[int] = []
    before = 0
    for looked in each_look(functools.partial(find_lines, which), ranges, workers, seen):
        for index, number in looked.found:
            if len(found) < len(order) and number == order[len(found)]:
                found.append(before + index)
        before += looked.count
    return found
