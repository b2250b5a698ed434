"""Sums of powers of digits, repeated until a number comes again."""

from wmtp_assets.sample.problems.family import ATCODER, CODECHEF, CODEFORCES, Family, Story
from wmtp_assets.sample.problems.shapes import Ints

DIGIT_POWERS = Family(
    shapes=(Ints("n", ((1, 4000),)),),
    tags=("implementation", "math"),
    input_text="The first and only line contains n (1 ≤ n ≤ 10^9), written in base ten.",
    output_text="Print how many different numbers occur, n included.",
    right=(
        """
seen = set()
while n not in seen:
    seen.add(n)
    x = n
    n = 0
    while x:
        n += (x % $B) ** $P
        x //= $B
ans = len(seen)
""",
        """
when = {}
cur = n
while cur not in when:
    when[cur] = len(when)
    digits = []
    while cur > 0:
        cur, digit = divmod(cur, $B)
        digits.append(digit ** $P)
    cur = sum(digits)
ans = len(when)
""",
        """
powers = [digit ** $P for digit in range($B)]
path = [n]
while path.count(path[-1]) == 1:
    x = path[-1]
    after = 0
    while x >= $B:
        after += powers[x % $B]
        x //= $B
    path.append(after + powers[x])
ans = len(path) - 1
""",
    ),
    wrong=(
        """
ans = 0
last = n + 1
while n < last:
    ans += 1
    last = n
    x = n
    n = 0
    while x:
        n += (x % $B) ** $P
        x //= $B
""",
        """
seen = set()
while n not in seen:
    seen.add(n)
    x = n
    n = 0
    while x:
        n += (x % $B) * $P
        x //= $B
ans = len(seen)
""",
        """
seen = []
while n not in seen:
    seen.append(n)
    x = n
    n = 0
    while x:
        n += (x % $B) ** $P
        x //= $B
ans = len(seen) - seen.index(n)
""",
    ),
    stories=(
        Story(
            "Chalk Numbers",
            CODEFORCES,
            21,
            """Pupils stand at a blackboard. The first one writes n; every further pupil writes the
sum of the squares of the decimal digits of the number before. The game stops as soon as a number
appears that is already on the board; the repeated one is not written again.""",
            code="1316_O",
            params={"B": 10, "P": 2},
        ),
        Story(
            "The Cubic Oracle",
            CODEFORCES,
            24,
            """An oracle answers a number with the sum of the cubes of its decimal digits. A
patient king tells it n, then tells it its own answer, and goes on in that manner until he hears
a number that he has said or heard before. How many numbers does his scribe note?""",
            code="1316_R",
            params={"B": 10, "P": 3},
        ),
        Story(
            "Octopus Arithmetic",
            ATCODER,
            0,
            """Octopuses count in base $B. Their favourite toy replaces a number by the sum of the
squares of its base-$B digits. An octopus sets the toy to n and watches until the toy returns to
some earlier value, keeping a pebble for each new value. How many pebbles?""",
            code="p02999",
            params={"B": 8, "P": 2},
        ),
        Story(
            "Seven Fingers",
            CODECHEF,
            6,
            """On a planet where people have $B fingers, numbers are written in base $B. A lottery
starts from ticket n; the next ticket is the sum of the cubes of the digits of the present one,
and so on until a ticket comes up again. Count the tickets that win.""",
            params={"B": 7, "P": 3},
        ),
    ),
)
