"""The fewest moves of a leaper across a square board."""

from wmtp_assets.sample.problems.family import CODEFORCES, CODEJAM, Family, Story
from wmtp_assets.sample.problems.shapes import Ints

LEAPER = Family(
    shapes=(Ints("n", ((3, 22),)),),
    tags=("graphs", "shortest paths"),
    input_text="You are told only n, the side of the board (3 ≤ n ≤ 40).",
    output_text="Output the minimum, or -1 should the far corner be out of reach.",
    right=(
        """
from collections import deque

far = {(0, 0): 0}
todo = deque([(0, 0)])
while todo:
    y, x = todo.popleft()
    for dy, dx in (($A, $B), ($B, $A)):
        for sy in (dy, -dy):
            for sx in (dx, -dx):
                cell = (y + sy, x + sx)
                if cell not in far and 0 <= min(cell) and max(cell) < n:
                    far[cell] = far[y, x] + 1
                    todo.append(cell)
ans = far.get((n - 1, n - 1), -1)
""",
        """
steps = []
for p in (1, -1):
    for q in (1, -1):
        steps += [(p * $A, q * $B), (p * $B, q * $A)]
seen = set([(0, 0)])
layer = [(0, 0)]
ans = 0
while layer and (n - 1, n - 1) not in seen:
    ans += 1
    after = set()
    for y, x in layer:
        for dy, dx in steps:
            if 0 <= y + dy < n and 0 <= x + dx < n:
                after.add((y + dy, x + dx))
    layer = after - seen
    seen |= after
if not layer:
    ans = -1
""",
    ),
    wrong=(
        """
far = [[-1] * n for i in range(n)]
far[0][0] = 0
for y in range(n):
    for x in range(n):
        for dy, dx in (($A, $B), ($B, $A)):
            if far[y][x] >= 0 and y + dy < n and x + dx < n:
                if far[y + dy][x + dx] == -1:
                    far[y + dy][x + dx] = far[y][x] + 1
ans = far[n - 1][n - 1]
""",
        """
ans = -(-2 * (n - 1) // ($A + $B))
""",
    ),
    stories=(
        Story(
            "Grasshopper Chess",
            CODEFORCES,
            12,
            """In grasshopper chess the only piece leaps $A squares along one axis and, in the same
move, $B squares along the other one; it may do so forwards and backwards but must land on the
board. It stands in the lower left corner of an empty n × n board. Its supper waits in the
opposite corner. How many leaps at the least separate it from supper?""",
            code="1403_F",
            params={"A": 1, "B": 2},
        ),
        Story(
            "Robot Camel",
            CODEJAM,
            0,
            """A warehouse robot nicknamed Camel can only lurch: $A tiles one way plus $B tiles at
right angles to that, any of the eight directions. The hall is a square of n × n tiles with walls
around it. Camel is charged in one corner and parked in the corner diagonally across. Compute the
shortest trip, counted in lurches.""",
            params={"A": 1, "B": 3},
        ),
    ),
)
