"""The fewest marks to add so that all of them pair up like brackets."""

from wmtp_assets.sample.problems.family import AIZU, CODEFORCES, HACKEREARTH, Family, Story
from wmtp_assets.sample.problems.shapes import Word

PAIRED_MARKS = Family(
    shapes=(Word("s", "$O$C", (4, 14)),),
    tags=("greedy", "strings"),
    input_text="""One line contains the string. It has between 1 and 100000 characters, each of
which is '$O' or '$C'.""",
    output_text="Print the least number of characters that must be added.",
    right=(
        """
level = 0
ans = 0
for x in s:
    if x == "$O":
        level += 1
    elif level > 0:
        level -= 1
    else:
        ans += 1
ans += level
""",
        """
while "$O$C" in s:
    s = s.replace("$O$C", "")
ans = len(s)
""",
        """
level = 0
low = 0
for x in s:
    level += 1 if x == "$O" else -1
    low = min(low, level)
ans = level - 2 * low
""",
    ),
    wrong=(
        """
ans = abs(s.count("$O") - s.count("$C"))
""",
        """
ans = len(s.replace("$O$C", ""))
""",
        """
level = 0
for x in s:
    level += 1 if x == "$O" else -1
    level = max(level, 0)
ans = level
""",
    ),
    stories=(
        Story(
            "Gloves in a Drawer",
            CODEFORCES,
            9,
            """Pairs of gloves are logged when laid away: '$O' for a left glove, '$C' for the right
glove that completes some earlier left one, nested as in brackets. Part of the log was lost.
Restore it to one that pairs up, adding as few marks as possible anywhere.""",
            code="1315_C",
            params={"O": "(", "C": ")"},
        ),
        Story(
            "Mountain Diary",
            CODEFORCES,
            11,
            """A hiker wrote '$O' for each climb and '$C' for each descent of the same height. She
began and ended at the hut, and the path never led below the hut, but wind took some letters.
What is the smallest number of letters which, put back in, makes the diary possible?""",
            code="1315_E",
            params={"O": "U", "C": "D"},
        ),
        Story(
            "Folding Screens",
            AIZU,
            6,
            """A folding screen opens with a hinge '$O' and closes with a hinge '$C', and screens
may stand inside one another. The carpenter has a row of hinges nailed to a beam already and may
add more at any spots. Tell how few are enough so that every hinge has its partner.""",
            code="p00454",
            params={"O": "[", "C": "]"},
        ),
        Story(
            "Whistle Signals",
            HACKEREARTH,
            5,
            """A dog starts to run on the signal '$O' and lies down on '$C'; orders are stacked, a
lying-down order always cancels the latest run that is still open. The shepherd's record is
incomplete. With how few extra signals does each run end and each stop follow a run?""",
            params={"O": "+", "C": "-"},
        ),
    ),
)
