"""The name that each problem of a split is written under: all of them differ.

Names repeat across the platforms that the problems come from, and a task_id must not. A task_id
is `{name}_correct_{i}` or `{name}_incorrect_{i}`: read from its end it has one name, one label and
one index only, whatever the name holds, so that different names are enough.
"""

from collections.abc import Sequence


def unique_names(published: Sequence[str]) -> list[str]:
    """Decide what is written in the place of each published name.

    The first problem of a name keeps it. The n-th (n >= 2) is written `{name}__{n}`; where that is
    a published name, with the next number that makes none. Two that are made never meet: what
    stands before the last `__` and its number is another name, or the number is another one.

    Args:
        published: The names of a whole split, in the order of its files and rows.
    """
    first = frozenset(published)
    last: dict[str, int] = {}
    written = []
    for name in published:
        number = last.get(name, 0) + 1
        chosen = name
        if number > 1:
            while (chosen := f"{name}__{number}") in first:
                number += 1
        last[name] = number
        written.append(chosen)
    return written
