"""Python programs that look like contest submissions, made up from a seed.

A program is lines of some fifty forms, filled from a table of names and numbers of its own and
written in a style of its own: blanks around operators or none, indents of 1, 2 or 4 blanks or a
tab, CRLF now and then, comments. Half of its names are those of its problem's statement, others the
short common ones or one or two English words. One program in nine begins with a preamble that they
share, as contest templates are shared. Nothing of this runs; what counts is how far text repeats.

Measured over 20,000 programs of 71 problems: 794 bytes in the mean, 574 in the median, lognormal;
2.45 bytes a token; 24 bytes a line, 4.1 bytes a space-delimited chunk. Between the 1,000th and the
10,000th program 48 % of the lines and 25 % of the bytes in chunks are not seen before. These are
choices, not measurements of CodeContests; between the 1,000th and the 3,000th of as many cuts of
the installed Python libraries, which repeat less than contest programs, it is 65 % and 42 %.
"""

import random
from collections.abc import Sequence

_SHORT = "n m k a b c d i j x y s t l r p q u v w z h e f g ans res cnt dp arr tmp cur mx mn"
_WORDS = (
    "left right max min sum count index value node edge graph tree path start end low high mid "
    "best last first next prev total pos neg even odd row col grid word line number size length "
    "key queue stack visited parent child depth level weight cost price time day week month block "
    "limit target result answer temp current found valid check solve build update query prefix "
    "suffix digit letter point segment range move step turn player score game board cell color"
)
SHORT, WORDS = _SHORT.split(), _WORDS.split()
OPERATORS = ("+", "-", "*", "//", "%", "&", "|", "^", ">>", "<<", "**")
COMPARISONS = ("<", ">", "<=", ">=", "==", "!=")
LINES = (
    "{a} = int(input())",
    "{a}, {b} = map(int, input().split())",
    "{a}, {b}, {c} = [int({i}) for {i} in input().split()]",
    "{l} = list(map(int, input().split()))",
    "{l} = [0] * ({a} + {k})",
    "{l} = [[{k}] * {a} for {i} in range({b})]",
    "{l} = input().strip()",
    "{a} = {b} {o} {c}",
    "{a} = ({b} {o} {k}) % {m}",
    "{a} {o}= {b}",
    "{a} {o}= {l}[{i}] {p} {k}",
    "{l}[{i}] = {l}[{i} - {k}] {o} {a}",
    "{l}.append({a})",
    "{l}.append(({a}, {b} {o} {k}))",
    "{l}.sort(key=lambda {i}: {i}[{k}], reverse=True)",
    "{l} = sorted(set({l}))",
    "{a} = max({a}, {b} {o} {c})",
    "{a} = min({l}[{i}:{b}])",
    "{a} = len({l}) - {k}",
    "{a}, {b} = {b}, {a}",
    "{a} = {f}({b}, {c} - {k})",
    "{l} = {{{i}: {a} for {i} in {l}}}",
    "print({a})",
    "print({a} {o} {b}, {c})",
    'print("{s}")',
    'print(" ".join(map(str, {l})))',
    'print("{s}" if {a} {q} {b} else "{t}")',
    'print("Case #%d: %d" % ({i} + 1, {a}))',
    "{a} = {l}.count('{s}')",
    "continue",
    "break",
    "return {a} {o} {b}",
    "# {w} {v} the {x} of {a}",
)
OPENINGS = (
    "for {i} in range({a}):",
    "for {i} in range({k}, {a} + 1):",
    "for {i}, {c} in enumerate({l}):",
    "for _ in range(int(input())):",
    "while {a} {q} {b}:",
    "while {a} and {l}[{i}] {q} {k}:",
    "if {a} {q} {b}:",
    "if {a} % {k} == 0 and {b} {q} {c}:",
    "if {l}[{i}] {q} {l}[{i} + 1]:",
    "elif {a} {o} {k} == {b}:",
    "else:",
    "def {f}({a}, {b}):",
)
PREAMBLE = """import os, sys
from io import BytesIO, IOBase
from collections import defaultdict, deque, Counter
from bisect import bisect_left, bisect_right
BUFSIZE = 8192
class FastIO(IOBase):
    newlines = 0
    def __init__(self, file):
        self._fd = file.fileno()
        self.buffer = BytesIO()
        self.writable = "x" in file.mode or "r" not in file.mode
        self.write = self.buffer.write if self.writable else None
input = lambda: sys.stdin.readline().rstrip("\\r\\n")
"""
# Three lines in ten are ones that everybody writes.
TRITE = (
    "else:",
    "n = int(input())",
    "t = int(input())",
    "for _ in range(t):",
    "for i in range(n):",
    "n, m = map(int, input().split())",
    "a = list(map(int, input().split()))",
    "s = input()",
    "ans = 0",
    "ans += 1",
    "print(ans)",
    'print("YES")',
    'print("NO")',
    "break",
    "continue",
    "return 0",
    "i += 1",
    "import sys",
    "input = sys.stdin.readline",
    "from collections import defaultdict",
    "",
)
INDENTS = ("    ", "    ", "    ", "  ", "\t", " ")
LINES_MU, LINES_SIGMA = 3.08, 0.82
ROLES = "abckmwvxstilfqop"


def number(rng: random.Random) -> str:
    """A literal: mostly a digit, sometimes a modulus, a bound or anything."""
    kind = rng.random()
    if kind < 0.75:
        return str(int(rng.random() * 4))
    if kind < 0.85:
        return rng.choice(("10**9 + 7", "1000000007", "998244353", "26", "100", "10**18", "10"))
    return str(int(10 ** (1 + 6 * rng.random())))


def name(rng: random.Random) -> str:
    """An identifier: three in four are the common short ones."""
    if rng.random() < 0.75:
        return rng.choice(SHORT)
    one, two = rng.choice(WORDS), rng.choice(WORDS)
    style = rng.random()
    if style < 0.4:
        return one
    if style < 0.7:
        return f"{one}_{two}"
    return one + two.capitalize() if style < 0.9 else one[0] + str(int(rng.random() * 9))


def program(rng: random.Random, given: Sequence[str]) -> str:
    """One program; half of its names are those `given` by the statement of its problem."""
    names = [rng.choice(given) if rng.random() < 0.5 else name(rng) for _ in range(9)]
    numbers = [number(rng) for _ in range(6)]
    lists, function = [name(rng), name(rng), "arr"], name(rng)
    texts = ["YES", "NO", rng.choice(WORDS), str(-1), rng.choice(WORDS).capitalize()]
    indent, wide = rng.choice(INDENTS), rng.random() < 0.65
    choice, chance = rng.choice, rng.random
    lines: list[str] = []
    depth = 0
    pools = {
        **dict.fromkeys("abc", names),
        **dict.fromkeys("km", numbers),
        **dict.fromkeys("wvx", WORDS),
        **dict.fromkeys("st", texts),
        **{"i": "ijkxcte", "l": lists, "f": [function], "q": COMPARISONS},
        **{"o": OPERATORS[:6] if chance() < 0.8 else OPERATORS, "p": OPERATORS[:3]},
    }
    table = {role: choice(pool) for role, pool in pools.items()}
    for _ in range(1 + int(rng.lognormvariate(LINES_MU, LINES_SIGMA))):
        # A line names what the lines before it did, but for three roles that are drawn anew.
        for role in ("abc"[int(3 * chance())], "okilq"[int(5 * chance())], choice(ROLES)):
            pool = pools[role]
            table[role] = pool[int(len(pool) * chance())]
        trite, opens = chance() < 0.3, chance() < 0.24
        forms = TRITE if trite else OPENINGS if opens else LINES
        filled = forms[int(len(forms) * chance())].format_map(table)
        if not wide and filled[:1] != "#":
            filled = filled.replace(", ", ",").replace(" = ", "=")
            for sign in (" + ", " - ", " * ", " < ", " > ", " == ", " % "):
                filled = filled.replace(sign, sign[1:-1])
        lines.append(indent * depth + filled)
        if filled[-1:] == ":" and depth < 5:
            depth += 1
        elif depth and chance() < 0.3:
            depth -= 1
    text = "\n".join(lines) + "\n" * (chance() < 0.7)
    if chance() < 0.11:
        text = PREAMBLE + text
    return text.replace("\n", "\r\n") if chance() < 0.02 else text
