"""The splits of a dataset read once, for all that is wanted of them.

Ranges of each JSONL are read side by side (`range_facts`) and joined here in the order of lines,
which decides where a prompt begins. A line that one part cannot read ends that part alone: what the
others found stands.
"""

import contextlib
import functools
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wmtp_assets.catalog import Dataset
from wmtp_assets.datasets.convert.label_conflicts import LABELLED_BOTH, LabelConflicts
from wmtp_assets.datasets.convert.line_ranges import RANGE_BYTES, plan_ranges
from wmtp_assets.datasets.convert.range_pass import each_range
from wmtp_assets.datasets.convert.tally import TOKEN_LENGTHS, SplitCounts
from wmtp_assets.datasets.formats import Format
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.stats import split_overlap as overlap
from wmtp_assets.datasets.stats.ngram_search import (
    PROMPT,
    SOLUTION,
    BenchmarkText,
    BestMatch,
    NgramSearch,
)
from wmtp_assets.datasets.stats.range_facts import (
    COUNTS,
    MATCHES,
    TEXTS,
    RangeCounts,
    RangeFacts,
    Wanted,
    read_facts,
)
from wmtp_assets.datasets.stats.texts import BadLine, normalise, task_id_in
from wmtp_assets.errors import BadInput
from wmtp_assets.files.regular import line_too_long
from wmtp_assets.folders import DatasetFolder
from wmtp_assets.progress import Seen, unseen


@dataclass
class Recount:
    """What a split holds, counted again from its JSONL alone.

    Token lengths are left to the checks of the split, which encode every text again and compare
    with the line metadata; the summary is compared with the same line metadata.

    Attributes:
        counts: As in the summary: rows, correct, incorrect, difficulty, labelled_both.
        problems: Problem as written -> digest of its normalised description.
    """

    counts: dict[str, Any]
    problems: dict[str, bytes]


@dataclass
class Readings:
    """What was read of all splits.

    Attributes:
        failures: Part -> why it is not known.
        recounts: COUNTS: split -> its counts.
        texts: TEXTS: each prompt once a run of records, and the solutions where there is one a
            prompt.
        prompts: MATCHES: prompts of benchmarks in prompts.
        solutions: MATCHES: place of a benchmark's solution -> where most of it is.
        records: MATCHES: the records it was looked for in.
    """

    prompts: NgramSearch
    failures: dict[str, Exception] = field(default_factory=dict)
    recounts: dict[str, Recount] = field(default_factory=dict)
    texts: list[overlap.Text] = field(default_factory=list)
    solutions: dict[int, BestMatch] = field(default_factory=dict)
    records: int = 0

    def require(self, part: str) -> "Readings":
        """These readings, if they have all of a part.

        Raises:
            BadInput, OSError: Why they do not.
        """
        if part in self.failures:
            raise self.failures[part]
        return self


def read_splits(
    dataset: Dataset,
    folder: DatasetFolder,
    parts: Collection[str],
    items: Iterable[BenchmarkText] = (),
    *,
    workers: int = 1,
    range_bytes: int = RANGE_BYTES,
    begin_reading: Callable[[str, int], Seen] = lambda title, total: unseen,
) -> Readings:
    """Read the JSONL of all splits once.

    Args:
        parts: What is wanted of them.
        items: Texts of benchmarks, which MATCHES looks for.
        workers: Processes to use; the readings are the same for any number.
        begin_reading: Called with each split and its bytes; what it returns is told of them.
    """
    of = {part: tuple(item for item in items if item.part == part) for part in (PROMPT, SOLUTION)}
    readings = Readings(NgramSearch(of[PROMPT]))
    for split in dataset.splits:
        alive = frozenset(parts) - readings.failures.keys()
        if not alive:
            break
        look = functools.partial(read_facts, dataset.name, Wanted(alive, of[SOLUTION]))
        reading = _SplitReading(split.name, folder.jsonl(split.name), readings, alive)
        try:
            ranges = plan_ranges(reading.jsonl, range_bytes)
            seen = begin_reading(reading.jsonl.name, ranges[-1].end)
            with contextlib.closing(each_range(look, ranges, workers, seen)) as found:
                for facts in found:
                    reading.add(facts)
                    if not reading.alive:
                        break
        except (BadInput, OSError) as error:
            readings.failures |= dict.fromkeys(reading.alive, error)
        reading.end(DATASETS[dataset.name].format)
    return readings


class _SplitReading:
    """Adds the ranges of a split up.

    Attributes:
        alive: The parts that have read every line so far.
    """

    def __init__(self, split: str, jsonl: Path, readings: Readings, alive: frozenset[str]):
        self.jsonl = jsonl
        self._split = split
        self._readings = readings
        self._wanted = alive
        self._before = 0
        self._prompt = b""
        self._labels = LabelConflicts()
        self._counts = RangeCounts()

    @property
    def alive(self) -> frozenset[str]:
        return self._wanted - self._readings.failures.keys()

    def add(self, facts: RangeFacts) -> None:
        """Add a range.

        Raises:
            BadInput: It has a line that nothing can be read from.
        """
        opens = not facts.prompt or facts.prompt != self._prompt
        if opens and facts.first_fault:
            raise facts.first_fault.after(self._before)
        for part, fault in facts.faults.items():
            self._readings.failures.setdefault(part, fault.after(self._before))
        if facts.lines:
            self._add_parts(facts, opens)
            self._prompt = facts.last_prompt
        if facts.fault:
            raise facts.fault.after(self._before)
        self._before += facts.lines
        if facts.too_long:
            raise line_too_long(self.jsonl, self._before + 1)

    def end(self, form: Format) -> None:
        """Keep the counts, once all ranges are added."""
        if COUNTS in self.alive:
            counts = SplitCounts(kept=self._counts.kept).recounted(form)
            del counts[TOKEN_LENGTHS]
            if form.labelled:
                counts[LABELLED_BOTH] = self._labels.counts()
            self._readings.recounts[self._split] = Recount(counts, self._counts.problems)

    def _add_parts(self, facts: RangeFacts, opens: bool) -> None:
        readings, split, alive = self._readings, self._split, self.alive
        if facts.counts and COUNTS in alive:
            if facts.counts.labels:
                self._labels.add(facts.counts.labels)
            self._counts.kept += facts.counts.kept
            for problem, digest in facts.counts.problems.items():
                self._counts.problems.setdefault(problem, digest)
        for instruction, task_id in facts.opened if opens else facts.opened[1:]:
            if TEXTS in alive:
                readings.texts.append(
                    overlap.Text(split, task_id, overlap.DESCRIPTION, normalise(instruction))
                )
            if MATCHES in alive:
                readings.prompts.see(instruction, f"{split} {task_id}")
        if TEXTS in alive:
            readings.texts += (
                overlap.Text(split, task_id, overlap.SOLUTION, normal)
                for task_id, normal in facts.solutions
            )
        if MATCHES in alive:
            readings.records += facts.lines
            self._add_matches(facts.matches)

    def _add_matches(self, matches: Mapping[int, BestMatch]) -> None:
        found = self._readings.solutions
        for place, match in matches.items():
            best = found.get(place, BestMatch()).before(match)
            if best.where is match.where:
                number, encoded = match.where
                try:
                    task_id = task_id_in(encoded, self.jsonl.name, self._before + number)
                except BadLine as fault:
                    self._readings.failures.setdefault(MATCHES, fault)
                    return
                best = replace(best, where=f"{self._split} {task_id}")
            found[place] = best
