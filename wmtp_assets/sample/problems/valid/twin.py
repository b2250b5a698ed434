"""The planted near-duplicate: a train problem under another name, a few words changed.

Exactly one pair of problems of different splits is nearly equal (word 5-gram Jaccard about 0.9),
as an evaluation set that leaked into training would be. Equal they are not, however normalised.
"""

from dataclasses import replace

from wmtp_assets.sample.problems.family import CODEFORCES, Story
from wmtp_assets.sample.problems.train.desks import DESKS, HARBOUR_TEXT

ORIGINAL, TWIN = "1314_D. Customs House", "1405_D. Harbour Office"

# Each stands once in the original.
CHANGED_WORDS = (("Mirelle", "Odalys"), ("gate", "pier"))


def _change_words(text: str) -> str:
    for old, new in CHANGED_WORDS:
        text = text.replace(old, new)
    return text


TWIN_OF_DESKS = replace(
    DESKS,
    stories=(
        Story(
            "Harbour Office",
            CODEFORCES,
            10,
            _change_words(HARBOUR_TEXT),
            code="1405_D",
            params={"K": 2},
            like="Customs House",
        ),
    ),
)
