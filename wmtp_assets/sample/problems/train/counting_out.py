"""Counting out in a ring; also the family whose answers fit a table of a thousand numbers."""

from wmtp_assets.sample.problems import other_languages
from wmtp_assets.sample.problems.family import CODEFORCES, HACKEREARTH, Family, Story
from wmtp_assets.sample.problems.shapes import Ints

COUNTING_OUT = Family(
    shapes=(Ints("n", ((1, 60),)),),
    tags=("data structures", "math"),
    input_text="The input is one integer n (1 ≤ n ≤ 1000).",
    output_text="Print the number of the one who remains; numbers start from 1.",
    right=(
        """
a = list(range(1, n + 1))
i = 0
while len(a) > 1:
    i = (i + $K - 1) % len(a)
    a.pop(i)
ans = a[0]
""",
        """
ans = 0
for i in range(2, n + 1):
    ans = (ans + $K) % i
ans += 1
""",
        """
from collections import deque

ring = deque(range(1, n + 1))
while len(ring) > 1:
    ring.rotate(-($K - 1))
    ring.popleft()
ans = ring[0]
""",
    ),
    wrong=(
        """
a = list(range(1, n + 1))
i = 0
while len(a) > 1:
    i = (i + $K) % len(a)
    a.pop(i)
ans = a[0]
""",
        """
ans = 0
for i in range(2, n + 1):
    ans = (ans + $K) % i
""",
        """
a = list(range(1, n + 1))
while len(a) >= $K:
    a = [a[i] for i in range(len(a)) if (i + 1) % $K != 0]
ans = a[-1]
""",
    ),
    others=other_languages.COUNTING_OUT,
    stories=(
        Story(
            "The Last Kettle",
            CODEFORCES,
            10,
            """In a tea house n kettles whistle in a circle. A deaf waiter walks round and takes
every $K-nd kettle off the fire, counting on from where he stopped and skipping the places that
are already cold. The last kettle boils dry. Which one is it?""",
            code="1305_D",
            params={"K": 2},
        ),
        Story(
            "Ferrymen's Lots",
            CODEFORCES,
            12,
            """When no ferryman wants the night passage they stand in a ring and count. Whoever
hears the number $K is free and goes home, and the count begins again at his left neighbour. The
one who is left over has to row until morning.""",
            code="1305_F",
            params={"K": 3},
        ),
        Story(
            "Paper Lanterns",
            HACKEREARTH,
            2,
            """Lanterns hang around a pavilion, numbered clockwise. A gust blows one out, always the
$K-th still burning lantern after the previous one, beginning with lantern 1 as the first that is
counted. The poet writes under the last light. Tell him its number in advance.""",
            params={"K": 5},
        ),
        Story(
            "Night Market",
            HACKEREARTH,
            4,
            """After closing, the guards of the market draw a winner for the leftover melon. They
form a circle, and each round the guard at count $K drops out, the next one starting from one
again. Compute the lucky guard so that the melon need not wait.""",
            params={"K": 7},
        ),
    ),
)
