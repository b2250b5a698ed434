"""The Markdown of the documents: their templates, and the line below which nothing is digested.

A template writes a value as text; only a `Markup`, made by one of its functions, is Markdown.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from wmtp_assets.files.regular import read_small
from wmtp_assets.markup import Markup, block, code, link, text

# What follows this heading (in JSON: this key) is left out of a document's digest: run ids, times.
RUN_RECORD = "Run record (no part of the document's digest)"
# What follows this heading was true when it was written: the check of agreement stops above it.
STATE_HEADING = "## State of the checks when this was written"


def row(*cells: object) -> Markup:
    """A row of a table. A backslash protects a pipe in code too (GFM)."""
    return Markup("| " + " | ".join(text(cell).replace("|", "\\|") for cell in cells) + " |")


def tasks(items: Iterable[tuple[bool, str]]) -> Markup:
    """A task list: done or not, and the text."""
    return Markup("\n".join(f"- [{'x' if done else ' '}] {block(item)}" for done, item in items))


def bullets(lines: Iterable[str]) -> Markup:
    """A list, or the word that it is empty."""
    return Markup("\n".join(f"- {block(line)}" for line in lines) or "Nothing.")


def codes(values: Iterable[str], separator: str = ", ") -> Markup:
    """Code spans, one after the other."""
    return Markup(separator.join(map(code, values)))


TEMPLATES = Environment(
    loader=PackageLoader("wmtp_assets.documents"),
    finalize=text,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
TEMPLATES.globals |= {
    "RUN_RECORD": RUN_RECORD,
    "STATE_HEADING": STATE_HEADING,
    **{part.__name__: part for part in (row, tasks, bullets, block, code, codes, link)},
}
TEMPLATES.filters["commas"] = "{:,}".format
TEMPLATES.filters["megabytes"] = lambda size: f"{size / 1e6:.1f}"


def render(document: str, **values: Any) -> str:
    """Fill the template of a document."""
    return TEMPLATES.get_template(f"{document}.md.j2").render(values)


def document_digest(path: Path) -> str:
    """The digest of a document's content: its bytes above the run record."""
    return hashlib.sha256(read_small(path).split(RUN_RECORD.encode())[0]).hexdigest()


def body(page: str) -> str:
    """What a document states of the storage, without the snapshot of check results."""
    return page.split(STATE_HEADING)[0].split(RUN_RECORD)[0]
