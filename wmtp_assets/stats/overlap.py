"""Problems that two splits of a dataset share: by name, by description, and nearly.

Exact overlap is by name and by normalised description (NFKC, case and white space aside). Near
duplicates are candidates of MinHash over word 5-grams, each verified by the exact Jaccard
similarity of the 5-grams; exact ones are left to the exact check. Memory grows with problems, not
with rows.
"""

import hashlib
import itertools
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from wmtp_assets.corpora.culprits import Culprits
from wmtp_assets.corpora.formats import Format
from wmtp_assets.corpora.records import dump_json, parse_line, raw_lines
from wmtp_assets.errors import BadInput

NEAR_THRESHOLD = 0.8
WORDS = 5
PERMUTATIONS, BANDS, SEED = 128, 32, 2025
BATCH = 512


@dataclass(frozen=True)
class Text:
    """The first record of a prompt: where it is from and what it says, normalised."""

    split: str
    task_id: str
    normal: str


@dataclass(frozen=True)
class NearPair:
    """Two texts of different splits that say nearly the same."""

    first: str
    second: str
    similarity: float


def normalise(text: str) -> str:
    """A text without its typography: NFKC, case folded, white space as single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def digest_text(text: str) -> bytes:
    """A short stand-in for a normalised text."""
    return hashlib.blake2b(normalise(text).encode(), digest_size=16).digest()


def find_shared(
    names: Mapping[str, Mapping[str, bytes]], originals: Mapping[str, Mapping[str, str]]
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


def read_prompts(split: str, jsonl: Path, form: Format) -> Iterator[Text]:
    """Yield each prompt of a split once a run of records; a run is skipped without parsing it.

    Raises:
        BadInput: The JSONL is missing, or has a line that cannot be read.
    """
    known = b"\n"
    for number, raw in enumerate(raw_lines(jsonl), 1):
        if raw.startswith(known):
            continue
        line = parse_line(number, raw, form.fields)
        if line.record is None:
            raise BadInput(f"{jsonl.name} line {number} {line.fault}", [jsonl])
        record = line.record
        prompt = {"instruction": record["instruction"], "input": record["input"]}
        known = dump_json(prompt)[:-1].encode() + b',"output":'
        yield Text(split, record["task_id"], normalise(record["instruction"]))


def find_near_pairs(texts: Iterable[Text]) -> list[NearPair]:
    """Find pairs of different splits whose word 5-grams have Jaccard similarity >= 0.8."""
    from rensa import RMinHash, RMinHashLSH

    kept = [text for text in texts if text.normal]
    index = RMinHashLSH(NEAR_THRESHOLD, PERMUTATIONS, BANDS)
    pairs = {}
    for start in range(0, len(kept), BATCH):
        grams = [word_grams(text.normal) for text in kept[start : start + BATCH]]
        for place, minhash in enumerate(RMinHash.from_token_sets(grams, PERMUTATIONS, SEED), start):
            for other in index.query(minhash):
                pairs |= _verified(kept[other], kept[place])
            index.insert(place, minhash)
    return [pairs[key] for key in sorted(pairs)]


def _verified(one: Text, other: Text) -> dict[tuple[str, str], NearPair]:
    if one.split == other.split or one.normal == other.normal:
        return {}
    similarity = jaccard(word_grams(one.normal), word_grams(other.normal))
    if similarity < NEAR_THRESHOLD:
        return {}
    first, second = (f"{text.split} {text.task_id}" for text in (one, other))
    return {(first, second): NearPair(first, second, round(similarity, 4))}


def word_grams(text: str) -> list[str]:
    """All different runs of five words, in order; of a shorter text, the text itself."""
    words = text.split()
    runs = (words[at : at + WORDS] for at in range(max(len(words) - WORDS + 1, 1)))
    return list(dict.fromkeys(map(" ".join, runs)))


def jaccard(one: Iterable[str], other: Iterable[str]) -> float:
    """Size of the intersection by size of the union."""
    left, right = set(one), set(other)
    return len(left & right) / len(left | right)
