"""Problems that two splits of a dataset share: by name, by description, and nearly.

Exact overlap is by name and by normalised description (NFKC, case and white space aside). Near
duplicates are candidates of MinHash over word 5-grams, each verified by the exact Jaccard
similarity of the 5-grams: descriptions (equal ones are left to the exact check) and, where a
dataset has one solution a problem, solutions (equal ones too: two tasks may share a one-liner).
Memory grows with problems, not with rows.
"""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wmtp_assets.datasets.convert.culprits import Culprits
from wmtp_assets.datasets.stats.texts import digest_text

NEAR_THRESHOLD = 0.8
WORDS = 5
PERMUTATIONS, BANDS, SEED = 128, 32, 2025
BATCH = 512

DESCRIPTION, SOLUTION = "description", "solution"


@dataclass(frozen=True)
class Text:
    """A description or a solution: the record it is from and what it says, normalised."""

    split: str
    task_id: str
    part: str
    normal: str


@dataclass(frozen=True)
class NearPair:
    """Two texts of different splits that say nearly the same."""

    first: str
    second: str
    part: str
    similarity: float

    def __str__(self) -> str:
        return f"{self.first} ~ {self.second} ({self.part}, {self.similarity:.4f})"


def find_shared(
    names: Mapping[str, dict[str, bytes]], originals: Mapping[str, Mapping[str, str]]
) -> Culprits:
    """Find problems that lie in two splits.

    Args:
        names: Split -> problem as written -> digest of its normalised description.
        originals: Split -> problem as written -> its published name, where the two differ.
    """
    culprits = Culprits()
    empty = digest_text("")
    for one, other in itertools.combinations(names, 2):
        named = [
            {originals.get(split, {}).get(name, name) for name in names[split]}
            for split in (one, other)
        ]
        for name in sorted(named[0] & named[1]):
            culprits.add(f"name {name!r} is in {one} and {other}")
        described = [
            {digest: name for name, digest in reversed(names[split].items()) if digest != empty}
            for split in (one, other)
        ]
        for digest in sorted(described[0].keys() & described[1].keys()):
            pair = [described[0][digest], described[1][digest]]
            if pair[0] != pair[1]:
                culprits.add(f"{one} {pair[0]!r} has the description of {other} {pair[1]!r}")
    return culprits


def find_near_pairs(texts: Iterable[Text]) -> list[NearPair]:
    """Find pairs of different splits whose word 5-grams have Jaccard similarity >= 0.8."""
    kept: dict[str, list[Text]] = {DESCRIPTION: [], SOLUTION: []}
    for text in texts:
        if text.normal:
            kept[text.part].append(text)
    return [pair for of in kept.values() for pair in _near_pairs(of)]


def _near_pairs(texts: list[Text]) -> list[NearPair]:
    # Compiled, and without declarations.
    from rensa import RMinHash, RMinHashLSH  # pyright: ignore[reportAttributeAccessIssue]

    index = RMinHashLSH(NEAR_THRESHOLD, PERMUTATIONS, BANDS)
    pairs = {}
    for start in range(0, len(texts), BATCH):
        grams = [word_grams(text.normal) for text in texts[start : start + BATCH]]
        for place, minhash in enumerate(RMinHash.from_token_sets(grams, PERMUTATIONS, SEED), start):
            for other in index.query(minhash):
                pairs |= _verified(texts[other], texts[place])
            index.insert(place, minhash)
    return [pairs[key] for key in sorted(pairs)]


def _verified(one: Text, other: Text) -> dict[tuple[str, str], NearPair]:
    # Equal descriptions are an error of their own; equal solutions of two tasks are not.
    if one.split == other.split or (one.part == DESCRIPTION and one.normal == other.normal):
        return {}
    similarity = jaccard(word_grams(one.normal), word_grams(other.normal))
    if similarity < NEAR_THRESHOLD:
        return {}
    first, second = (f"{text.split} {text.task_id}" for text in (one, other))
    return {(first, second): NearPair(first, second, one.part, round(similarity, 4))}


def word_grams(text: str) -> list[str]:
    """All different runs of five words, in order; of a shorter text, the text itself."""
    words = text.split()
    runs = (words[at : at + WORDS] for at in range(max(len(words) - WORDS + 1, 1)))
    return list(dict.fromkeys(map(" ".join, runs)))


def jaccard(one: Iterable[str], other: Iterable[str]) -> float:
    """Size of the intersection by size of the union."""
    left, right = set(one), set(other)
    return len(left & right) / len(left | right)
