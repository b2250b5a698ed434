"""Arithmetic on the clock of another planet."""

from wmtp_assets.sample.problems.family import CODEFORCES, HACKEREARTH, Family, Story
from wmtp_assets.sample.problems.shapes import Ints

FOREIGN_CLOCK = Family(
    shapes=(Ints("h m", ((0, 8), (0, 39))),),
    tags=("math",),
    input_text="Both numbers of the dial, h and then m, are put on one line.",
    output_text="Write the new dial as two numbers with one blank between.",
    right=(
        """
x = (h * $M + m + $K) % ($H * $M)
ans = "%d %d" % (x // $M, x % $M)
""",
        """
for i in range($K):
    m += 1
    if m == $M:
        m = 0
        h += 1
    if h == $H:
        h = 0
ans = str(h) + " " + str(m)
""",
        """
more, m = divmod(m + $K, $M)
ans = " ".join([str((h + more) % $H), str(m)])
""",
    ),
    wrong=(
        """
x = (h * 60 + m + $K) % 1440
ans = "%d %d" % (x // 60, x % 60)
""",
        """
more, m = divmod(m + $K, $M)
ans = "%d %d" % (h + more, m)
""",
        """
ans = "%d %d" % ((h + $K // $M) % $H, (m + $K) % $M)
""",
    ),
    stories=(
        Story(
            "Noon on Veridia",
            CODEFORCES,
            7,
            """Days on Veridia last $H hours of $M minutes apiece, and dials start over at 0 0. An
astronaut glances at a dial showing h m, naps for precisely $K Veridian minutes, and glances
again. Dials over there know nothing about dates. What is it that she reads on awakening?""",
            code="1502_A",
            params={"H": 9, "M": 40, "K": 275},
        ),
        Story(
            "Tide Table",
            HACKEREARTH,
            1,
            """For a sea moon whose revolution is cut into $H watches and each watch into $M bells,
harbour pilots compute the following high water: it comes $K bells after the present one. Present
high water is at watch h, bell m, both counted from zero. Give the following one likewise.""",
            params={"H": 11, "M": 50, "K": 487},
        ),
    ),
)
