"""The longest chain of words that overlap."""

from wmtp_assets.sample.problems.family import AIZU, CODEFORCES, Family, Story
from wmtp_assets.sample.problems.shapes import Ints, Words

WORD_CHAIN = Family(
    shapes=(Ints("n", ((4, 11),)), Words("p", "n", 3, "abc")),
    tags=("dp", "strings"),
    input_text="""To begin with, n is given, not more than 300. After that come n words, one in each
line, all of them three letters long.""",
    output_text="How many words does the longest admissible chain have? Print that.",
    right=(
        """
best = [1] * n
for i in range(n):
    for j in range(i):
        if p[j][-$K:] == p[i][:$K]:
            best[i] = max(best[i], best[j] + 1)
ans = max(best)
""",
        """
best = {}
for w in p:
    length = best.get(w[:$K], 0) + 1
    best[w[-$K:]] = max(best.get(w[-$K:], 0), length)
ans = max(best.values())
""",
    ),
    wrong=(
        """
ans = 1
last = p[0]
for w in p[1:]:
    if last[-$K:] == w[:$K]:
        ans += 1
        last = w
""",
        """
ans = 1
length = 1
for i in range(1, n):
    length = length + 1 if p[i - 1][-$K:] == p[i][:$K] else 1
    ans = max(ans, length)
""",
        """
best = [1] * n
for i in range(n):
    for j in range(i):
        if p[j][-1] == p[i][0]:
            best[i] = best[j] + 1
ans = max(best)
""",
    ),
    stories=(
        Story(
            "Linked Code Names",
            CODEFORCES,
            10,
            """Agents report one after another under code names of three letters. Headquarters wants
to recruit a chain of them: each recruited agent's name has to start with the $K final characters
of the previously recruited agent's name. Reports arrive chronologically and recruiting goes by
that chronology, though not everybody must be taken.""",
            code="1501_D",
            params={"K": 1},
        ),
        Story(
            "Syllable Garlands",
            AIZU,
            0,
            """Poets of the south recite garlands: having said one syllable group, they may only
continue by a later group of the sheet whose head repeats the $K closing sounds of what was just
said. Groups can be left out at will, going back on the sheet is frowned upon. Determine the
longest garland hidden in the sheet.""",
            code="p02400",
            params={"K": 2},
        ),
    ),
)
