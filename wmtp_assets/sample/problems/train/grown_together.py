"""Intervals that grow together when the gap between them is small."""

from wmtp_assets.sample.problems.family import AIZU, CODEFORCES, HACKEREARTH, Family, Story
from wmtp_assets.sample.problems.shapes import Ints, Pairs

GROWN_TOGETHER = Family(
    shapes=(Ints("n", ((2, 8),)), Pairs("p", "n", (0, 40))),
    tags=("greedy", "sortings"),
    input_text="""The first line contains n (1 ≤ n ≤ 1000). Each of the next n lines contains the
two ends l and r of an interval (0 ≤ l ≤ r ≤ 10^6), in no particular order.""",
    output_text="Print the number of groups.",
    right=(
        """
p = sorted(p)
ans = 1
end = p[0][1]
for left, right in p[1:]:
    if left - end > $K:
        ans += 1
    end = max(end, right)
""",
        """
used = set()
for left, right in p:
    used.update(range(2 * left, 2 * (right + $K) + 1))
ans = 0
for x in used:
    if x - 1 not in used:
        ans += 1
""",
        """
groups = []
for left, right in p:
    apart = []
    for low, high in groups:
        if left - high > $K or low - right > $K:
            apart.append((low, high))
        else:
            left = min(left, low)
            right = max(right, high)
    groups = apart + [(left, right)]
ans = len(groups)
""",
    ),
    wrong=(
        """
ans = 1
end = p[0][1]
for left, right in p[1:]:
    if left - end > $K:
        ans += 1
    end = max(end, right)
""",
        """
p = sorted(p)
ans = 1
for i in range(1, n):
    if p[i][0] - p[i - 1][1] > $K:
        ans += 1
""",
        """
p = sorted(p)
ans = 0
end = p[0][1]
for left, right in p:
    if left - end > $K:
        ans += 1
    end = max(end, right)
""",
    ),
    stories=(
        Story(
            "Islands in the Reeds",
            CODEFORCES,
            8,
            """Reed beds along a river bank are given as intervals in metres. Two beds grow
together when they overlap, touch, or leave at most $K metre of open water between them, and this
passes on from bed to bed. How many separate thickets will a heron see in autumn?""",
            code="1309_B",
            params={"K": 1},
        ),
        Story(
            "Shifts at the Kiln",
            CODEFORCES,
            13,
            """Potters booked the kiln for intervals of hours. The kiln stays hot for $K hours after
a firing, and a firing that begins no later than that needs no new kindling. Kindling is costly;
count how many times the fire must be lit.""",
            code="1309_G",
            params={"K": 3},
        ),
        Story(
            "Fence Repairs",
            HACKEREARTH,
            3,
            """A farmer listed the damaged stretches of a straight fence. His trailer carries a
tent, and he moves it only if the next damage lies more than $K paces beyond everything repaired
from the present camp. How many camps does he need when he works from one end to the other?""",
            params={"K": 2},
        ),
        Story(
            "Meteor Nights",
            AIZU,
            0,
            """Meteor showers were recorded as time intervals. Astronomers treat two showers as one
event if the dark pause between them lasts $K minutes or less, or if there is no pause at all;
events formed in this way may join further ones. Find the number of events.""",
            code="p02255",
            params={"K": 5},
        ),
    ),
)
