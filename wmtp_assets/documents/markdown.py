"""The little Markdown that the documents need, and the line below which nothing is digested."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from wmtp_assets.markup import block, text
from wmtp_assets.regular import read_small

# What follows this phrase (run ids, times) is no part of a document's content digest; as a heading
# in Markdown, as a key in JSON.
RUN_RECORD = "Run record (no part of the document's digest)"
# The state of the checks is part of the digest, but a snapshot: an agreement check stops above it.
STATE_HEADING = "## State of the checks when this was written"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; what is no Markup yet is shown as it is written."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(c) for c in line) + " |" for line in lines) + "\n"


def tasks(items: Iterable[tuple[bool, str]]) -> str:
    """A task list: done or not, and the text, as in a table."""
    return "".join(f"- [{'x' if done else ' '}] {block(told)}\n" for done, told in items)


def bullets(lines: Iterable[str]) -> str:
    """A list, or the word that it is empty; the texts as in a table."""
    return "".join(f"- {block(line)}\n" for line in lines) or "Nothing.\n"


def document_digest(path: Path) -> str:
    """The digest of a document's content: its bytes above the run record."""
    return hashlib.sha256(read_small(path).split(RUN_RECORD.encode())[0]).hexdigest()


def body(page: str) -> str:
    """What a document says of the storage, without the snapshot of check results."""
    return page.split(STATE_HEADING)[0].split(RUN_RECORD)[0]


def _cell(value: object) -> str:
    # GFM takes a backslash before a pipe away in code too.
    return text(value).replace("|", "\\|")
