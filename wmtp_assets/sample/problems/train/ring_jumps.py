"""Jumps round a ring of stations until one comes again."""

from wmtp_assets.sample.problems.family import AIZU, CODECHEF, CODEFORCES, CODEJAM, Family, Story
from wmtp_assets.sample.problems.shapes import Ints, Row

RING_JUMPS = Family(
    shapes=(Ints("n", ((3, 12),)), Row("a", "n", (0, 20))),
    tags=("dfs and similar", "graphs"),
    input_text="""Line one holds n (1 ≤ n ≤ 100000), the number of stations on the ring. Line two
holds a_0, a_1, ..., a_{n-1}, the numbers written at the stations (0 ≤ a_i ≤ 10^9).""",
    output_text="Print how many different stations are visited, the starting one included.",
    right=(
        """
seen = set()
cur = 0
while cur not in seen:
    seen.add(cur)
    cur = (cur + a[cur] + $K) % n
ans = len(seen)
""",
        """
been = [False] * n
cur = 0
ans = 0
while not been[cur]:
    been[cur] = True
    ans += 1
    cur += a[cur] + $K
    cur %= n
""",
        """
path = []
cur = 0
for i in range(n):
    path.append(cur)
    cur = (cur + (a[cur] + $K) % n) % n
ans = len(set(path))
""",
    ),
    wrong=(
        """
seen = set()
cur = 0
while cur not in seen:
    seen.add(cur)
    cur = (cur + a[cur]) % n
ans = len(seen)
""",
        """
ans = 0
cur = 0
while cur < n:
    ans += 1
    cur += a[cur] + $K
""",
        """
been = [False] * n
cur = 0
for i in range(n):
    been[cur] = True
    cur = (cur + a[i] + $K) % n
ans = been.count(True)
""",
    ),
    stories=(
        Story(
            "Postman on the Wall",
            CODEFORCES,
            9,
            """A round town wall has n towers numbered from 0. Every tower has a letter box with a
number. The postman starts at tower 0, reads the number, adds $K for good luck, walks that many
towers clockwise, and repeats this for ever.""",
            code="1306_C",
            params={"K": 1},
        ),
        Story(
            "Paper Lanterns",
            CODEJAM,
            6,
            """A moth circles n paper lanterns. At each one it is dazzled for as many flaps as the
lantern's number says, then needs $K more flaps to come to its senses; each flap carries it one
lantern further along the circle. It begins at lantern 0 and never tires.""",
            params={"K": 2},
        ),
        Story(
            "Tram Inspector",
            CODECHEF,
            2,
            """The circular tram line has n stops. An inspector boards at stop 0 and always rides
as many stops as the poster at the stop orders, plus $K because she reads slowly. She keeps
doing so all year. We want to know how many stops ever see her.""",
            params={"K": 3},
        ),
        Story(
            "Dripping Gutters",
            AIZU,
            6,
            """Gutters run around a temple roof. Water that arrives at corner i is led on by a_i
corners, and moss leads it on by another $K corners, always in the same sense of rotation. Rain
is poured into corner 0. Count the corners that get wet in the long run.""",
            code="p00977",
            params={"K": 4},
        ),
    ),
)
