"""What was read, kept and dropped of a split, and how long the kept records are.

Counts of parts add up to those of the split, and the split's own must balance: every candidate is
either written or dropped for a reason. Token lengths are kept exactly (length -> count), so that
the statistics need no text.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wmtp_assets.datasets.formats import INVALID_UTF8, TOKEN_FIELDS, TOTAL, Format
from wmtp_assets.errors import BadInput

SOURCE_ROWS = "source_rows"
CANDIDATES = "candidates"
ROWS = "rows"
CORRECT = "correct"
INCORRECT = "incorrect"
DROPPED = "dropped"
DIFFICULTY = "difficulty"
TOKEN_LENGTHS = "token_lengths"


def _histograms() -> dict[str, Counter]:
    return {name: Counter() for name in (*TOKEN_FIELDS, TOTAL)}


@dataclass
class SplitCounts:
    """Counts of one part or of a whole split.

    Attributes:
        source_rows: Published rows read.
        candidates: Solutions, in all languages where a row has several; rows otherwise.
        dropped: Reason -> candidates not written.
        kept: (is_correct, difficulty) -> records; (None, None) where a dataset has neither.
        lengths: Field or "total" -> token length -> records.
    """

    source_rows: int = 0
    candidates: int = 0
    dropped: Counter = field(default_factory=Counter)
    kept: Counter = field(default_factory=Counter)
    lengths: dict[str, Counter] = field(default_factory=_histograms)

    def keep(self, is_correct: bool | None, difficulty: int | None, tokens: Iterable[int]) -> None:
        """Count one record; `tokens` are those of instruction, input and output."""
        counted = tuple(tokens)
        for name, count in zip(TOKEN_FIELDS, counted, strict=True):
            self.lengths[name][count] += 1
        self.lengths[TOTAL][sum(counted)] += 1
        self.kept[is_correct, difficulty] += 1

    def keep_all(
        self,
        is_correct: bool | None,
        difficulty: int | None,
        prompt: Sequence[int],
        outputs: Sequence[int],
    ) -> None:
        """Count the records of one prompt and class.

        Args:
            prompt: Tokens of instruction and input, the same for all records.
            outputs: Tokens of the output of each record.
        """
        instruction, given, output = (self.lengths[name] for name in TOKEN_FIELDS)
        instruction[prompt[0]] += len(outputs)
        given[prompt[1]] += len(outputs)
        output.update(outputs)
        self.lengths[TOTAL].update(map(sum(prompt).__add__, outputs))
        self.kept[is_correct, difficulty] += len(outputs)

    @classmethod
    def from_stats(cls, stats: Mapping[str, Any], form: Format) -> "SplitCounts":
        """Read stored counts back; the inverse of `as_stats`.

        Raises:
            ValueError: A count is missing, extra, or no whole number.
        """
        try:
            kept: Counter = Counter()
            if form.labelled:
                for name, label in ((CORRECT, True), (INCORRECT, False)):
                    levels = stats[DIFFICULTY][name]
                    kept.update({(label, int(k)): _count(n) for k, n in levels.items()})
            else:
                kept[None, None] = _count(stats[ROWS])
            tally = cls(
                _count(stats[SOURCE_ROWS]),
                _count(stats[CANDIDATES]),
                Counter({reason: _count(n) for reason, n in stats[DROPPED].items()}),
                kept,
                {
                    name: Counter({int(k): _count(n) for k, n in of.items()})
                    for name, of in stats[TOKEN_LENGTHS].items()
                },
            )
            again = tally.as_stats(form)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"stats lack or misspell {error}") from error
        if wrong := [
            key for key in again.keys() | stats.keys() if again.get(key) != stats.get(key)
        ]:
            raise ValueError(f"stats contradict themselves in {', '.join(sorted(wrong))}")
        return tally

    def add(self, other: "SplitCounts") -> None:
        """Add the counts of another part."""
        self.source_rows += other.source_rows
        self.candidates += other.candidates
        # Not by +=, which looks at all that is there already, for each part anew.
        self.dropped.update(other.dropped)
        self.kept.update(other.kept)
        for name, lengths in other.lengths.items():
            self.lengths[name].update(lengths)

    @property
    def rows(self) -> int:
        """Records written."""
        return self.kept.total()

    def by_class(self, is_correct: bool) -> int:
        """Records written with this label."""
        return sum(n for (label, _), n in self.kept.items() if label is is_correct)

    def require_balance(self, what: str) -> None:
        """Raise unless every candidate is kept or dropped for a reason."""
        found = self.rows + self.dropped.total()
        if found != self.candidates:
            raise BadInput(
                f"the counts of {what} do not add up",
                [f"{self.candidates:,} candidates, {found:,} kept or dropped"],
                "this is a mistake in wmtp_assets.datasets; please report it",
            )

    def as_stats(self, form: Format) -> dict[str, Any]:
        """The counts as they are stored; zero is written as zero."""
        return {
            SOURCE_ROWS: self.source_rows,
            CANDIDATES: self.candidates,
            DROPPED: self.reasons(form),
            **self.recounted(form),
        }

    def reasons(self, form: Format) -> dict[str, int]:
        """Reason -> candidates not written for it."""
        counts = {reason: self.dropped[reason] for reason in form.dropped}
        if invalid := self.dropped[INVALID_UTF8]:
            counts[INVALID_UTF8] = invalid
        return counts

    def recounted(self, form: Format) -> dict[str, Any]:
        """The counts that the JSONL alone decides."""
        counts: dict[str, Any] = {ROWS: self.rows}
        if form.labelled:
            counts |= {CORRECT: self.by_class(True), INCORRECT: self.by_class(False)}
            counts[DIFFICULTY] = {CORRECT: self._levels(True), INCORRECT: self._levels(False)}
        counts[TOKEN_LENGTHS] = {name: _by_number(of) for name, of in self.lengths.items()}
        return counts

    def _levels(self, is_correct: bool) -> dict[str, int]:
        return _by_number(
            {level: n for (label, level), n in self.kept.items() if label is is_correct}
        )


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def _by_number(counts: dict[int, int]) -> dict[str, int]:
    return {str(key): counts[key] for key in sorted(counts)}
