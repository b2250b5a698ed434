"""The best profit of buying and selling with a fee."""

from wmtp_assets.sample.problems.family import ATCODER, CODEFORCES, Family, Story
from wmtp_assets.sample.problems.shapes import Ints, Row

FEE_TRADES = Family(
    shapes=(Ints("n", ((4, 12),)), Row("a", "n", (1, 25))),
    tags=("dp", "greedy"),
    input_text="""Given first is n, the days (up to 1000 of them), and on a new line the price of
every day in turn, positive and never above 10^6.""",
    output_text="State the highest gain, zero if nothing is worth doing.",
    right=(
        """
idle = 0
held = -a[0]
for x in a:
    idle, held = max(idle, held + x - $K), max(held, idle - x)
ans = idle
""",
        """
best = [0] * (n + 1)
for i in range(1, n + 1):
    best[i] = best[i - 1]
    for j in range(i - 1):
        best[i] = max(best[i], best[j] + a[i - 1] - a[j] - $K)
ans = best[n]
""",
        """
low = a[0]
ans = 0
for x in a[1:]:
    if x < low:
        low = x
    elif x - low > $K:
        ans += x - low - $K
        low = x - $K
""",
    ),
    wrong=(
        """
ans = 0
for i in range(1, n):
    ans += max(0, a[i] - a[i - 1])
""",
        """
low = a[0]
ans = 0
for x in a:
    low = min(low, x)
    ans = max(ans, x - low - $K)
""",
        """
ans = 0
for i in range(1, n):
    ans += max(0, a[i] - a[i - 1] - $K)
""",
    ),
    stories=(
        Story(
            "Saffron Broker",
            CODEFORCES,
            16,
            """Broker Leila may own one sack of saffron or none. On a day she can purchase at the
day's price or get rid of her sack for it, and the guild keeps $K dinars of every sale. She has
dreamt the prices of the coming days and trusts her dreams. Nobody lends her sacks. What can she
have gained when the last day is over?""",
            code="1404_J",
            params={"K": 2},
        ),
        Story(
            "Cloud Credits",
            ATCODER,
            0,
            """A start-up speculates with a voucher for computing time whose price changes daily. At
any moment it holds at most one voucher; each time a voucher is given back, $K credits are
deducted for the paperwork. With the whole price list known, plan purchases and returns so that
the account grows by as much as possible.""",
            code="p02988",
            params={"K": 5},
        ),
    ),
)
