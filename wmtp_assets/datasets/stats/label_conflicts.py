"""Solutions that one prompt has both as correct and as incorrect: noise of the labels, counted.

Two texts are the same exactly, or with white space at line ends and empty lines aside (line feeds
or CRLF). Records of one prompt stand together, so that memory is that of its solutions.
"""

from pathlib import Path

from wmtp_assets.datasets.formats import Format
from wmtp_assets.datasets.stats.texts import read_records

LABELLED_BOTH = "labelled_both"
EXACT, SPACE_ASIDE = "exact", "space_aside"


class LabelConflicts:
    """Counts the texts that occur with both labels below one prompt, and the records they fill."""

    def __init__(self) -> None:
        self._done = {form: {"texts": 0, "records": 0} for form in (EXACT, SPACE_ASIDE)}
        self._open: dict[str, dict[str, list[int]]] = {EXACT: {}, SPACE_ASIDE: {}}

    def next_prompt(self) -> None:
        """Forget the texts of the prompt before, once they are counted."""
        for form, texts in self._open.items():
            for incorrect, correct in texts.values():
                if incorrect and correct:
                    self._done[form]["texts"] += 1
                    self._done[form]["records"] += incorrect + correct
            texts.clear()

    def see(self, text: str, is_correct: bool) -> None:
        """Take one solution of the open prompt."""
        self._open[EXACT].setdefault(text, [0, 0])[is_correct] += 1
        self._open[SPACE_ASIDE].setdefault(without_space(text), [0, 0])[is_correct] += 1

    def counts(self) -> dict[str, dict[str, int]]:
        """Which texts are the same -> different texts with both labels, and their records."""
        self.next_prompt()
        return {form: dict(counts) for form, counts in self._done.items()}


def without_space(text: str) -> str:
    """A text without empty lines and without white space at line ends."""
    return "\n".join(filter(None, map(str.rstrip, text.split("\n"))))


def count_conflicts(jsonl: Path, form: Format) -> dict[str, dict[str, int]]:
    """Count over a whole labelled split.

    Raises:
        BadInput: The JSONL is missing, or has a line that cannot be read.
    """
    conflicts = LabelConflicts()
    for record in read_records(jsonl, form):
        if record.opens:
            conflicts.next_prompt()
        conflicts.see(record.output, record.is_correct)
    return conflicts.counts()
