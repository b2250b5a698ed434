"""YYYY-MM-DD_summary.json: counts, distributions and token lengths of a dataset.

Made from the line metadata of its splits, which hold exact token-length histograms, so that no
text is read again. The date is that of the content: the newest summary stays, with its date, while
its content does; older ones are never touched.
"""

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

from wmtp_assets.catalog import Dataset
from wmtp_assets.content_version import DATE
from wmtp_assets.datasets.convert.label_conflicts import LABELLED_BOTH
from wmtp_assets.datasets.convert.tally import TOKEN_LENGTHS, SplitCounts
from wmtp_assets.datasets.convert.tokens import LengthFilter
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.schema.schema_json import StoredSplit
from wmtp_assets.datasets.stats.tables import describe_lengths
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io

SUFFIX = "_summary.json"


def summarise(
    dataset: Dataset, commit: str, splits: list[StoredSplit], settings: LengthFilter
) -> dict[str, Any]:
    """The content of a summary, without its date."""
    described = {split.name: _describe(dataset.name, split) for split in splits}
    return {
        **dataset.repo.marked,
        "dataset": dataset.name,
        "source": {"repo": dataset.repo.id, "commit": commit},
        "max_tokens": settings.max_tokens,
        "tokenizer_sha256": settings.tokenizer_sha256,
        "rows": sum(split.facts.tally.rows for split in splits),
        "splits": described,
    }


def _describe(dataset: str, split: StoredSplit) -> dict[str, Any]:
    facts = split.facts
    described = {
        "file": split.file,
        "sha256": facts.sha256,
        "size_bytes": split.size_bytes,
        "repeated_names": len(facts.repeated_names),
        **describe_counts(facts.tally, dataset),
    }
    if facts.labelled_both is not None:
        described[LABELLED_BOTH] = facts.labelled_both
    return described


def describe_counts(tally: SplitCounts, dataset: str) -> dict[str, Any]:
    """The counts of a split with its token lengths as mean, percentiles and maximum."""
    form = DATASETS[dataset].format
    counts = tally.as_stats(form)
    counts[TOKEN_LENGTHS] = {name: describe_lengths(of) for name, of in tally.lengths.items()}
    return counts | _as_training_names(tally, labelled=form.labelled)


def _as_training_names(tally: SplitCounts, *, labelled: bool) -> dict[str, Any]:
    """The same counts under the names of the training code, as far as a dataset has them."""
    if not labelled:
        return {"count": tally.rows}
    levels: Counter = Counter()
    for (_, level), records in tally.kept.items():
        levels[level] += records
    return {
        "count": tally.rows,
        "correct_ratio": round(tally.by_class(True) / max(tally.rows, 1), 3),
        "difficulty_dist": {str(level): levels[level] for level in sorted(levels)},
    }


def choose_summary(folder: Path, content: dict[str, Any], today: date) -> tuple[Path, str]:
    """Which file is to hold this content: the newest one if it already does, else one of today.

    Returns:
        The path of the summary and its date (ISO).
    """
    newest = newest_summary(folder)
    if newest is None:
        day = today.isoformat()
    else:
        day = newest.name.removesuffix(SUFFIX)
        if not _holds(newest, content):
            # A clock that went back must not make the new summary the older one.
            day = max(day, today.isoformat())
    return folder / f"{day}{SUFFIX}", day


def newest_summary(folder: Path) -> Path | None:
    """The summary with the latest date in its name."""
    found = folder.glob(f"????-??-??{SUFFIX}")
    return max(found, key=lambda path: path.name, default=None)


def summary_bytes(content: dict[str, Any], day: str) -> bytes:
    """The text of a summary: its date right after the name of the dataset."""
    dated = {"dataset": content["dataset"], DATE: day, **content}
    return file_io.json_bytes(dated)


def _holds(path: Path, content: dict[str, Any]) -> bool:
    try:
        found = file_io.read_json(path)
    except BadInput:
        return False
    return isinstance(found, dict) and {k: v for k, v in found.items() if k != DATE} == content
