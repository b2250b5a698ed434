"""The fewest pieces for an exact sum, with values for which the greedy choice fails."""

from wmtp_assets.sample.problems import other_languages
from wmtp_assets.sample.problems.family import ATCODER, CODEFORCES, HACKEREARTH, Family, Story
from wmtp_assets.sample.problems.shapes import Ints

FEWEST_COINS = Family(
    shapes=(Ints("n", ((1, 70),)),),
    tags=("dp",),
    input_text="The input has one integer n (1 ≤ n ≤ 10000).",
    output_text="Print the least possible number of pieces.",
    right=(
        """
best = [0] + [n] * n
for i in range(1, n + 1):
    for coin in ($COINS):
        if coin <= i:
            best[i] = min(best[i], best[i - coin] + 1)
ans = best[n]
""",
        """
level = set([n])
ans = 0
while 0 not in level:
    ans += 1
    level = set([x - coin for x in level for coin in ($COINS) if x >= coin])
""",
        """
best = {0: 0}
todo = [0]
for x in todo:
    for coin in ($COINS):
        if x + coin <= n and x + coin not in best:
            best[x + coin] = best[x] + 1
            todo.append(x + coin)
ans = best[n]
""",
    ),
    wrong=(
        """
ans = 0
for coin in sorted([$COINS], reverse=True):
    ans += n // coin
    n %= coin
""",
        """
big = max($COINS)
ans = n // big + n % big
""",
        """
best = [0] + [n] * n
for coin in ($COINS):
    for i in range(n, coin - 1, -1):
        best[i] = min(best[i], best[i - coin] + 1)
ans = best[n]
""",
    ),
    others=other_languages.FEWEST_COINS,
    stories=(
        Story(
            "Toll Bridge Tokens",
            CODEFORCES,
            11,
            """The toll bridge takes tokens of the values $COINS and wants the exact fare n. Tokens
are heavy and the traveller has plenty of each kind at home, so he would like to carry as few of
them as he can.""",
            code="1310_E",
            params={"COINS": "1, 3, 4"},
        ),
        Story(
            "Planks for a Pier",
            CODEFORCES,
            14,
            """A pier of n metres is laid plank behind plank. The sawmill cuts planks of exactly
these lengths in metres: $COINS. Every joint rots sooner or later; choose planks so that their
number is minimal. Planks may not be shortened and may not stick out.""",
            code="1310_H",
            params={"COINS": "1, 5, 8"},
        ),
        Story(
            "Climbing with Boots",
            HACKEREARTH,
            4,
            """Magic boots lift their owner by one of the heights $COINS at each stamp, as he likes.
He stands at the foot of a rock n units high and wants to come out precisely on its flat top.
Stamping is tiring. How few stamps will do?""",
            params={"COINS": "1, 6, 10"},
        ),
        Story(
            "Stamps of Ostrava",
            ATCODER,
            0,
            """The post office of a small republic prints stamps of the values $COINS and of no
other ones. A letter needs postage of n in total, neither more nor less. Little space is left on
the envelope; find the smallest number of stamps.""",
            code="p02701",
            params={"COINS": "1, 7, 9"},
        ),
    ),
)
