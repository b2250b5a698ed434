"""The remainders that sums of non-empty selections can have."""

from wmtp_assets.sample.problems.family import AIZU, CODECHEF, CODEFORCES, Family, Story
from wmtp_assets.sample.problems.shapes import Ints, Row

REMAINDERS = Family(
    shapes=(Ints("n", ((1, 5),)), Row("a", "n", (1, 60))),
    tags=("bitmasks", "dp"),
    input_text="""The first line contains n (1 ≤ n ≤ 500), the second one the n integers a_i
(1 ≤ a_i ≤ 10^9).""",
    output_text="Print how many different remainders can be obtained.",
    right=(
        """
reach = set()
for x in a:
    reach |= set([(y + x) % $K for y in reach])
    reach.add(x % $K)
ans = len(reach)
""",
        """
reach = set()
for mask in range(1, 2 ** n):
    best = 0
    for i in range(n):
        if mask >> i & 1:
            best += a[i]
    reach.add(best % $K)
ans = len(reach)
""",
        """
reach = [False] * $K
for x in a:
    after = reach[:]
    after[x % $K] = True
    for i in range($K):
        if reach[i]:
            after[(i + x) % $K] = True
    reach = after
ans = reach.count(True)
""",
    ),
    wrong=(
        """
reach = set()
for i in range(n):
    for j in range(i + 1, n + 1):
        reach.add(sum(a[i:j]) % $K)
ans = len(reach)
""",
        """
reach = set([0])
for x in a:
    reach |= set([(y + x) % $K for y in reach])
ans = len(reach)
""",
        """
ans = len(set([x % $K for x in a]))
""",
    ),
    stories=(
        Story(
            "Weekday Riddle",
            CODEFORCES,
            12,
            """Ines has n holiday vouchers, each for a number of days. She may cash in any of
them, at least one, and travels without a break from a Monday on. Since weeks have $K days, only
the rest of the total decides on which weekday she comes home.""",
            code="1311_F",
            params={"K": 7},
        ),
        Story(
            "Last Digits",
            CODECHEF,
            5,
            """A shop prints only the last digit of each bill because the printer is narrow. A
customer with n price tags in her basket decides to buy some of the things, not nothing, and
wonders which digits the bill could show. In other words, totals are taken modulo $K.""",
            params={"K": 10},
        ),
        Story(
            "Hands of the Dial",
            CODEFORCES,
            17,
            """A spy turns the hand of a dial with $K marks. He knows n code numbers and may use
each at most once, in any selection that is not empty; a code number moves the hand by so many
marks from the upper mark. Count the marks at which the hand may end up.""",
            code="1311_K",
            params={"K": 12},
        ),
        Story(
            "Nine Rotating Shelves",
            AIZU,
            0,
            """A warehouse tower has $K shelves that rotate together. Every one of n levers, once
pulled, shifts the tower by its own number of shelves and then breaks. At least one lever gets
pulled. How many shelves can be brought to the door that way?""",
            code="p01333",
            params={"K": 9},
        ),
    ),
)
