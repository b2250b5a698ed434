"""Squares of a grid with enough neighbours of their own kind."""

from wmtp_assets.sample.problems.family import AIZU, CODECHEF, CODEFORCES, Family, Story
from wmtp_assets.sample.problems.shapes import Ints, Words

EQUAL_NEIGHBOURS = Family(
    shapes=(Ints("n m", ((3, 6), (3, 6))), Words("g", "n", "m", "#..#*")),
    tags=("brute force", "implementation"),
    input_text="""The first line contains n and m (1 ≤ n, m ≤ 100), the numbers of rows and of
columns. Then n lines follow, each a string of m characters out of '.', '#' and '*'.""",
    output_text="Print the number of such squares.",
    right=(
        """
ans = 0
for i in range(n):
    for j in range(m):
        if g[i][j] != "$C":
            continue
        cnt = 0
        for di, dj in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            y = i + di
            x = j + dj
            if 0 <= y < n and 0 <= x < m and g[y][x] == "$C":
                cnt += 1
        if cnt >= $K:
            ans += 1
""",
        """
rim = "!" * (m + 2)
rows = [rim] + ["!" + row + "!" for row in g] + [rim]
ans = 0
for i in range(1, n + 1):
    for j in range(1, m + 1):
        near = rows[i - 1][j] + rows[i + 1][j] + rows[i][j - 1] + rows[i][j + 1]
        if rows[i][j] == "$C" and near.count("$C") >= $K:
            ans += 1
""",
        """
cells = set()
for i in range(n):
    for j in range(m):
        if g[i][j] == "$C":
            cells.add((i, j))
ans = 0
for i, j in cells:
    near = [(i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)]
    if len([cell for cell in near if cell in cells]) >= $K:
        ans += 1
""",
    ),
    wrong=(
        """
ans = 0
for i in range(n):
    for j in range(m):
        near = [g[i - 1][j], g[(i + 1) % n][j], g[i][j - 1], g[i][(j + 1) % m]]
        if g[i][j] == "$C" and near.count("$C") >= $K:
            ans += 1
""",
        """
ans = 0
for i in range(n):
    for j in range(m):
        cnt = 0
        if i + 1 < n and g[i + 1][j] == "$C":
            cnt += 1
        if j + 1 < m and g[i][j + 1] == "$C":
            cnt += 1
        if g[i][j] == "$C" and cnt >= $K:
            ans += 1
""",
        """
ans = 0
for i in range(n):
    for j in range(m):
        near = ""
        for row in g[max(0, i - 1) : i + 2]:
            near += row[max(0, j - 1) : j + 2]
        if g[i][j] == "$C" and near.count("$C") > $K:
            ans += 1
""",
    ),
    stories=(
        Story(
            "Cosy Penguins",
            CODEFORCES,
            7,
            """An ice floe is mapped as squares; a square marked '$C' holds a penguin. Penguins
share warmth over the sides of squares, not over corners, and a penguin feels cosy with at least
$K neighbours. Find out how many penguins on the floe feel cosy.""",
            code="1312_A",
            params={"C": "#", "K": 2},
        ),
        Story(
            "Orchard Blight",
            CODEFORCES,
            8,
            """In an orchard seen from a balloon, trees of the old sort are drawn as '$C'. Blight
takes an old tree as soon as at least $K of the four plots beside, above and below it carry an
old tree as well. The gardener marks all threatened trees with chalk.""",
            code="1312_B",
            params={"C": "*", "K": 1},
        ),
        Story(
            "Free Desks",
            CODECHEF,
            1,
            """A reading room is a rectangle of desks; the free ones are shown by '$C'. A student
with many maps takes a free desk only if $K or more of the desks that share an edge with it are
free too. How many desks of the room would please the student?""",
            params={"C": ".", "K": 2},
        ),
        Story(
            "Stone Mosaic",
            AIZU,
            0,
            """A mosaic uses three kinds of stone. The restorer calls a stone '$C' held if three at
least, that is $K or four, of its neighbours to the north, east, south and west are of its own
kind; stones at the rim have fewer neighbours. Held stones need no new mortar.""",
            code="p00711",
            params={"C": ".", "K": 3},
        ),
    ),
)
