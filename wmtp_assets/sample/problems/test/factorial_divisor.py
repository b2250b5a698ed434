"""How often a prime divides a factorial."""

from wmtp_assets.sample.problems.family import CODEFORCES, CODEJAM, Family, Story
from wmtp_assets.sample.problems.shapes import Ints

FACTORIAL_DIVISOR = Family(
    shapes=(Ints("n", ((20, 400),)),),
    tags=("number theory",),
    input_text="Solely n is supplied, no bigger than a million.",
    output_text="Answer with the exponent.",
    right=(
        """
ans = 0
while n:
    n //= $P
    ans += n
""",
        """
ans = 0
for i in range($P, n + 1, $P):
    x = i
    while x % $P == 0:
        x //= $P
        ans += 1
""",
        """
rest = n
digits = 0
while rest:
    digits += rest % $P
    rest //= $P
ans = (n - digits) // ($P - 1)
""",
    ),
    wrong=(
        """
ans = n // $P
""",
        """
ans = n // $P + n // ($P * $P)
""",
        """
ans = 0
for i in range($P, n, $P):
    x = i
    while x % $P == 0:
        x //= $P
        ans += 1
if n % $P == 0:
    ans -= 1
""",
    ),
    stories=(
        Story(
            "Rows of Three",
            CODEFORCES,
            11,
            """Multiply all whole numbers beginning at one and ending at n, then hand the gigantic
product to $P siblings; each hands her equal share to $P siblings more, generation by generation,
while shares stay whole. After how many generations does the handing down get stuck? (Siblings
always come in groups of $P.)""",
            code="1504_E",
            params={"P": 3},
        ),
        Story(
            "Sevenfold Vault",
            CODEJAM,
            6,
            """The vault's counter shows the factorial of n. A thief can press a button that divides
the display by $P, but pressing it when a fraction would result triggers the alarm. He is greedy
for presses, since every silent press drops a ruby. How many rubies can be had silently?""",
            params={"P": 7},
        ),
    ),
)
