"""Statistics against the files they are about, which are read again.

Pure: folders in, findings out. What the splits hold comes from one pass over them (`split_pass`).
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from wmtp_assets.catalog import Dataset
from wmtp_assets.checking.findings import MAX_SAMPLES, Finding, compare, flatten, verdict
from wmtp_assets.content_version import DATE
from wmtp_assets.datasets.convert.culprits import Culprits
from wmtp_assets.datasets.convert.label_conflicts import EXACT, LABELLED_BOTH
from wmtp_assets.datasets.convert.line_metadata import read_facts
from wmtp_assets.datasets.formats import INVALID_UTF8
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.stats import split_overlap as overlap
from wmtp_assets.datasets.stats.plots import plot_names, require_png
from wmtp_assets.datasets.stats.range_facts import COUNTS, TEXTS
from wmtp_assets.datasets.stats.split_pass import Readings, Recount
from wmtp_assets.datasets.stats.summary import SUFFIX
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.regular import read_small
from wmtp_assets.folders import DatasetFolder

EQUAL_RECOUNT = "stats_equal_recount"
SHARE_NO_PROBLEM = "splits_share_no_problem"
NO_NEAR_DUPLICATES = "no_near_duplicates_across_splits"
SUMMARY_AGREES = "summary_agrees_with_line_metadata"
PLOTS_PRESENT = "plots_are_present"
TEXT_IS_UTF8 = "published_text_is_utf8"

PAIRS = "pairs"


def inspect_stats(
    dataset: Dataset, folder: DatasetFolder, summary: Path, read: Callable[[], Readings]
) -> dict[str, Finding]:
    """Compare a summary with a recount, and the problems of the splits with each other.

    Args:
        read: Reads the splits, or has read them.

    Raises:
        BadInput: A file is missing, a line cannot be read, or the summary is damaged.
    """
    recorded = read_summary(summary)
    names = [split.name for split in dataset.splits]
    recounts = read().require(COUNTS).recounts
    expected, found = {}, {}
    for name, recount in recounts.items():
        stated = recorded["splits"].get(name, {})
        expected |= flatten({name: recount.counts})
        found |= flatten({name: {key: stated[key] for key in recount.counts if key in stated}})
    findings = {EQUAL_RECOUNT: compare("recounted numbers", expected, found)}
    if labels := _twice_labelled(recounts, DATASETS[dataset.name].facts.solutions):
        counted = findings[EQUAL_RECOUNT]
        findings[EQUAL_RECOUNT] = replace(counted, summary=f"{counted.summary}; {labels}")
    if len(names) > 1:
        findings[SHARE_NO_PROBLEM] = _judge_overlap(dataset, folder, recounts)
    return findings


def _twice_labelled(recounts: dict[str, Recount], solutions: str) -> str:
    """How many solutions upstream publishes as correct and as incorrect for one problem."""
    counted = {
        name: recount.counts[LABELLED_BOTH][EXACT]
        for name, recount in recounts.items()
        if LABELLED_BOTH in recount.counts
    }
    by_split = (
        f"{n['texts']:,} in {name} ({n['records']:,} records)" for name, n in counted.items()
    )
    return f"{solutions} published with both labels: " + ", ".join(by_split) if counted else ""


def _judge_overlap(
    dataset: Dataset, folder: DatasetFolder, recounts: dict[str, Recount]
) -> Finding:
    form = DATASETS[dataset.name].format
    originals = {
        name: {
            repeat["written"]: repeat["name"]
            for repeat in read_facts(folder.line_metadata(name), form).repeated_names
        }
        for name in recounts
    }
    problems = {name: recount.problems for name, recount in recounts.items()}
    by_split = ", ".join(f"{len(of):,} in {name}" for name, of in problems.items())
    return overlap.find_shared(problems, originals).finding(
        f"no name and no description in two splits ({by_split})",
        "problems in two splits",
        problems={name: len(of) for name, of in problems.items()},
    )


def inspect_near_duplicates(dataset: Dataset, readings: Readings) -> Finding:
    """Find what nearly repeats in another split; the pairs stand in the evidence.

    Raises:
        BadInput: A JSONL is missing, or has a line that cannot be read.
    """
    counts = {split.name: Counter() for split in dataset.splits}
    texts = readings.require(TEXTS).texts
    for text in texts:
        counts[text.split][text.part] += 1
    pairs = overlap.find_near_pairs(texts)
    parts = Counter(text.part for text in texts)
    total = " and ".join(f"{count:,} {part}s" for part, count in parts.items())
    return Culprits(pairs).finding(
        f"{total}, none near one of another split",
        f"near one of another split: {len(pairs):,} of {total}, by Jaccard similarity of word "
        f"{overlap.WORDS}-grams >= {overlap.NEAR_THRESHOLD}",
        threshold=overlap.NEAR_THRESHOLD,
        compared={name: dict(of) for name, of in counts.items()},
        **{PAIRS: [asdict(pair) for pair in pairs[:MAX_SAMPLES]]},
    )


def judge_text(dataset: Dataset, folder: DatasetFolder) -> Finding:
    """Published text that was dropped because it is not UTF-8, as the splits state it.

    The first of each split are named; the counts are exact.
    """
    form = DATASETS[dataset.name].format
    facts = {
        split.name: read_facts(folder.line_metadata(split.name), form) for split in dataset.splits
    }
    dropped = {name: of.tally.dropped[INVALID_UTF8] for name, of in facts.items()}
    by_split = ", ".join(f"{count:,} in {name}" for name, count in dropped.items())
    return verdict(
        [f"{name}: {invalid}" for name, of in facts.items() for invalid in of.invalid],
        f"no candidate was dropped because its text is not UTF-8 ({by_split})",
        f"{sum(dropped.values()):,} candidates were dropped, their text is not UTF-8 ({by_split})",
        **{f"{name}_{INVALID_UTF8}": count for name, count in dropped.items()},
    )


def read_summary(path: Path) -> dict[str, Any]:
    """Read a summary.

    Raises:
        BadInput: It is missing, not JSON, or not an object with splits.
    """
    found = file_io.read_json(path)
    splits = found.get("splits") if isinstance(found, dict) else None
    if not isinstance(splits, dict) or not all(isinstance(s, dict) for s in splits.values()):
        raise BadInput("not a summary of splits", [path], "materialize the stats again")
    return found


def judge_summary(content: dict[str, Any], summary: Path) -> Finding:
    """Compare a summary with what the line metadata of the splits states now."""
    found = read_summary(summary)
    day = summary.name.removesuffix(SUFFIX)
    return compare("statements", flatten({DATE: day, **content}), flatten(found))


def judge_plots(dataset: str, folder: Path, day: str) -> Finding:
    """Every plot is there, a whole PNG, and small enough for the record."""
    culprits = Culprits()
    names = [f"{day}_{name}.png" for name in plot_names(dataset)]
    for name in names:
        try:
            require_png(name, read_small(folder / name))
        except FileNotFoundError:
            culprits.add(f"{name} is missing")
        except BadInput as error:
            culprits.add(error)
    return culprits.finding(f"{len(names)} plots: {', '.join(names)}", "plots missing or damaged")
