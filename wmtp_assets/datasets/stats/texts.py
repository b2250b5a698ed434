"""Stored texts as the statistics read them: records without a full parse, words without typography.

In a labelled split hundreds of lines in a row have the same prompt. The first of them is parsed and
proven to be of the schema; of the others the bytes of the prompt are compared, and what follows is
cut at the next key: no bare quote stands inside a JSON string, so the cut is exact.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from wmtp_assets.datasets.convert.line_metadata import FIX
from wmtp_assets.datasets.convert.records import dump_json, parse_line, raw_lines
from wmtp_assets.datasets.field_types import TypeCheck, check_for
from wmtp_assets.datasets.formats import Format
from wmtp_assets.errors import BadInput

PROMPT = ("instruction", "input")
_TO_OUTPUT = b',"output":'
TO_TASK_ID = b'"task_id":"'
_AFTER_OUTPUT = b'",' + TO_TASK_ID
# No line begins so.
NO_PROMPT = b"\n"
_LETTERS = b"abcdefghijklmnopqrstuvwxyz0123456789_"
WORDS_ONLY = bytes(c if c in _LETTERS or c >= 0x80 else ord(" ") for c in range(256))


class BadLine(BadInput):
    """A line that cannot be read, by its number in the file, or in the range that was read."""

    def __init__(self, jsonl: Path | str, number: int, says: str):
        super().__init__(f"{Path(jsonl).name} line {number}{says}", [jsonl], FIX)
        self._line = jsonl, number, says

    def after(self, lines: int) -> "BadLine":
        """The same line, counted from `lines` lines earlier on."""
        jsonl, number, says = self._line
        return BadLine(jsonl, lines + number, says)

    def __reduce__(self):
        return BadLine, self._line


class Record:
    """One line of a JSONL; `opens` where its prompt is not that of the line before.

    Attributes:
        prompt: The bytes of the line up to its output.
    """

    __slots__ = (
        "_output",
        "encoded_facts",
        "encoded_output",
        "file",
        "instruction",
        "number",
        "opens",
        "prompt",
    )

    def __init__(
        self,
        file: str,
        number: int,
        opens: bool,
        prompt: bytes,
        instruction: str,
        encoded_output: bytes,
        encoded_facts: bytes,
    ):
        self.file = file
        self.number = number
        self.opens = opens
        self.prompt = prompt
        self.instruction = instruction
        self.encoded_output = encoded_output
        self.encoded_facts = encoded_facts
        self._output: str | None = None

    @property
    def output(self) -> str:
        output = self._output
        if output is None:
            output = self._output = _decode(self.encoded_output, self.file, self.number)
        return output

    @property
    def task_id(self) -> str:
        return task_id_in(self.encoded_facts, self.file, self.number)

    def facts(self, check: TypeCheck) -> dict[str, Any]:
        """The fields after the output, proven to be of their types (`facts_check`)."""
        facts = _decode(b"{" + self.encoded_facts, self.file, self.number)
        if fault := check(facts, "the record"):
            raise BadLine(self.file, self.number, f": {fault}")
        return facts


def task_id_in(encoded_facts: bytes, file: str, number: int) -> str:
    """The task_id of a line, out of the bytes after its output."""
    facts = _decode(b"{" + encoded_facts, file, number)
    if isinstance(task_id := facts.get("task_id"), str):
        return task_id
    raise BadLine(file, number, " has no task_id")


def _decode(encoded: bytes, file: str, number: int) -> Any:
    try:
        return orjson.loads(encoded)
    except ValueError as error:
        raise BadLine(file, number, f" is not UTF-8 JSON ({error})") from error


def facts_check(form: Format) -> TypeCheck:
    """What the fields after the output are held against."""
    fields = form.fields.items()
    return check_for({name: kind for name, kind in fields if name not in (*PROMPT, "output")})


def read_records(jsonl: Path, form: Format) -> Iterator[Record]:
    """Read a JSONL record by record.

    Raises:
        BadInput: It is missing, or has a line that cannot be read; reading on a record may raise
            it too.
    """
    yield from records_in(raw_lines(jsonl), jsonl, form)


def records_in(
    lines: Iterable[bytes],
    jsonl: Path,
    form: Format,
    prompt: bytes = NO_PROMPT,
    instruction: str = "",
) -> Iterator[Record]:
    """Read lines record by record.

    Args:
        prompt, instruction: Those of the line before the first one, where there is one.

    Raises:
        BadLine: As `read_records`.
    """
    name, check = jsonl.name, check_for(form.fields)
    for number, raw in enumerate(lines, 1):
        opens = not raw.startswith(prompt)
        if opens:
            line = parse_line(number, raw, check)
            if line.record is None:
                raise BadLine(jsonl, number, f" {line.fault}")
            instruction = line.record["instruction"]
            shown = {name: line.record[name] for name in PROMPT}
            prompt = dump_json(shown)[:-1].encode() + _TO_OUTPUT
        end = raw.find(_AFTER_OUTPUT, len(prompt))
        if end < 0:
            raise BadLine(jsonl, number, " is not of the schema")
        output, facts = raw[len(prompt) : end + 1], raw[end + 2 :]
        yield Record(name, number, opens, prompt, instruction, output, facts)


def prompt_in(raw: bytes) -> tuple[bytes, str]:
    """The bytes of a line up to its output, and its instruction; (b"", "") if it has none.

    No string holds a bare quote, so the cut is the only one: a line begins with the prompt of a
    record of the schema just where its own is the same.
    """
    prompt = raw[: raw.find(b'"' + _TO_OUTPUT) + 1]
    try:
        instruction = orjson.loads(prompt + b"}")["instruction"]
    except (ValueError, LookupError, TypeError):
        return b"", ""
    return (prompt + _TO_OUTPUT, instruction) if isinstance(instruction, str) else (b"", "")


def normalise(text: str) -> str:
    """A text without its typography: NFKC, case folded, white space as single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def digest_text(text: str) -> bytes:
    """A short stand-in for a normalised text."""
    return hashlib.blake2b(normalise(text).encode(), digest_size=16).digest()


def split_words(text: str) -> list[bytes]:
    """The words of a text: case, white space and ASCII punctuation aside, NFKC.

    The way GPT-3 compares benchmarks with training data (Brown et al., arXiv:2005.14165, appendix
    C); an underscore is a letter, so that a name in a program is one word.
    """
    return fold_text(text).translate(WORDS_ONLY).split()


def fold_text(text: str) -> bytes:
    """A text in NFKC and without case; its words are between the bytes that `WORDS_ONLY` blanks."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return text.casefold().encode("utf-8", "replace")
