"""Blocks of a word that must become palindromes."""

from wmtp_assets.sample.problems.family import AIZU, CODEFORCES, Family, Story
from wmtp_assets.sample.problems.shapes import Word

BLOCK_MIRRORS = Family(
    shapes=(Word("s", "xyz", (5, 14)),),
    tags=("strings",),
    input_text="The word stands alone on the first line; its length is from 1 to 500.",
    output_text="Print the minimum count of letters that get replaced.",
    right=(
        """
ans = 0
for i in range(0, len(s), $K):
    block = s[i : i + $K]
    for j in range(len(block) // 2):
        if block[j] != block[-1 - j]:
            ans += 1
""",
        """
ans = 0
rest = s
while rest:
    block, rest = rest[:$K], rest[$K:]
    ans += sum([x != y for x, y in zip(block, block[::-1])]) // 2
""",
    ),
    wrong=(
        """
ans = sum([x != y for x, y in zip(s, s[::-1])]) // 2
""",
        """
ans = 0
for i in range(0, len(s) - $K + 1, $K):
    block = s[i : i + $K]
    for j in range($K // 2):
        if block[j] != block[$K - 1 - j]:
            ans += 1
""",
        """
ans = 0
for i in range(0, len(s), $K):
    block = s[i : i + $K]
    ans += sum([x != y for x, y in zip(block, block[::-1])])
""",
    ),
    stories=(
        Story(
            "Mirrored Beads",
            CODEFORCES,
            9,
            """Glassblower Yusuf threads a chain and cuts it into bracelets of $K beads from the
front; whatever is left makes one shorter bracelet. Fashion demands that every bracelet reads
alike from both sides, so he swaps single beads for others from his endless stock. Beads never
change place. He charges by swapped bead and wants an honest offer.""",
            code="1401_C",
            params={"K": 4},
        ),
        Story(
            "Symmetric Hedges",
            AIZU,
            0,
            """Along the palace drive grow bushes whose species are abbreviated by letters. Visitors
stop behind every $K-th bush and admire the group they have just passed, including an incomplete
group by the gate. Her majesty insists on groups that look the same in either walking direction.
Replanting one bush takes a morning; how many mornings are inevitable?""",
            code="p03105",
            params={"K": 5},
        ),
    ),
)
