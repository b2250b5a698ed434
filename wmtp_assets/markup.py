"""Markdown that shows a text of others as it is written: no link, no HTML, no heading comes of it.

Source: CommonMark 0.31 (backslash escapes, code spans, what begins a block), GFM (tables are
`wmtp_assets.documents.markdown`'s). What is Markdown already is a `Markup`.
"""

import re
from urllib.parse import quote

from wmtp_assets.printable import printable

# Everything that can begin emphasis, code, a link, an image, HTML, strikethrough.
SPECIAL = re.compile(r"[\\`*\[\]<~]|&(?=#?\w+;)")
# Underscores between letters or digits emphasize nothing.
UNDERSCORES = re.compile(r"(?<!\w)_+|_+(?!\w)")
# What begins a heading, a quotation, a list item, a rule.
BLOCK = re.compile(r"(?P<number>\d{1,9})(?=[.)](\s|$))|(?=[#>+=-])")
# A link or an image, HTML or an autolink.
ACTIVE = re.compile(r"(?<=\])(?=\()|(?=<[A-Za-z/!?])")
# A link to a path of the page; what is escaped is none.
LINK = re.compile(r"\[(?P<words>[^\[\]]*)\]\(/assets/[^()\s]*\)")
SAFE_IN_URL = ":/?#@!$&'*+,;=%"


class Markup(str):
    """A text that is Markdown already."""


def text(value: object) -> Markup:
    """A text inside of a line, shown as it is."""
    if isinstance(value, Markup):
        return value
    line = SPECIAL.sub(r"\\\g<0>", printable(value))
    return Markup(UNDERSCORES.sub(lambda run: "\\_" * len(run[0]), line))


def block(value: object) -> Markup:
    """A text at the beginning of a line or a list item, without the spaces that it begins with.

    A page does not show them, but a heading may follow up to three of them, and four make code.
    """
    line = text(value)
    if isinstance(value, Markup):
        return line
    line = Markup(line.lstrip(" "))
    if (begins := BLOCK.match(line)) is None:
        return line
    end = begins.end()
    return Markup(f"{line[:end]}\\{line[end:]}")


def code(value: object) -> Markup:
    """A text as a code span, in which nothing is escaped: the fence is longer than any in it."""
    inner = printable(value)
    fence = "`" * (max((len(run) for run in re.findall("`+", inner)), default=0) + 1)
    edge = " " if inner[:1] in ("`", "") or inner[-1:] == "`" else ""
    return Markup(f"{fence}{edge}{inner}{edge}{fence}")


def link(label: object, url: str) -> Markup:
    """A link to an address of ours."""
    return Markup(f"[{text(label)}]({quote(url, safe=SAFE_IN_URL)})")


def escape_links(line: str) -> str:
    """A sentence that a page may take for Markdown: no link and no HTML in it, else as it is."""
    return ACTIVE.sub(r"\\", line)


def without_links(line: str) -> str:
    """A sentence of ours for a console: of each of our links to the page, its words alone."""
    return LINK.sub(r"\g<words>", line)
