"""The longest stretch of a word with few different letters."""

from wmtp_assets.sample.problems.family import ATCODER, CODECHEF, CODEFORCES, Family, Story
from wmtp_assets.sample.problems.shapes import Word

FEW_LETTERS = Family(
    shapes=(Word("s", "aabbccddeefg", (8, 20)),),
    tags=("strings", "two pointers"),
    input_text="""One line with a word of lowercase Latin letters, not empty and at most 5000
letters long.""",
    output_text="""Print the greatest length of a contiguous piece with no more than $K different
letters.""",
    right=(
        """
best = 0
for i in range(len(s)):
    kinds = set()
    for j in range(i, len(s)):
        kinds.add(s[j])
        if len(kinds) > $K:
            break
        best = max(best, j - i + 1)
ans = best
""",
        """
cnt = {}
left = 0
ans = 0
for i in range(len(s)):
    cnt[s[i]] = cnt.get(s[i], 0) + 1
    while len(cnt) > $K:
        cnt[s[left]] -= 1
        if cnt[s[left]] == 0:
            del cnt[s[left]]
        left += 1
    ans = max(ans, i - left + 1)
""",
    ),
    wrong=(
        """
kinds = set()
left = 0
ans = 0
for i in range(len(s)):
    kinds.add(s[i])
    if len(kinds) > $K:
        kinds = set(s[i])
        left = i
    ans = max(ans, i - left + 1)
""",
        """
ans = 0
for i in range(len(s)):
    for j in range(i + 1, len(s) + 1):
        if len(set(s[i:j])) < $K:
            ans = max(ans, j - i)
""",
        """
cnt = sorted([s.count(x) for x in set(s)])
ans = sum(cnt[-$K:])
""",
    ),
    stories=(
        Story(
            "Bead Strings",
            CODEFORCES,
            9,
            """A bead string is written as a word, one letter per colour. The jeweller cuts out one
unbroken stretch for a bracelet, but her customers find more than $K colours garish. She wants
the bracelet to be as long as possible.""",
            code="1303_C",
            params={"K": 2},
        ),
        Story(
            "Radio Silence",
            CODEFORCES,
            11,
            """During an exercise each transmitted second is logged as the letter of the station
that spoke. An analyst may replay one contiguous part of the log, and his decoder can tell apart
at most $K stations before it loses synchronisation. What is the longest part he can replay?""",
            code="1303_E",
            params={"K": 3},
        ),
        Story(
            "Timid Tenor",
            CODECHEF,
            3,
            """The choir's score for one voice is a word in which equal letters mean equal notes.
A shy tenor takes over only where, for as long as he sings, no more than $K notes are required.
Find the length of the longest passage that suits him.""",
            params={"K": 4},
        ),
        Story(
            "Five Spice Racks",
            ATCODER,
            0,
            """A cook writes down which spice each dish of a long banquet needs, one letter a dish.
His tray has room for $K spices and cannot be refilled while he stays at the stove. He asks for
the greatest number of consecutive dishes that can be seasoned from one tray.""",
            code="p03890",
            params={"K": 5},
        ),
    ),
)
