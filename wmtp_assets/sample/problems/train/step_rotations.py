"""The least rotation of a word when only every K-th rotation can be reached."""

from wmtp_assets.sample.problems.family import ATCODER, CODEFORCES, HACKEREARTH, Family, Story
from wmtp_assets.sample.problems.shapes import Word

STEP_ROTATIONS = Family(
    shapes=(Word("s", "abcd", (4, 12)),),
    tags=("strings", "hashing"),
    input_text="A single line holds the word, 1 to 2000 lowercase Latin letters.",
    output_text="Print the first one in alphabetical order of all words that can appear.",
    right=(
        """
ans = s
for i in range(len(s)):
    j = i * $K % len(s)
    ans = min(ans, s[j:] + s[:j])
""",
        """
ans = s
cur = s
for i in range(len(s)):
    for step in range($K):
        cur = cur[1:] + cur[0]
    if cur < ans:
        ans = cur
""",
        """
twice = s + s
starts = set()
j = 0
while j not in starts:
    starts.add(j)
    j = (j + $K) % len(s)
ans = min([twice[j : j + len(s)] for j in starts])
""",
    ),
    wrong=(
        """
ans = min([s[i:] + s[:i] for i in range(len(s))])
""",
        """
ans = min([s[i:] + s[:i] for i in range(0, len(s), $K)])
if len(s) % $K != 0:
    ans = s
""",
        """
j = $K % len(s)
ans = min(s, s[j:] + s[:j])
""",
    ),
    stories=(
        Story(
            "Prayer Wheel",
            CODEFORCES,
            15,
            """The letters on a prayer wheel read as a word from the handle on. One push turns the
wheel so that exactly $K letters pass the handle and queue up at the end. A pilgrim pushes as
often as she wishes, perhaps never. Which word can she get that comes first in a dictionary?""",
            code="1313_I",
            params={"K": 2},
        ),
        Story(
            "Conveyor Sushi",
            CODEFORCES,
            18,
            """Plates on a conveyor, one letter each, go round in front of a guest. The cook
advances the belt by $K plates at a time, the plates that pass by joining the far end. The guest
may start eating after any number of advances and prefers the smallest word.""",
            code="1313_L",
            params={"K": 3},
        ),
        Story(
            "Train of Letters",
            ATCODER,
            0,
            """A model train is a word of wagons. A switch engine uncouples the front $K wagons and
couples them, in unchanged order, to the rear; if the train is shorter it simply goes on counting
from the front. After how many manoeuvres you like, make the train alphabetically least.""",
            code="p03333",
            params={"K": 4},
        ),
        Story(
            "Roundabout Signs",
            HACKEREARTH,
            3,
            """Signs round a roundabout form a circular inscription. A sweeper reads it from the
gate where he stands and moves on by $K signs before reading again. Among all the readings, which
each have the full length of the inscription, tell the lexicographically smallest.""",
            params={"K": 6},
        ),
    ),
)
