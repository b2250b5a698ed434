"""Customers at desks in the order of the queue; also serves the planted pair, see `twin`."""

from wmtp_assets.sample.problems import other_languages
from wmtp_assets.sample.problems.family import CODECHEF, CODEFORCES, HACKEREARTH, Family, Story
from wmtp_assets.sample.problems.shapes import Ints, Row

HARBOUR_TEXT = """The customs house of Mirelle has $K counters, all of them staffed by clerks who
work at exactly the same speed. Before sunrise a queue of n captains forms on the quay. The captain
who stands at place i of the queue brings papers that keep a clerk busy for a_i minutes, whichever
counter is chosen.

When the doors open, the first captains walk to the counters. From then on nobody overtakes: as
soon as a clerk has stamped the last sheet and closed the folder, the next captain of the queue
steps forward to that counter without any delay. If several clerks become free in the same minute,
the order among them does not matter. A clerk never interrupts the papers of one captain for those
of another, and no captain gives up waiting.

The harbour master may lock the gate when the very last folder is closed. He asks you, knowing all
the papers in advance, how many minutes after the opening of the doors this is going to happen."""

DESKS = Family(
    shapes=(Ints("n", ((3, 10),)), Row("a", "n", (1, 30))),
    tags=("data structures", "greedy"),
    input_text="""The first line contains n (1 ≤ n ≤ 10000). The second line contains the n
durations a_1, a_2, ..., a_n in the order of the queue (1 ≤ a_i ≤ 1000).""",
    output_text="Print the number of minutes until everything is done.",
    right=(
        """
import heapq

free = [0] * $K
for x in a:
    heapq.heappush(free, heapq.heappop(free) + x)
ans = max(free)
""",
        """
free = [0] * $K
for x in a:
    i = free.index(min(free))
    free[i] += x
ans = max(free)
""",
        """
busy = a[:$K]
ans = 0
for x in a[$K:] + [0] * $K:
    best = min(busy)
    ans += best
    busy = [y - best for y in busy]
    busy.remove(0)
    busy.append(x)
ans += max(busy)
""",
    ),
    wrong=(
        """
free = [0] * $K
for i in range(n):
    free[i % $K] += a[i]
ans = max(free)
""",
        """
ans = max(max(a), (sum(a) + $K - 1) // $K)
""",
        """
free = [0] * $K
for x in sorted(a, reverse=True):
    i = free.index(min(free))
    free[i] += x
ans = max(free)
""",
    ),
    others=other_languages.DESKS,
    stories=(
        Story("Customs House", CODEFORCES, 10, HARBOUR_TEXT, code="1314_D", params={"K": 2}),
        Story(
            "Printing Room",
            CODECHEF,
            3,
            """The printing room owns $K presses. Orders are taken strictly in the order in which
they came in; an order occupies one press for its duration, and a press that falls idle takes the
next order at once. When does the room fall silent?""",
            params={"K": 3},
        ),
        Story(
            "Grill Party",
            HACKEREARTH,
            1,
            """On the grill there is room for $K fish. The fish lie in a row in the kitchen, each
with its own roasting time, and the host never changes the row: whenever a place is empty the
next fish goes on. How long does the party have to keep the coals alive?""",
            params={"K": 4},
        ),
        Story(
            "Tugboats",
            CODEFORCES,
            20,
            """A canal company sends barges through with $K tugboats. Barges are served first come,
first served; a trip lasts as long as the barge's entry in the log says, both ways included. Find
the minute in which the last tugboat is moored for the night.""",
            code="1314_N",
            params={"K": 3},
        ),
    ),
)
