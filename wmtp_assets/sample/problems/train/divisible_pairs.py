"""Pairs whose sum is divisible: remainders are counted, an index is not its own partner."""

from wmtp_assets.sample.problems import other_languages
from wmtp_assets.sample.problems.family import (
    AIZU,
    CODECHEF,
    CODEFORCES,
    HACKEREARTH,
    Family,
    Story,
)
from wmtp_assets.sample.problems.shapes import Ints, Row

DIVISIBLE_PAIRS = Family(
    shapes=(Ints("n", ((2, 12),)), Row("a", "n", (1, 40))),
    tags=("combinatorics", "number theory"),
    input_text="""The first line holds the integer n (2 ≤ n ≤ 2000). The second line holds n
integers a_1, ..., a_n (1 ≤ a_i ≤ 10^9), separated by single spaces.""",
    output_text="Print how many pairs (i, j) with i < j have a sum that $K divides.",
    right=(
        """
ans = 0
for i in range(n):
    for j in range(i + 1, n):
        if (a[i] + a[j]) % $K == 0:
            ans += 1
""",
        """
cnt = [0] * $K
ans = 0
for x in a:
    ans += cnt[-x % $K]
    cnt[x % $K] += 1
""",
        """
cnt = [0] * $K
for x in a:
    cnt[x % $K] += 1
ans = cnt[0] * (cnt[0] - 1) // 2
for i in range(1, $K):
    j = $K - i
    if i < j:
        ans += cnt[i] * cnt[j]
    elif i == j:
        ans += cnt[i] * (cnt[i] - 1) // 2
""",
    ),
    wrong=(
        """
ans = 0
for i in range(n):
    for j in range(i, n):
        if (a[i] + a[j]) % $K == 0:
            ans += 1
""",
        """
ans = 0
for i in range(n - 1):
    if (a[i] + a[i + 1]) % $K == 0:
        ans += 1
""",
        """
cnt = {}
ans = 0
for x in a:
    ans += cnt.get(x % $K, 0)
    cnt[x % $K] = cnt.get(x % $K, 0) + 1
""",
    ),
    others=other_languages.DIVISIBLE_PAIRS,
    stories=(
        Story(
            "Pairs of Ropes",
            CODEFORCES,
            8,
            """A rigger keeps n ropes of known lengths in a shed. Sails are hung on two ropes
knotted end to end, and the sailmaker only accepts a total length that splits into $K equal
sections without any rest. The rigger wonders among how many choices of two ropes she may pick.""",
            code="1301_B",
            params={"K": 3},
        ),
        Story(
            "Paper Lanterns",
            CODECHEF,
            1,
            """For the harvest parade every child brings one lantern with some number of paper
folds. Two children may walk side by side if the folds of both lanterns together can be dealt
evenly to the $K judges. Count the possible couples; a child cannot walk beside itself.""",
            params={"K": 5},
        ),
        Story(
            "Bakers on Two Shifts",
            HACKEREARTH,
            2,
            """Each of n bakers has a fixed number of loaves per shift. The morning and the evening
shift are staffed by one baker each, and the delivery van has $K identical racks that must all
carry equally many loaves. In how many ways can the two bakers be chosen, order ignored?""",
            params={"K": 7},
        ),
        Story(
            "Quartets of Coins",
            AIZU,
            0,
            """A numismatist weighs coins in whole grams. She calls two coins friends when the
weight of both, put on the scale together, is a multiple of $K grams, because then her little
brass weights of $K grams balance them. Tell her how many friendships her collection holds.""",
            code="p02611",
            params={"K": 4},
        ),
    ),
)
