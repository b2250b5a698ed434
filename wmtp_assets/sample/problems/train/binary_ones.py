"""Numbers of a range by the ones of their binary form; both ends belong to the range."""

from wmtp_assets.sample.problems.family import CODECHEF, CODEFORCES, HACKEREARTH, Family, Story
from wmtp_assets.sample.problems.shapes import Ints

BINARY_ONES = Family(
    shapes=(Ints("lo hi", ((1, 60), (1, 120)), ordered=True),),
    tags=("bitmasks", "brute force"),
    input_text="""A single line contains two integers lo and hi (1 ≤ lo ≤ hi ≤ 100000), the ends of
the range; both ends belong to it.""",
    output_text="Print one integer: how many numbers of the range satisfy the condition.",
    right=(
        """
ans = 0
for x in range(lo, hi + 1):
    ones = bin(x).count("1")
    if $COND:
        ans += 1
""",
        """
ans = 0
for x in range(lo, hi + 1):
    ones = 0
    rest = x
    while rest:
        ones += rest & 1
        rest >>= 1
    if $COND:
        ans += 1
""",
        """
bits = [0] * (hi + 1)
ans = 0
for x in range(1, hi + 1):
    bits[x] = bits[x // 2] + x % 2
    ones = bits[x]
    if x >= lo and ($COND):
        ans += 1
""",
    ),
    wrong=(
        """
ans = 0
for x in range(lo, hi):
    ones = bin(x).count("1")
    if $COND:
        ans += 1
""",
        """
ans = 0
for x in range(lo, hi + 1):
    ones = bin(x)[2:].count("0")
    if $COND:
        ans += 1
""",
        """
ans = 0
for x in range(lo, hi + 1):
    ones = len(bin(x)) - 2
    if $COND:
        ans += 1
""",
    ),
    stories=(
        Story(
            "Quiet Switchboards",
            CODEFORCES,
            9,
            """The switchboard of an old theatre shows its scene number in binary with little
bulbs. The caretaker can sleep only while the number of burning bulbs is even. Tonight the scenes
from lo to hi are played one after another. During how many of them does he sleep?""",
            code="1302_C",
            params={"COND": "ones % 2 == 0"},
        ),
        Story(
            "Night Market",
            CODECHEF,
            2,
            """Stalls of the night market are numbered, and the number is punched into a tin plate
as a binary code, one hole per one. Tinsmiths sell plates by three holes, so a stall is called
thrifty when its holes come in full triples. How many thrifty stalls stand from lo to hi?""",
            params={"COND": "ones % 3 == 0"},
        ),
        Story(
            "Two Lit Windows",
            CODEFORCES,
            10,
            """A lighthouse signals numbers with shutters: an open shutter is a one in the binary
form. Ships far away can only make out signals with exactly two open shutters. The keeper sends
all numbers from lo up to hi; find how many of these the ships make out.""",
            code="1307_D",
            params={"COND": "ones == 2"},
        ),
        Story(
            "Crowded Registers",
            HACKEREARTH,
            3,
            """A tiny processor heats up in proportion to the ones it stores. Engineers call a
register value hot if at least four of its binary digits are ones. While the processor counts
from lo to hi they want to know how many hot values pass through the register.""",
            params={"COND": "ones >= 4"},
        ),
    ),
)
