"""Text of others, made printable: a name cannot act on a terminal, end a line or reverse it.

File names, texts of upstream and arguments are data. Where they go out to people (errors, console,
logs, documents) they pass through here; what is stored and digested does not. Escaped is what
`str.isprintable` says no console shows as itself (controls, line separators, bidirectional and
zero-width characters, other blanks than a space) and the bytes of a name that is no UTF-8, which
Python holds as lone surrogates (PEP 383) and no JSON and no page can take.
"""

import argparse
import sys
from collections.abc import Callable
from typing import Any, NoReturn, TextIO

from wmtp_assets.setting_values import without_credentials

KEPT_IN_BLOCKS = "\n\t"
# The byte 0x80 + n of an undecodable name, PEP 383.
FIRST_BYTE, LAST_BYTE, BYTE_OFFSET = "\udc80", "\udcff", 0xDC00


def printable(text: object, keep: str = "") -> str:
    r"""A text on one line: what no console shows becomes `\n`, `\x1b`, `\u202e`.

    Args:
        keep: Characters that stay all the same.
    """
    line = str(text)
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() or c in keep else _escaped(c) for c in line)


def shortened(text: str, letters: int) -> str:
    """The beginning of a text on one line, with the sign that it goes on."""
    line = " ".join(text.split())
    return line if len(line) <= letters else f"{line[:letters]} ..."


def printable_block(value: Any) -> Any:
    """The same for a text of several lines, and for all texts in nested lists and objects."""
    if isinstance(value, str):
        return printable(value, KEPT_IN_BLOCKS)
    # Exactly these: a metadata value of Dagster is a tuple, and looks after itself.
    if type(value) in (list, tuple):
        return type(value)(map(printable_block, value))
    if type(value) is dict:
        return {printable_block(key): printable_block(item) for key, item in value.items()}
    return value


def _escaped(character: str) -> str:
    if FIRST_BYTE <= character <= LAST_BYTE:
        return f"\\x{ord(character) - BYTE_OFFSET:02x}"
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


def reporter(tell: Callable[[str], Any]) -> Callable[[str], None]:
    """A log method that takes lines with names by others: printable, and without credentials."""
    return lambda line: tell(without_credentials(printable(line)))


def say(*lines: object, file: TextIO | None = None) -> None:
    """Print lines, whatever the console can encode."""
    out = sys.stdout if file is None else file
    encoding = out.encoding or "utf-8"
    for line in lines:
        data = printable(line).encode(encoding, "backslashreplace")
        print(data.decode(encoding), file=out, flush=True)


class Parser(argparse.ArgumentParser):
    """A parser whose errors repeat arguments as they may be shown."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))
