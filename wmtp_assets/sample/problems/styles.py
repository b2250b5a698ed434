"""One body becomes many programs: the habits of authors as tables, applied to a piece of code.

A body is Python that is the same in versions 2 and 3, finds its variables set and leaves the
answer in `ans`. No style changes what a program computes, so a label stays true in every style.
"""

import re
from dataclasses import dataclass
from random import Random

from wmtp_assets.sample.problems.shapes import Shape

PYTHON2, PYTHON3 = 1, 3

# The new names are none that a body uses itself.
NAMINGS: tuple[dict[str, str], ...] = (
    {},
    {"n": "N", "a": "arr", "s": "st", "ans": "res", "cnt": "freq", "x": "v", "g": "field"},
    {"n": "size", "a": "nums", "s": "word", "ans": "result", "best": "record", "x": "val"},
    {"n": "num", "a": "lst", "s": "txt", "ans": "out", "cnt": "c", "i": "ii", "j": "jj"},
    {"n": "amount", "a": "values", "ans": "answer", "cnt": "tally", "i": "idx", "p": "items"},
    {"s": "string", "ans": "total", "best": "mx", "x": "item", "m": "width", "g": "board"},
)

# Lines before the program, and the expression for one line (None: it reads tokens).
READERS: tuple[tuple[tuple[str, ...], str | None], ...] = (
    ((), "input()"),
    (("import sys",), "sys.stdin.readline()"),
    (("import sys", "input = sys.stdin.readline"), "input()"),
    (("import sys", "lines = iter(sys.stdin.read().splitlines())"), "next(lines)"),
    (("import sys", "tokens = iter(sys.stdin.read().split())"), None),
)

WRAPS: tuple[str, ...] = (
    "<head>\n<read>\n<body>\nprint(ans)",
    "<head>\n\n<read>\n\n<body>\n\nprint(ans)",
    "<head>\n\n\ndef main():\n    <read>\n    <body>\n    print(ans)\n\n\nmain()",
    "<head>\n\n\ndef solve(<args>):\n    <body>\n    return ans\n\n\n<read>\nprint(solve(<args>))",
    "<head>\n\n\ndef run():\n    <read>\n    <body>\n    print(ans)\n\n\n"
    'if __name__ == "__main__":\n    run()',
    "<head>\n\n\nclass Task:\n    def work(self, <args>):\n        <body>\n        return ans\n\n\n"
    "<read>\nprint(Task().work(<args>))",
)

INDENTS: tuple[str, ...] = ("    ", "    ", "  ", "\t")

REMARKS: tuple[str, ...] = (
    "",
    "",
    "# straight from the statement",
    "# second attempt",
    "# checked the samples by hand",
    "# small limits, nothing clever needed",
    "# contest template v3",
    "# TODO: clean this up after the round",
)

ENDINGS: tuple[str, ...] = ("\n", "\n", "", "\n\n")


@dataclass(frozen=True)
class Style:
    """One author's habits."""

    language: int
    naming: dict[str, str]
    head: tuple[str, ...]
    line: str | None
    wrap: str
    indent: str
    remark: str
    ending: str


def draw_style(rng: Random) -> Style:
    """Draw one of the several thousand styles.

    Args:
        rng: A seeded generator; about three programs in ten become Python 2.
    """
    head, line = rng.choice(READERS)
    return Style(
        language=PYTHON2 if rng.random() < 0.3 else PYTHON3,
        naming=rng.choice(NAMINGS),
        head=head,
        line=line,
        wrap=rng.choice(WRAPS),
        indent=rng.choice(INDENTS),
        remark=rng.choice(REMARKS),
        ending=rng.choice(ENDINGS),
    )


def write_program(body: str, shapes: tuple[Shape, ...], style: Style) -> str:
    """Write a whole program: read the input as `shapes` say, run `body`, print `ans`.

    Args:
        body: Code for Python 2 and 3 alike, indented by four spaces.
        shapes: The parts of the input in order.
        style: The author's habits.

    Returns:
        The source text in the style's language.
    """
    read = [line for shape in shapes for line in _reading(shape, style.line)]
    blocks = {
        "<head>": [style.remark, *style.head] if style.remark else list(style.head),
        "<read>": read,
        "<body>": body.strip("\n").split("\n"),
    }
    args = ", ".join(name for shape in shapes for name in shape.names.split())
    lines: list[str] = []
    for line in style.wrap.replace("<args>", args).split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        lines += [
            indent + text if text else ""
            for text in blocks.get(line.strip(), [line[len(indent) :]])
        ]
    text = _rename("\n".join(lines).lstrip("\n"), style.naming)
    if style.language == PYTHON2:
        text = _as_python2(text)
    return _indented(text, style.indent) + style.ending


def _reading(shape: Shape, line: str | None) -> list[str]:
    return shape.scan() if line is None else shape.read(line)


def _rename(text: str, naming: dict[str, str]) -> str:
    if not naming:
        return text
    # Not an attribute, nor a one-letter string literal.
    names = rf"(?<![\w.\"'])({'|'.join(naming)})(?![\w\"'])"
    return re.sub(names, lambda match: naming[match[1]], text)


def _as_python2(text: str) -> str:
    text = re.sub(r"^(\s*)print\((.*)\)$", r"\1print \2", text, flags=re.MULTILINE)
    return re.sub(r"\brange\(", "xrange(", re.sub(r"\binput\b", "raw_input", text))


def _indented(text: str, indent: str) -> str:
    return re.sub(
        r"^(?:    )+", lambda match: indent * (len(match[0]) // 4), text, flags=re.MULTILINE
    )
