"""Stored texts as the statistics read them: records without a full parse, words without typography.

In a labelled split hundreds of lines in a row have the same prompt. The first of them is parsed and
proven to be of the schema; of the others the bytes of the prompt are compared, and what follows is
cut at the next key: no bare quote stands inside a JSON string, so the cut is exact.
"""

import hashlib
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from wmtp_assets.datasets.convert.line_metadata import FIX
from wmtp_assets.datasets.convert.records import dump_json, parse_line, raw_lines
from wmtp_assets.datasets.field_types import TypeCheck, check_for
from wmtp_assets.datasets.formats import Format
from wmtp_assets.errors import BadInput

PROMPT = ("instruction", "input")
_AFTER_OUTPUT = b'","task_id":"'
_TRUE, _FALSE = b',"is_correct":true,', b',"is_correct":false,'
_LETTERS = b"abcdefghijklmnopqrstuvwxyz0123456789_"
_WORDS_ONLY = bytes(c if c in _LETTERS or c >= 0x80 else ord(" ") for c in range(256))


class Record(NamedTuple):
    """One line of a JSONL; `opens` where its prompt is not that of the line before."""

    file: str
    number: int
    opens: bool
    instruction: str
    encoded_output: bytes
    encoded_facts: bytes

    @property
    def output(self) -> str:
        return self._decode(self.encoded_output)

    @property
    def task_id(self) -> str:
        facts = self._decode(b"{" + self.encoded_facts)
        if isinstance(task_id := facts.get("task_id"), str):
            return task_id
        raise BadInput(f"{self.file} line {self.number} has no task_id", [self.file], FIX)

    @property
    def is_correct(self) -> bool:
        """The label of a labelled record, without parsing its facts."""
        if (found := _TRUE in self.encoded_facts) or _FALSE in self.encoded_facts:
            return found
        raise BadInput(f"{self.file} line {self.number} has no is_correct", [self.file], FIX)

    def facts(self, check: TypeCheck) -> dict[str, Any]:
        """The fields after the output, proven to be of their types (`facts_check`)."""
        facts = self._decode(b"{" + self.encoded_facts)
        if fault := check(facts, "the record"):
            raise BadInput(f"{self.file} line {self.number}: {fault}", [self.file], FIX)
        return facts

    def _decode(self, encoded: bytes) -> Any:
        try:
            return orjson.loads(encoded)
        except ValueError as error:
            why = f"{self.file} line {self.number} is not UTF-8 JSON ({error})"
            raise BadInput(why, [self.file], FIX) from error


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
    prompt, instruction, name = b"\n", "", jsonl.name
    check = check_for(form.fields)
    for number, raw in enumerate(raw_lines(jsonl), 1):
        opens = not raw.startswith(prompt)
        if opens:
            line = parse_line(number, raw, check)
            if line.record is None:
                raise BadInput(f"{name} line {number} {line.fault}", [jsonl], FIX)
            instruction = line.record["instruction"]
            shown = {name: line.record[name] for name in PROMPT}
            prompt = dump_json(shown)[:-1].encode() + b',"output":'
        end = raw.find(_AFTER_OUTPUT, len(prompt))
        if end < 0:
            raise BadInput(f"{name} line {number} is not of the schema", [jsonl], FIX)
        output, facts = raw[len(prompt) : end + 1], raw[end + 2 :]
        yield Record(name, number, opens, instruction, output, facts)


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
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return text.casefold().encode("utf-8", "replace").translate(_WORDS_ONLY).split()
