"""Statistics against the files they are about, which are read and encoded again.

Pure: folders in, findings out. One pass over the JSONL of each split counts everything anew and
collects its problems.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wmtp_assets import store
from wmtp_assets.catalog import Dataset
from wmtp_assets.corpora.culprits import Culprits, undecided
from wmtp_assets.corpora.formats import FORMATS
from wmtp_assets.corpora.inspection import SUFFIX as LABEL_SUFFIX
from wmtp_assets.corpora.inspection import count_tally, flatten
from wmtp_assets.corpora.line_metadata import read_facts
from wmtp_assets.corpora.records import read_lines
from wmtp_assets.corpora.tally import RECOUNTED, Tally
from wmtp_assets.corpora.tokens import TokenCounter
from wmtp_assets.errors import BadInput
from wmtp_assets.findings import MAX_SAMPLES, Finding, compare
from wmtp_assets.folders import DatasetFolder
from wmtp_assets.stats import overlap
from wmtp_assets.stats.plots import plot_names, require_png
from wmtp_assets.stats.summary import DATE, SUFFIX, describe_counts

EQUAL_RECOUNT = "stats_equal_recount"
SHARE_NO_PROBLEM = "splits_share_no_problem"
NO_NEAR_DUPLICATES = "no_near_duplicates_across_splits"
SUMMARY_AGREES = "summary_agrees_with_line_metadata"
PLOTS_PRESENT = "plots_are_present"

PAIRS = "pairs"


@dataclass
class Recount:
    """A split counted again: its tally, its problems, and the lines that cannot be read."""

    tally: Tally = field(default_factory=Tally)
    problems: dict[str, bytes] = field(default_factory=dict)
    """Problem as written -> digest of its normalised description."""
    faults: Culprits = field(default_factory=Culprits)


def recount_split(dataset: str, jsonl: Path, counter: TokenCounter) -> Recount:
    """Count a split again from its JSONL alone, encoding every text."""
    form = FORMATS[dataset]
    recount = Recount()
    for line in read_lines(jsonl, form.fields):
        if line.record is None:
            recount.faults.add(f"{jsonl.name} line {line.number} {line.fault}")
            continue
        count_tally(recount.tally, line.record, counter)
        problem = line.record["task_id"]
        if form.labelled:
            problem = LABEL_SUFFIX.sub("", problem)
        if problem not in recount.problems:
            recount.problems[problem] = overlap.digest_text(line.record["instruction"])
    return recount


def inspect_stats(
    dataset: Dataset, folder: DatasetFolder, summary: Path, counter: TokenCounter
) -> dict[str, Finding]:
    """Compare a summary with a recount, and the problems of the splits with each other.

    Raises:
        BadInput: A file is missing, or the summary is damaged.
    """
    names = [split.name for split in dataset.splits]
    recounts = {name: recount_split(dataset.name, folder.jsonl(name), counter) for name in names}
    faults = Culprits(s for recount in recounts.values() for s in recount.faults.samples)
    recorded = read_summary(summary)
    expected, found = {}, {}
    for name, recount in recounts.items():
        counts = describe_counts(recount.tally, dataset.name)
        expected |= _recounted(name, counts)
        found |= _recounted(name, recorded.get("splits", {}).get(name, {}))
    findings = {EQUAL_RECOUNT: compare("recounted numbers", expected, found)}
    if len(names) > 1:
        findings[SHARE_NO_PROBLEM] = _judge_overlap(dataset, folder, recounts)
    return undecided(findings, faults)


def _recounted(split: str, counts: dict[str, Any]) -> dict[str, Any]:
    return flatten({split: {name: counts[name] for name in RECOUNTED if name in counts}})


def _judge_overlap(
    dataset: Dataset, folder: DatasetFolder, recounts: dict[str, Recount]
) -> Finding:
    form = FORMATS[dataset.name]
    originals = {
        name: {
            repeat["written"]: repeat["name"]
            for repeat in read_facts(folder.line_metadata(name), form).repeated_names
        }
        for name in recounts
    }
    problems = {name: recount.problems for name, recount in recounts.items()}
    told = ", ".join(f"{len(of):,} in {name}" for name, of in problems.items())
    return overlap.find_shared(problems, originals).finding(
        f"no name and no description in two splits ({told})",
        "problems in two splits",
        problems={name: len(of) for name, of in problems.items()},
    )


def inspect_near_duplicates(dataset: Dataset, folder: DatasetFolder) -> Finding:
    """Find descriptions that nearly repeat in another split; the pairs stand in the evidence."""
    form = FORMATS[dataset.name]
    counts: Counter = Counter()
    texts = []
    for split in dataset.splits:
        for text in overlap.read_prompts(split.name, folder.jsonl(split.name), form):
            counts[split.name] += 1
            texts.append(text)
    pairs = overlap.find_near_pairs(texts)
    return Culprits(
        f"{pair.first} ~ {pair.second} ({pair.similarity:.4f})" for pair in pairs
    ).finding(
        f"{sum(counts.values()):,} descriptions, none near one of another split",
        f"descriptions near one of another split: {len(pairs):,}, by Jaccard similarity of word "
        f"{overlap.WORDS}-grams >= {overlap.NEAR_THRESHOLD}",
        threshold=overlap.NEAR_THRESHOLD,
        descriptions=dict(counts),
        **{
            PAIRS: [
                {"first": p.first, "second": p.second, "similarity": p.similarity}
                for p in pairs[:MAX_SAMPLES]
            ]
        },
    )


def read_summary(path: Path) -> dict[str, Any]:
    """Read a summary.

    Raises:
        BadInput: It is missing, not JSON, or not an object with splits.
    """
    found = store.read_json(path)
    splits = found.get("splits") if isinstance(found, dict) else None
    if not isinstance(splits, dict) or not all(isinstance(s, dict) for s in splits.values()):
        raise BadInput("not a summary of splits", [path], "materialize the stats again")
    return found


def judge_summary(content: dict[str, Any], summary: Path) -> Finding:
    """Compare a summary with what the line metadata of the splits says now."""
    found = read_summary(summary)
    day = summary.name.removesuffix(SUFFIX)
    return compare("statements", flatten({DATE: day, **content}), flatten(found))


def judge_plots(dataset: str, folder: Path, day: str) -> Finding:
    """Every plot is there, a whole PNG, and small enough for the record."""
    culprits = Culprits()
    names = [f"{day}_{name}.png" for name in plot_names(dataset)]
    for name in names:
        try:
            require_png(name, (folder / name).read_bytes())
        except FileNotFoundError:
            culprits.add(f"{name} is missing")
        except BadInput as error:
            culprits.add(error)
    return culprits.finding(f"{len(names)} plots: {', '.join(names)}", "plots missing or damaged")
