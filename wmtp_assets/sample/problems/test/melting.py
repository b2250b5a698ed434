"""Joining pieces two by two at the least cost."""

from wmtp_assets.sample.problems.family import ATCODER, CODEFORCES, Family, Story
from wmtp_assets.sample.problems.shapes import Ints, Row

MELTING = Family(
    shapes=(Ints("n", ((3, 9),)), Row("a", "n", (1, 40))),
    tags=("greedy", "data structures"),
    input_text="""The opening line tells n, which lies between 2 and 50000. Thereafter the n masses
appear, all on a common line, none above 5000.""",
    output_text="Print the total for the cheapest plan.",
    right=(
        """
import heapq

heapq.heapify(a)
ans = 0
while len(a) > 1:
    x = heapq.heappop(a) + heapq.heappop(a)
    ans += x + $K
    heapq.heappush(a, x)
""",
        """
ans = $K * (n - 1)
while len(a) > 1:
    a.sort()
    a = [a[0] + a[1]] + a[2:]
    ans += a[0]
""",
    ),
    wrong=(
        """
ans = 0
x = a[0]
for y in a[1:]:
    x += y
    ans += x + $K
""",
        """
ans = 0
while len(a) > 1:
    a = sorted(a)
    a = [a[0] + a[1]] + a[2:]
    ans += a[0]
""",
        """
a = sorted(a)
ans = 0
x = a[0]
for y in a[1:]:
    x += y
    ans += x + $K
""",
    ),
    stories=(
        Story(
            "Bell Founders",
            CODEFORCES,
            14,
            """Founders melt scrap bells together, always two lumps into one, until a single lump is
left for the great bell. Melting two lumps burns as many sacks of charcoal as both weigh jointly,
with $K sacks on top for firing the oven anew. The abbot pays the charcoal. Which sum will he be
asked for by thrifty founders?""",
            code="1503_H",
            params={"K": 3},
        ),
        Story(
            "Merging Ledgers",
            ATCODER,
            0,
            """An archive consolidates ledgers. One clerk takes two ledgers and copies both into a
fresh one, which needs a minute for every page copied plus $K minutes for sewing the binding. He
repeats this until one ledger remains. Pages are never lost. Find the fewest minutes in which the
clerk can finish.""",
            code="p03777",
            params={"K": 10},
        ),
    ),
)
