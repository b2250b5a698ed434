"""The longest rising choice with a gap between neighbours."""

from wmtp_assets.sample.problems import other_languages
from wmtp_assets.sample.problems.family import AIZU, CODEFORCES, HACKEREARTH, Family, Story
from wmtp_assets.sample.problems.shapes import Ints, Row

TOWERS = Family(
    shapes=(Ints("n", ((3, 12),)), Row("a", "n", (1, 30))),
    tags=("binary search", "dp"),
    input_text="""The first line has the number n (1 ≤ n ≤ 1000), the second one the n heights in
the given order, integers from 1 to 10^6.""",
    output_text="Print the greatest number of items that can be chosen.",
    right=(
        """
best = [1] * n
for i in range(n):
    for j in range(i):
        if a[j] + $K <= a[i]:
            best[i] = max(best[i], best[j] + 1)
ans = max(best)
""",
        """
from bisect import bisect_right

tails = []
for x in a:
    place = bisect_right(tails, x - $K)
    if place == len(tails):
        tails.append(x)
    else:
        tails[place] = min(tails[place], x)
ans = len(tails)
""",
        """
best = {}
for x in a:
    longest = 0
    for y in best:
        if y + $K <= x:
            longest = max(longest, best[y])
    best[x] = max(best.get(x, 0), longest + 1)
ans = max(best.values())
""",
    ),
    wrong=(
        """
last = a[0]
ans = 1
for x in a[1:]:
    if x >= last + $K:
        ans += 1
        last = x
""",
        """
ans = 1
length = 1
for i in range(1, n):
    if a[i] >= a[i - 1] + $K:
        length += 1
    else:
        length = 1
    ans = max(ans, length)
""",
        """
a = sorted(a)
last = a[0]
ans = 1
for x in a:
    if x >= last + $K:
        ans += 1
        last = x
""",
    ),
    others=other_languages.TOWERS,
    stories=(
        Story(
            "Rising Skyline",
            CODEFORCES,
            23,
            """A painter sees n towers from left to right. She paints some of them, in that order,
and wants each painted tower to top the painted one before it by at least $K. She paints as many
towers as this rule allows.""",
            code="1317_Q",
            params={"K": 1},
        ),
        Story(
            "Nesting Dolls on a Belt",
            CODEFORCES,
            28,
            """Hollow dolls arrive on a belt. A doll can be put over the stack in hand if its height
exceeds the outermost doll's by $K or more, because the wood is thick; otherwise it has to pass.
Any doll may also be let pass. How many dolls can one stack collect?""",
            code="1317_V",
            params={"K": 3},
        ),
        Story(
            "Stepping Stones",
            AIZU,
            0,
            """Stones in a brook are listed downstream with their heights. Grandfather only steps
from one stone to a stone further downstream, and only when that is $K or more higher, so as not
to slip. He may skip stones and may begin and stop anywhere. How many stones can he use?""",
            code="p02317",
            params={"K": 2},
        ),
        Story(
            "Louder and Louder",
            HACKEREARTH,
            2,
            """A conductor has a list of bars with their loudness. For a trailer he cuts out bars
but keeps the order, and every bar that stays must be louder than the one kept before it by at
least $K decibels. What is the largest number of bars that the trailer can have?""",
            params={"K": 5},
        ),
    ),
)
