"""The longest stretch in which two kinds of numbers are equally many."""

from wmtp_assets.sample.problems.family import ATCODER, CODECHEF, CODEFORCES, Family, Story
from wmtp_assets.sample.problems.shapes import Ints, Row

EVEN_MIX = Family(
    shapes=(Ints("n", ((3, 14),)), Row("a", "n", (1, 18))),
    tags=("data structures", "hashing"),
    input_text="""The first line gives n (1 ≤ n ≤ 3000). On the second line there are n integers
from 1 to 10^6.""",
    output_text="Print the length of the longest such stretch, or 0 if there is none.",
    right=(
        """
first = {0: 0}
level = 0
ans = 0
for i in range(n):
    x = a[i]
    level += 1 if $COND else -1
    if level in first:
        ans = max(ans, i + 1 - first[level])
    else:
        first[level] = i + 1
""",
        """
ans = 0
for i in range(n):
    level = 0
    for j in range(i, n):
        x = a[j]
        if $COND:
            level += 1
        else:
            level -= 1
        if level == 0:
            ans = max(ans, j - i + 1)
""",
        """
heights = [0]
for x in a:
    heights.append(heights[-1] + (1 if $COND else -1))
ans = 0
for i in range(n + 1):
    for j in range(i + 1, n + 1):
        if heights[i] == heights[j] and j - i > ans:
            ans = j - i
""",
    ),
    wrong=(
        """
first = {}
level = 0
ans = 0
for i in range(n):
    x = a[i]
    level += 1 if $COND else -1
    if level in first:
        ans = max(ans, i - first[level])
    else:
        first[level] = i
""",
        """
level = 0
ans = 0
for i in range(n):
    x = a[i]
    level += 1 if $COND else -1
    if level == 0:
        ans = i + 1
""",
        """
best = 0
for x in a:
    best += 1 if $COND else 0
ans = 2 * min(best, n - best)
""",
    ),
    stories=(
        Story(
            "Odd Neighbours",
            CODEFORCES,
            10,
            """House numbers along a crooked lane are listed in walking order. A peace treaty holds
on a stretch of consecutive houses if it has as many even numbers as odd ones. The mayor wants
the longest stretch at peace.""",
            code="1308_D",
            params={"COND": "x % 2 == 0"},
        ),
        Story(
            "Warm and Cold Days",
            CODEFORCES,
            11,
            """A beekeeper noted a temperature index each day. Days with an index of at least 10 are
flying days, all the others are resting days. She looks for the longest run of consecutive days
in which flying and resting days balance exactly.""",
            code="1308_E",
            params={"COND": "x >= 10"},
        ),
        Story(
            "Threefold Tiles",
            CODECHEF,
            4,
            """Tiles in a corridor carry numbers. Those whose number is a multiple of 3 are glazed,
the rest are plain. The owner wants to polish one unbroken part of the corridor in which glazed
and plain tiles are equally many, and would like that part to be long.""",
            params={"COND": "x % 3 == 0"},
        ),
        Story(
            "Light Parcels",
            ATCODER,
            0,
            """Parcels leave a warehouse on a belt; one below 5 kilograms is light, any other one
is heavy. A robot with two arms picks up a block of adjacent parcels, light ones with the left
arm and heavy ones with the right, and must be loaded symmetrically. How big can a block be?""",
            code="p03101",
            params={"COND": "x < 5"},
        ),
    ),
)
