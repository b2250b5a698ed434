"""The parts of a problem's input: each is drawn, printed, and read back by a Python program.

A shape belongs here when several families share it. `draw` adds its variables to `values`,
`text` prints them as a judge's file has them, `read` and `scan` return the lines of a program
which takes them line by line (from the expression `line`) or token by token (from `tokens`).
"""

from dataclasses import dataclass
from random import Random
from typing import Any

Range = tuple[int, int]
Values = dict[str, Any]


@dataclass(frozen=True)
class Ints:
    """One line of integers, such as `n k`; `ordered` draws them in ascending order."""

    names: str
    ranges: tuple[Range, ...]
    ordered: bool = False

    def draw(self, rng: Random, values: Values) -> None:
        drawn = [rng.randint(*bounds) for bounds in self.ranges]
        drawn = sorted(drawn) if self.ordered else drawn
        values.update(zip(self.names.split(), drawn, strict=True))

    def text(self, values: Values) -> str:
        return " ".join(str(values[name]) for name in self.names.split()) + "\n"

    def read(self, line: str) -> list[str]:
        names = self.names.split()
        if len(names) == 1:
            return [f"{names[0]} = int({line})"]
        return [f"{', '.join(names)} = map(int, {line}.split())"]

    def scan(self) -> list[str]:
        return [f"{name} = int(next(tokens))" for name in self.names.split()]


@dataclass(frozen=True)
class Row:
    """One line of `count` integers."""

    names: str
    count: str
    bounds: Range

    def draw(self, rng: Random, values: Values) -> None:
        values[self.names] = [rng.randint(*self.bounds) for _ in range(values[self.count])]

    def text(self, values: Values) -> str:
        return " ".join(map(str, values[self.names])) + "\n"

    def read(self, line: str) -> list[str]:
        return [f"{self.names} = list(map(int, {line}.split()))"]

    def scan(self) -> list[str]:
        return [f"{self.names} = [int(next(tokens)) for _ in range({self.count})]"]


@dataclass(frozen=True)
class Pairs:
    """`count` lines of two integers, the smaller one first."""

    names: str
    count: str
    bounds: Range

    def draw(self, rng: Random, values: Values) -> None:
        values[self.names] = [
            tuple(sorted((rng.randint(*self.bounds), rng.randint(*self.bounds))))
            for _ in range(values[self.count])
        ]

    def text(self, values: Values) -> str:
        return "".join(f"{low} {high}\n" for low, high in values[self.names])

    def read(self, line: str) -> list[str]:
        return [
            f"{self.names} = []",
            f"for _ in range({self.count}):",
            f"    {self.names}.append(tuple(map(int, {line}.split())))",
        ]

    def scan(self) -> list[str]:
        pair = "(int(next(tokens)), int(next(tokens)))"
        return [f"{self.names} = [{pair} for _ in range({self.count})]"]


@dataclass(frozen=True)
class Word:
    """One line with a word over `alphabet`, its length within `lengths`."""

    names: str
    alphabet: str
    lengths: Range

    def draw(self, rng: Random, values: Values) -> None:
        length = rng.randint(*self.lengths)
        values[self.names] = "".join(rng.choice(self.alphabet) for _ in range(length))

    def text(self, values: Values) -> str:
        return values[self.names] + "\n"

    def read(self, line: str) -> list[str]:
        return [f"{self.names} = {line}.strip()"]

    def scan(self) -> list[str]:
        return [f"{self.names} = next(tokens)"]


@dataclass(frozen=True)
class Words:
    """`count` lines with a word each; `width` names a variable or is a number."""

    names: str
    count: str
    width: str | int
    alphabet: str

    def draw(self, rng: Random, values: Values) -> None:
        width = values[self.width] if isinstance(self.width, str) else self.width
        values[self.names] = [
            "".join(rng.choice(self.alphabet) for _ in range(width))
            for _ in range(values[self.count])
        ]

    def text(self, values: Values) -> str:
        return "".join(word + "\n" for word in values[self.names])

    def read(self, line: str) -> list[str]:
        return [f"{self.names} = [{line}.strip() for _ in range({self.count})]"]

    def scan(self) -> list[str]:
        return [f"{self.names} = [next(tokens) for _ in range({self.count})]"]


Shape = Ints | Row | Pairs | Word | Words
