"""A family is a shape of input and a set of programs; a story gives it a name, words and numbers.

`build` makes rows of them. The six constants are codes of the published `source` column.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Template

from wmtp_assets.sample.problems.shapes import Shape

CODECHEF, CODEFORCES, HACKEREARTH, CODEJAM, ATCODER, AIZU = 1, 2, 3, 4, 5, 6

NAMES = {
    CODECHEF: "{slug}",
    CODEFORCES: "{code}. {title}",
    HACKEREARTH: "{slug}",
    CODEJAM: "{slug}",
    ATCODER: "{code} AtCoder Beginner Contest - {title}",
    AIZU: "{code} {title}",
}


@dataclass(frozen=True)
class Story:
    """One problem of a family. `like` names the story whose tests it shares."""

    title: str
    source: int
    difficulty: int
    text: str
    code: str = ""
    params: Mapping[str, object] = field(default_factory=dict)
    like: str = ""


@dataclass(frozen=True)
class Family:
    """What its stories have in common; `$NAME` in texts and code is a story's parameter."""

    shapes: tuple[Shape, ...]
    tags: tuple[str, ...]
    input_text: str
    output_text: str
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    stories: tuple[Story, ...]
    others: tuple[tuple[int, bool, str], ...] = ()


def row_name(story: Story) -> str:
    """Return the name as the story's platform writes it; equal slugs are meant to be equal."""
    slug = re.sub(r"[^a-z0-9]+", "-", story.title.lower()).strip("-")
    return NAMES[story.source].format(slug=slug, code=story.code, title=story.title)


def fill(code: str, story: Story) -> str:
    """Put the story's parameters into a body or a text."""
    return Template(code).substitute(story.params)
