"""Solutions that one prompt has both as correct and as incorrect: noise of the labels, counted.

Two texts are the same exactly, or with white space at line ends and empty lines aside (line feeds
or CRLF). Records of one prompt stand together, so that memory is that of its solutions. A range of
lines may begin and end within a prompt: the texts of both stay open, as digests, until the ranges
before and after it are known.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

LABELLED_BOTH = "labelled_both"
EXACT, SPACE_ASIDE = "exact", "space_aside"
# Texts that are the same but for white space have the same number of each of these: most texts
# have no such other, and are not looked at line by line.
COUNTED = "(=e"

# Text, or its digest -> records with it, incorrect and correct ones.
Labels = dict[str, list[int]] | dict[bytes, list[int]]
# Which texts are the same -> their labels below one prompt.
OpenPrompt = dict[str, dict[bytes, list[int]]]
# Which texts are the same -> different texts with both labels, and their records.
Counts = dict[str, dict[str, int]]


@dataclass(frozen=True)
class RangeConflicts:
    """What a range of records holds.

    Attributes:
        first: The prompt of its first record, which may go on from the range before.
        done: The prompts that begin and end in it.
        last: The prompt of its last record, which may go on in the next range; None if that is the
            first one.
    """

    first: OpenPrompt
    done: Counts
    last: OpenPrompt | None


class RangeLabels:
    """Takes the solutions of a range in their order."""

    def __init__(self) -> None:
        self._first: OpenPrompt | None = None
        self._done = _nothing()
        self._open: dict[str, list[int]] = {}

    def next_prompt(self) -> None:
        """Forget the texts of the prompt before, once they are counted."""
        if self._first is None:
            self._first = _as_digests(self._open)
        else:
            _count_prompt(self._done, self._open)
        self._open = {}

    def see(self, text: str, is_correct: bool) -> None:
        """Take one solution of the open prompt."""
        self._open.setdefault(text, [0, 0])[is_correct] += 1

    def conflicts(self) -> RangeConflicts:
        """What was seen, the end of the range included."""
        last = _as_digests(self._open)
        if self._first is None:
            return RangeConflicts(last, self._done, None)
        return RangeConflicts(self._first, self._done, last)


class LabelConflicts:
    """Adds the ranges of a split up, in their order."""

    def __init__(self) -> None:
        self._done = _nothing()
        self._open: OpenPrompt = {}

    def add(self, found: RangeConflicts, opens: bool) -> None:
        """Add a range; `opens` where its first record has another prompt than the one before."""
        if opens:
            self._close()
        for form, labels in found.first.items():
            _add_labels(self._open.setdefault(form, {}), labels.items())
        if found.last is not None:
            self._close()
            _add_counts(self._done, found.done)
            self._open = {form: dict(labels) for form, labels in found.last.items()}

    def counts(self) -> Counts:
        """Which texts are the same -> different texts with both labels, and their records."""
        self._close()
        return self._done

    def _close(self) -> None:
        for form, labels in self._open.items():
            _add_counts(self._done, {form: _both(labels.values())})
        self._open = {}


def without_space(text: str) -> str:
    """A text without empty lines and without white space at line ends."""
    return "\n".join(filter(None, map(str.rstrip, text.split("\n"))))


def _nothing() -> Counts:
    return {form: {"texts": 0, "records": 0} for form in (EXACT, SPACE_ASIDE)}


def _count_prompt(done: Counts, texts: dict[str, list[int]]) -> None:
    incorrect, correct = map(any, zip(*texts.values(), strict=True)) if texts else (False, False)
    if not (incorrect and correct):
        return
    _add_counts(done, {EXACT: _both(texts.values())})
    alike: dict[tuple[int, ...], dict[str, list[int]]] = {}
    for text, counted in texts.items():
        alike.setdefault(tuple(map(text.count, COUNTED)), {})[text] = counted
    for of in alike.values():
        if len(of) > 1 and all(map(any, zip(*of.values(), strict=True))):
            aside: dict[str, list[int]] = {}
            _add_labels(aside, ((without_space(text), counted) for text, counted in of.items()))
            _add_counts(done, {SPACE_ASIDE: _both(aside.values())})
        else:
            _add_counts(done, {SPACE_ASIDE: _both(of.values())})


def _as_digests(texts: dict[str, list[int]]) -> OpenPrompt:
    found: OpenPrompt = {EXACT: {}, SPACE_ASIDE: {}}
    for text, counted in texts.items():
        _add_labels(found[EXACT], [(_digest(text), counted)])
        _add_labels(found[SPACE_ASIDE], [(_digest(without_space(text)), counted)])
    return found


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _add_labels(labels: Labels, more: Iterable[tuple[str | bytes, list[int]]]) -> None:
    for text, (incorrect, correct) in more:
        counted = labels.setdefault(text, [0, 0])
        counted[False] += incorrect
        counted[True] += correct


def _both(labels: Iterable[list[int]]) -> dict[str, int]:
    """The texts that have both labels, and their records."""
    records = [sum(counted) for counted in labels if all(counted)]
    return {"texts": len(records), "records": sum(records)}


def _add_counts(counts: Counts, more: Counts) -> None:
    for form, found in more.items():
        for what, count in found.items():
            counts[form][what] += count
