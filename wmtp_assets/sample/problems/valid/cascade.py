"""Water that runs from basin to basin and loses some on the way."""

from wmtp_assets.sample.problems.family import CODEFORCES, HACKEREARTH, Family, Story
from wmtp_assets.sample.problems.shapes import Ints, Row

CASCADE = Family(
    shapes=(Ints("n m", ((3, 9), (20, 90))), Row("a", "n", (2, 25))),
    tags=("greedy", "implementation"),
    input_text="""In the first row you find two values: n, at most 10^5, and m, at most 10^9. The
capacities follow in the second row from top to bottom, each between 1 and 10^4.""",
    output_text="A single number: the basins that end up brimful.",
    right=(
        """
ans = 0
for x in a:
    if m < x:
        break
    ans += 1
    m -= x + $K
""",
        """
i = 0
while i < n and m >= a[i]:
    m = max(-1, m - a[i] - $K)
    i += 1
ans = i
""",
        """
needs = 0
ans = 0
for i in range(n):
    needs += a[i]
    if needs + $K * i <= m:
        ans = i + 1
""",
    ),
    wrong=(
        """
ans = 0
for x in a:
    if m >= x:
        ans += 1
        m -= x + $K
""",
        """
ans = 0
for x in a:
    if m < x:
        break
    ans += 1
    m -= x
""",
        """
ans = 0
for x in sorted(a):
    if m < x:
        break
    ans += 1
    m -= x + $K
""",
    ),
    stories=(
        Story(
            "Terraced Fountain",
            CODEFORCES,
            8,
            """Gardener Anneke opens the upper tap of a terraced fountain for exactly m litres. A
basin must be filled to the brim before its overflow wets the next one below, and $K litres get
lost as spray at each overflow between neighbours. Water that does not fill a basin simply
remains there. Afterwards a golden leaf is laid on each brimful basin.""",
            code="1402_B",
            params={"K": 2},
        ),
        Story(
            "Rice Paddies",
            HACKEREARTH,
            2,
            """Melting snow brings m buckets to the highest of n paddies. When a paddy is saturated,
everything surplus seeps downhill, but the dike between two paddies soaks up $K buckets first.
Planting can begin in saturated paddies only. The village elder counts them before hiring
helpers for the season.""",
            params={"K": 5},
        ),
    ),
)
