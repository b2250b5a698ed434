"""The rows of a tiny upstream, awkward on purpose, and their published schema."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

TESTS = pa.struct([("input", pa.list_(pa.string())), ("output", pa.list_(pa.string()))])
PROGRAMS = pa.struct([("language", pa.list_(pa.int64())), ("solution", pa.list_(pa.string()))])
SCHEMAS = {
    "codecontests": pa.schema(
        [
            ("name", pa.string()),
            ("description", pa.string()),
            ("public_tests", TESTS),
            ("generated_tests", TESTS),
            ("difficulty", pa.int64()),
            ("solutions", PROGRAMS),
            ("incorrect_solutions", PROGRAMS),
            ("time_limit", pa.struct([("seconds", pa.int64()), ("nanos", pa.int64())])),
        ]
    ),
    "mbpp": pa.schema(
        [
            ("task_id", pa.int32()),
            ("text", pa.string()),
            ("code", pa.string()),
            ("test_list", pa.list_(pa.string())),
            ("test_setup_code", pa.string()),
            ("challenge_test_list", pa.list_(pa.string())),
        ]
    ),
    "humaneval": pa.schema(
        [
            (name, pa.string())
            for name in ("task_id", "prompt", "canonical_solution", "test", "entry_point")
        ]
    ),
}

AWKWARD = '\ufeffa\r\nb\u2028c\u2029d\x00e\x85f\x0b😀 e\u0301 <s></s><0x0A> \u2581\u3000\t"\\/ '


def pairs(items: Iterable[tuple], first: str, second: str) -> dict:
    """A published sequence: a struct of two lists."""
    items = list(items)
    return {first: [a for a, _ in items], second: [b for _, b in items]}


def problem(
    name: str,
    description: str,
    correct: list[tuple[int, str]],
    incorrect: list[tuple[int, str]] = (),
    *,
    tests: list[tuple[str, str]] = (("1\n", "2\n"),),
    difficulty: int = 7,
) -> dict:
    """One row of CodeContests."""
    return {
        "name": name,
        "description": description,
        "public_tests": pairs(tests, "input", "output"),
        "generated_tests": pairs([("9" * 50, "9")] * 3, "input", "output"),
        "difficulty": difficulty,
        "solutions": pairs(correct, "language", "solution"),
        "incorrect_solutions": pairs(incorrect, "language", "solution"),
        "time_limit": None if difficulty == 0 else {"seconds": 2, "nanos": 0},
    }


def _programs(name: str, wrong: bool = False) -> list[tuple[int, str]]:
    sign = "-" if wrong else "+"
    return [
        (3, f"a = int(input())\nprint(a {sign} {len(name)})  # {name}\n"),
        (2, "int main() { return 0; }"),
        (1, f"print int(raw_input()) {sign} 1  # {name}, {AWKWARD}\n"),
        (4, "class Main {}"),
        (3, f"print({sign}{len(name)} + int(input())) # {name}"),
    ]


def _story(name: str) -> str:
    words = " ".join(f"{name}{number}" for number in range(30))
    return f"Problem {name}: {words}\n\nPrint the answer.\n"


def _problems(split: str, count: int) -> list[dict]:
    return [
        problem(
            f"{split}-{number}. Add",
            _story(f"{split}{number}x"),
            _programs(f"{split}{number}"),
            _programs(f"{split}{number}", wrong=True),
            difficulty=7 + number % 3,
        )
        for number in range(count)
    ]


HALF = {"input": ["1", "2"], "output": ["1"]}
NO_OUTPUT = {"input": ["1", "2"], "output": []}
LONG = "x = 1\n" * 3000
NEAR = "a knight walks over a board of n rows and m columns and never meets the same square twice "

CODECONTESTS = {
    "train": [
        problem("odd/name", _story("chef"), _programs("chef"), difficulty=1),
        problem("same", _story("one"), [(3, "print(1)"), (3, LONG)], [(1, LONG)]),
        problem("same", _story("two"), [(0, "?"), (9, "?"), (-1, "?"), (1, "print 2")]),
        problem("same", AWKWARD + _story("three"), _programs("three"), tests=[], difficulty=0),
        problem("one-sided", _story("sided"), _programs("s"), tests=[("", "2"), ("3", "4")]),
        problem("many", _story("m"), _programs("m"), tests=[("1", "1"), ("2", "2"), ("3", "3")]),
        {**problem("half", _story("half"), _programs("half")), "public_tests": HALF},
        {**problem("none", _story("no"), _programs("no")), "public_tests": NO_OUTPUT},
        problem("empty", _story("empty"), [], [(2, "int x;")]),
        problem("no-program", _story("none"), [], []),
        problem("blank", _story("blank"), [(3, "")], [(3, " ")]),
        problem("walk", NEAR * 5 + "Count the walks.", _programs("walk")),
        *_problems("t", 6),
    ],
    "valid": _problems("v", 3),
    "test": [*_problems("e", 3), problem("tour", NEAR * 5 + "Count tours.", _programs("tour"))],
}


def _task(number: int, **changes) -> dict:
    return {
        "task_id": number,
        "text": f"Write a function that returns the number {number} in the base {number * 7 + 2}.",
        "code": f"def f{number}():\r\n    return {number}",
        "test_list": [f"assert f{number}() == {number}"],
        "test_setup_code": "",
        "challenge_test_list": [],
        **changes,
    }


MBPP = {
    "train": [_task(601, test_list=[]), _task(602), _task(603, code=LONG), _task(604)],
    "validation": [_task(511), _task(512)],
    "test": [_task(11), _task(12, test_setup_code="import math")],
    "prompt": [_task(2)],
}
HUMANEVAL = {
    "test": [
        {
            "task_id": f"HumanEval/{number}",
            "prompt": f'def f{number}(x):\n    """Add {number} to x, see {AWKWARD!r}"""\n',
            "canonical_solution": f"    return x + {number}\n",
            "test": "" if number == 2 else f"assert f{number}(0) == {number}\n",
            "entry_point": f"f{number}",
        }
        for number in range(40)
    ]
}
ROWS = {"codecontests": CODECONTESTS, "mbpp": MBPP, "humaneval": HUMANEVAL}


def write_parquet(dataset: str, rows: list[dict], path: Path, row_group_size: int = 3) -> Path:
    """Write rows in the published schema."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(rows, schema=SCHEMAS[dataset])
    pq.write_table(table, path, row_group_size=row_group_size)
    return path
