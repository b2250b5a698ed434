"""A split counted again from its JSONL alone: records, labels, difficulties, problems.

Token lengths are left to the checks of the split, which encode every text again and compare with
the line metadata; the summary is compared with the same line metadata.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wmtp_assets.datasets.convert.range_inspection import SUFFIX
from wmtp_assets.datasets.convert.tally import TOKEN_LENGTHS, SplitCounts
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.stats.label_conflicts import LABELLED_BOTH, LabelConflicts
from wmtp_assets.datasets.stats.texts import digest_text, facts_check, read_records


@dataclass
class Recount:
    """What one pass over a split found."""

    counts: dict[str, Any] = field(default_factory=dict)
    """As in the summary: rows, correct, incorrect, difficulty, labelled_both."""
    problems: dict[str, bytes] = field(default_factory=dict)
    """Problem as written -> digest of its normalised description."""


def recount_split(dataset: str, jsonl: Path) -> Recount:
    """Count a split again.

    Raises:
        BadInput: The JSONL is missing, or has a line that cannot be read.
    """
    form = DATASETS[dataset].format
    check = facts_check(form)
    kept: Counter = Counter()
    conflicts = LabelConflicts()
    recount = Recount()
    for record in read_records(jsonl, form):
        facts = record.facts(check)
        kept[facts.get("is_correct"), facts["metadata"].get("difficulty")] += 1
        problem = facts["task_id"]
        if form.labelled:
            problem = SUFFIX.sub("", problem)
            if record.opens:
                conflicts.next_prompt()
            conflicts.see(record.output, facts["is_correct"])
        if problem not in recount.problems:
            recount.problems[problem] = digest_text(record.instruction)
    recount.counts = SplitCounts(kept=kept).recounted(form)
    del recount.counts[TOKEN_LENGTHS]
    if form.labelled:
        recount.counts[LABELLED_BOTH] = conflicts.counts()
    return recount
