"""Solutions that one prompt has both as correct and as incorrect: noise of the labels, counted.

Two texts are the same exactly, or with white space at line ends and empty lines aside (line feeds
or CRLF). The conversion counts them as it writes, a check again as it reads. Records of one prompt
stand together, so that memory is that of its solutions. A part of a split may begin and end within
a prompt: the texts of both stay open, as digests, until the parts before and after it are known.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import TypeVar

import numpy as np

LABELLED_BOTH = "labelled_both"
EXACT, SPACE_ASIDE = "exact", "space_aside"
# So many texts are summed up at once: their bytes stay in the cache.
SUMMED_TOGETHER = 64

# Text, or its digest.
Named = TypeVar("Named", str, bytes)
# Which texts are the same -> different texts with both labels, and their records.
Counts = dict[str, dict[str, int]]
COUNTS_TYPE = {form: {"texts": int, "records": int} for form in (EXACT, SPACE_ASIDE)}


@dataclass(frozen=True)
class OpenPrompt:
    """A prompt at an end of a part, by its digest: which texts are the same -> their labels."""

    prompt: bytes
    labels: dict[str, dict[bytes, list[int]]]


@dataclass(frozen=True)
class PartConflicts:
    """What a part of a split holds.

    Attributes:
        ends: The prompts of its first and of its last record, which may go on in the parts beside
            it; one where they are the same run of records, none where there is no record.
        done: The prompts between them.
    """

    ends: tuple[OpenPrompt, ...]
    done: Counts


class PartLabels:
    """Takes the solutions of a part in their order."""

    def __init__(self) -> None:
        self._first: OpenPrompt | None = None
        self._done = no_conflicts()
        self._prompt: bytes | None = None
        self._open: tuple[list[str], list[str]] = ([], [])

    def see(self, prompt: bytes, texts: Sequence[str], is_correct: bool) -> None:
        """Take solutions of one prompt; that of the records before goes on where it is the same."""
        if prompt != self._prompt:
            self._next(prompt)
        self._open[is_correct].extend(texts)

    def conflicts(self) -> PartConflicts:
        """What was seen, the end of the part included."""
        if self._prompt is None:
            return PartConflicts((), self._done)
        last = self._as_digests(self._prompt)
        return PartConflicts((self._first, last) if self._first else (last,), self._done)

    def _next(self, prompt: bytes) -> None:
        """Forget the texts of the prompt before, once they are counted."""
        if self._first is not None:
            _add_counts(self._done, _count_prompt(*self._open))
        elif self._prompt is not None:
            self._first = self._as_digests(self._prompt)
        self._prompt, self._open = prompt, ([], [])

    def _as_digests(self, prompt: bytes) -> OpenPrompt:
        labels: dict[str, dict[bytes, list[int]]] = {EXACT: {}, SPACE_ASIDE: {}}
        for text, counted in _labels(*self._open).items():
            _add_labels(labels[EXACT], [(_digest(text.encode()), counted)])
            _add_labels(labels[SPACE_ASIDE], [(_digest(without_space(text).encode()), counted)])
        return OpenPrompt(_digest(prompt), labels)


class LabelConflicts:
    """Adds the parts of a split up, in their order."""

    def __init__(self) -> None:
        self._done = no_conflicts()
        self._open = OpenPrompt(b"", {})

    def add(self, found: PartConflicts) -> None:
        """Add a part."""
        for place, end in enumerate(found.ends):
            if place or end.prompt != self._open.prompt:
                self._close()
                self._open = OpenPrompt(end.prompt, {EXACT: {}, SPACE_ASIDE: {}})
            for form, labels in end.labels.items():
                _add_labels(self._open.labels[form], labels.items())
        _add_counts(self._done, found.done)

    def counts(self) -> Counts:
        """Which texts are the same -> different texts with both labels, and their records."""
        self._close()
        return self._done

    def _close(self) -> None:
        for form, labels in self._open.labels.items():
            _add_counts(self._done, {form: _both(labels.values())})
        self._open = OpenPrompt(b"", {})


def without_space(text: str) -> str:
    """A text without empty lines and without white space at line ends."""
    return "\n".join(filter(None, map(str.rstrip, text.split("\n"))))


def no_conflicts() -> Counts:
    """The counts of nothing."""
    return {form: dict.fromkeys(counts, 0) for form, counts in COUNTS_TYPE.items()}


def are_possible(counts: Counts, rows: int) -> bool:
    """Whether a split of so many rows can have these counts."""
    exact, aside = (counts[form]["records"] for form in (EXACT, SPACE_ASIDE))
    return exact <= aside and all(
        0 <= 2 * of["texts"] <= of["records"] <= rows for of in counts.values()
    )


def _count_prompt(incorrect: list[str], correct: list[str]) -> Counts:
    if not (incorrect and correct):
        return {}
    sums = _sums(incorrect), _sums(correct)
    shared = set(sums[False]) & set(sums[True])
    if not shared:
        return {}
    exact = _labels(
        *(
            compress(texts, map(shared.__contains__, of))
            for texts, of in zip((incorrect, correct), sums, strict=True)
        )
    )
    aside: dict[str, list[int]] = {}
    _add_labels(aside, ((without_space(text), counted) for text, counted in exact.items()))
    return {EXACT: _both(exact.values()), SPACE_ASIDE: _both(aside.values())}


def _sums(texts: Sequence[str]) -> list[int]:
    """The sum of the visible ASCII characters of each text.

    It is the same for texts that are the same but for white space: most have no such other, and are
    not looked at line by line.
    """
    sums: list[int] = []
    for start in range(0, len(texts), SUMMED_TOGETHER):
        some = texts[start : start + SUMMED_TOGETHER]
        ended = "\n".join((*some, ""))
        data = np.frombuffer(ended.encode(), np.uint8)
        sizes = map(len, some if ended.isascii() else map(str.encode, some))
        starts = np.cumsum([0, *sizes])[:-1] + np.arange(len(some))
        visible = data * ((data > 32) & (data < 127))
        sums += np.add.reduceat(visible, starts, dtype=np.uint64).tolist()
    return sums


def _labels(incorrect: Iterable[str], correct: Iterable[str]) -> dict[str, list[int]]:
    labels: dict[str, list[int]] = {}
    _add_labels(labels, ((text, (1, 0)) for text in incorrect))
    _add_labels(labels, ((text, (0, 1)) for text in correct))
    return labels


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


def _add_labels(
    labels: dict[Named, list[int]], more: Iterable[tuple[Named, Sequence[int]]]
) -> None:
    """Add up, of texts or their digests, the records with them: incorrect and correct ones."""
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
