"""Builds one row of the published schema from a family and one of its stories.

Answers are those of the family's first right body. Everything is drawn from generators seeded by
the story's title, so a row does not depend on the other rows, except that no program is written
twice in the whole sample.
"""

from dataclasses import replace
from random import Random
from typing import Any

from wmtp_assets.sample.problems.family import (
    AIZU,
    ATCODER,
    CODECHEF,
    CODEFORCES,
    CODEJAM,
    HACKEREARTH,
    Family,
    Story,
    fill,
    row_name,
)
from wmtp_assets.sample.problems.shapes import Shape, Values, Word, Words
from wmtp_assets.sample.problems.styles import draw_style, write_program

# Where the published data has the limits: none for CodeChef's memory, 0.5 s steps elsewhere.
LIMITS = {
    CODECHEF: (1, 0, 0),
    CODEFORCES: (2, 0, 256_000_000),
    HACKEREARTH: (1, 500_000_000, 268_435_456),
    CODEJAM: (5, 0, 1_000_000_000),
    ATCODER: (2, 0, 1_073_741_824),
    AIZU: (8, 0, 134_217_728),
}

PUBLIC, PRIVATE, GENERATED = (1, 5), (4, 4), (6, 6)
RIGHT_PROGRAMS, WRONG_PROGRAMS = (20, 30), (16, 26)

Row = dict[str, Any]


def build_row(family: Family, story: Story, written: set[str]) -> Row:
    """Build one row of the published schema.

    Args:
        family: The programs and the shape of the input.
        story: The words and the parameters.
        written: Every program of the sample so far; grows by this row's.

    Returns:
        A dictionary with all columns. CodeChef rows have no incorrect solutions, as published.
    """
    public, private, generated = _draw_tests(family, story)
    rng = Random(f"{story.title}/programs")
    right = _draw_programs(family, story, True, rng, written)
    wrong = [] if story.source == CODECHEF else _draw_programs(family, story, False, rng, written)
    seconds, nanos, memory = LIMITS[story.source]
    return {
        "name": row_name(story),
        "description": _describe(family, story, public),
        "public_tests": _columns(("input", "output"), public),
        "private_tests": _columns(("input", "output"), private),
        "generated_tests": _columns(("input", "output"), generated),
        "source": story.source,
        "difficulty": story.difficulty,
        "solutions": _columns(("language", "solution"), right),
        "incorrect_solutions": _columns(("language", "solution"), wrong),
        **_codeforces_fields(family, story),
        "is_description_translated": False,
        "untranslated_description": "",
        "time_limit": {"seconds": seconds, "nanos": nanos},
        "memory_limit_bytes": memory,
        "input_file": "",
        "output_file": "",
    }


def answer(body: str, values: Values) -> str:
    """Run a body on one case.

    Args:
        body: The code with its parameters filled in.
        values: The variables of the case; lists are copied, so the body may spoil them.

    Returns:
        What the program prints, with the line end.
    """
    scope = {name: list(it) if isinstance(it, list) else it for name, it in values.items()}
    exec(compile(body, "<body>", "exec"), scope)
    return f"{scope['ans']}\n"


def _draw_tests(family: Family, story: Story) -> list[list[tuple[str, str]]]:
    """Draw the public, private and generated tests, no input twice."""
    rng = Random(f"{story.like or story.title}/tests")
    body = fill(family.right[0], story)
    shapes = [_filled(shape, story) for shape in family.shapes]
    groups: list[list[tuple[str, str]]] = []
    known: set[str] = set()
    for bounds in (PUBLIC, PRIVATE, GENERATED):
        wanted, group = rng.randint(*bounds), []
        while len(group) < wanted:
            values: Values = {}
            for shape in shapes:
                shape.draw(rng, values)
            text = "".join(shape.text(values) for shape in shapes)
            if text not in known:
                known.add(text)
                group.append((text, answer(body, values)))
        groups.append(group)
    return groups


def _filled(shape: Shape, story: Story) -> Shape:
    if isinstance(shape, Word | Words):
        return replace(shape, alphabet=fill(shape.alphabet, story))
    return shape


def _draw_programs(
    family: Family, story: Story, right: bool, rng: Random, written: set[str]
) -> list[tuple[int, str]]:
    """Draw distinct programs, the bodies in turn, and mix other languages in."""
    bodies = family.right if right else family.wrong
    wanted = rng.randint(*(RIGHT_PROGRAMS if right else WRONG_PROGRAMS))
    programs: list[tuple[int, str]] = []
    while len(programs) < wanted:
        style = draw_style(rng)
        body = fill(bodies[len(programs) % len(bodies)], story)
        text = write_program(body, family.shapes, style)
        if text not in written:
            written.add(text)
            programs.append((style.language, text))
    for language, label, code in family.others:
        if label == right:
            programs.insert(rng.randint(0, len(programs)), (language, fill(code, story)))
    rng.shuffle(programs)
    return programs


def _describe(family: Family, story: Story, tests: list[tuple[str, str]]) -> str:
    parts = [fill(story.text, story), "Input", fill(family.input_text, story)]
    parts += ["Output", fill(family.output_text, story), "Examples"]
    paragraphs = [" ".join(part.split()) for text in parts for part in text.split("\n\n")]
    for given, printed in tests[:2]:
        paragraphs += ["Input", given, "Output", printed]
    return "\n\n".join(paragraphs)


def _codeforces_fields(family: Family, story: Story) -> Row:
    if story.source != CODEFORCES:
        return {"cf_contest_id": 0, "cf_index": "", "cf_points": 0.0, "cf_rating": 0, "cf_tags": []}
    contest, index = story.code.split("_")
    step = story.difficulty - 7
    return {
        "cf_contest_id": int(contest),
        "cf_index": index,
        "cf_points": 500.0 * (step + 1),
        "cf_rating": min(3500, 800 + 200 * step),
        "cf_tags": list(family.tags),
    }


def _columns(names: tuple[str, str], pairs: list[tuple[Any, Any]]) -> dict[str, list[Any]]:
    return {name: [pair[place] for pair in pairs] for place, name in enumerate(names)}
