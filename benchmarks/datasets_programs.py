"""Python programs that look like contest submissions, made up from a seed.

A program is lines of some fifty forms, filled from a table of names and numbers of its own and
written in a style of its own: blanks around operators or none, indents of 1, 2 or 4 blanks or a
tab, CRLF now and then, comments. Half of its names are those of its problem's statement, others the
short common ones or one or two English words. One program in nine begins with a preamble that they
share, as contest templates are shared. Nothing of this runs; what counts is how far text repeats.

Measured over 10,000 programs of 36 problems: 778 bytes in the mean, 599 in the median, lognormal;
2.42 bytes a token; 24 bytes a line, 4.1 bytes a chunk that ends at a blank. Between the 1,000th and
the 10,000th program 48 % of the lines and 35 % of the bytes in chunks are not seen before. These
are choices, not measurements of CodeContests; between the 1,000th and the 3,000th of as many cuts
of the installed Python libraries, which repeat less than contest programs, 65 % of the lines are.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from random import Random
from string import Formatter

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
# With these and the prompts of `datasets_shards` as large a share is too long as was published.
LINES_MU, LINES_SIGMA, DEEPEST = 3.157, 0.72, 5
# What is drawn anew beside a name, the first five more often.
ROLES = "okilqokilqkmwvxstf"
# A line to be filled: its text with %s for each role, what takes the roles from a table, and
# whether the next line stands deeper.
Form = tuple[str, Callable[[Mapping[str, str]], tuple[str, ...]] | None, bool]


def _forms(texts: Sequence[str], wide: bool) -> list[Form]:
    """Take the roles out of texts, once for all: filling them by name took most of the time."""
    forms = []
    for text in texts:
        if not wide and text[:1] != "#":
            text = text.replace(", ", ",")
            for sign in ("=", "+", "-", "*", "%", "==", "{o}=", "{o}", "{p}", "{q}"):
                text = text.replace(f" {sign} ", sign)
        parts = [part[:2] for part in Formatter().parse(text)]
        roles = [role for _, role in parts if role]
        filled = "".join(literal.replace("%", "%%") + "%s" * bool(role) for literal, role in parts)
        take = itemgetter(*roles) if roles else None
        forms.append((filled if take else text, take, text.endswith(":")))
    return forms


# Written with blanks around signs, or without.
FORMS = {
    wide: (_forms(TRITE, wide), _forms(OPENINGS, wide), _forms(LINES, wide))
    for wide in (True, False)
}


class Dice:
    """Draws from sequences; `random.Random.choice` takes three times as long."""

    def __init__(self, rng: Random):
        self.chance, self.gauss = rng.random, rng.gauss

    def pick(self, options):
        return options[int(len(options) * self.chance())]


def number(dice: Dice) -> str:
    """A literal: mostly a digit, sometimes a modulus, a bound or anything."""
    kind = dice.chance()
    if kind < 0.75:
        return str(int(dice.chance() * 4))
    if kind < 0.85:
        return dice.pick(("10**9 + 7", "1000000007", "998244353", "26", "100", "10**18", "10"))
    return str(int(10 ** (1 + 6 * dice.chance())))


def name(dice: Dice) -> str:
    """An identifier: three in four are the common short ones."""
    if dice.chance() < 0.75:
        return dice.pick(SHORT)
    one, two = dice.pick(WORDS), dice.pick(WORDS)
    style = dice.chance()
    if style < 0.4:
        return one
    if style < 0.7:
        return f"{one}_{two}"
    return one + two.capitalize() if style < 0.9 else one[0] + str(int(dice.chance() * 9))


def program(rng: Random, given: Sequence[str]) -> str:
    """One program; half of its names are those `given` by the statement of its problem."""
    dice = Dice(rng)
    chance, pick = dice.chance, dice.pick
    names = [pick(given) if chance() < 0.5 else name(dice) for _ in range(9)]
    numbers = [number(dice) for _ in range(6)]
    texts = ["YES", "NO", pick(WORDS), "-1", pick(WORDS).capitalize()]
    pools = {
        **dict.fromkeys("abc", names),
        **dict.fromkeys("km", numbers),
        **dict.fromkeys("wvx", WORDS),
        **dict.fromkeys("st", texts),
        **{"i": "ijkxcte", "l": [name(dice), name(dice), "arr"], "f": [name(dice)]},
        **{"q": COMPARISONS, "o": OPERATORS[:6] if chance() < 0.8 else OPERATORS},
        "p": OPERATORS[:3],
    }
    table = {role: pick(pool) for role, pool in pools.items()}
    changing = [(role, pools[role]) for role in ROLES]
    margins = [pick(INDENTS)]
    margins = [margins[0] * depth for depth in range(DEEPEST + 1)]
    trite, openings, others = FORMS[chance() < 0.65]
    lines: list[str] = []
    depth = 0
    for _ in range(1 + int(math.exp(dice.gauss(LINES_MU, LINES_SIGMA)))):
        kind = chance()
        if kind < 0.3:
            forms = trite
        else:
            forms = openings if kind < 0.47 else others
            # A line names what those before it did, but for two roles that are drawn anew.
            role = "abc"[int(3 * chance())]
            table[role] = names[int(9 * chance())]
            role, pool = changing[int(len(changing) * chance())]
            table[role] = pool[int(len(pool) * chance())]
        text, take, opens = forms[int(len(forms) * chance())]
        lines.append(margins[depth] + (text % take(table) if take else text))
        if opens and depth < DEEPEST:
            depth += 1
        elif depth and chance() < 0.3:
            depth -= 1
    text = "\n".join(lines) + "\n" * (chance() < 0.7)
    if chance() < 0.11:
        text = PREAMBLE + text
    return text.replace("\n", "\r\n") if chance() < 0.02 else text
