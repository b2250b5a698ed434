"""The fields of decision.json and manifest.json; anybody may have written them.

A file that is none of ours is named; it never ends a command in a traceback, nor writes into what
a reviewer reads.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from wmtp_assets.errors import BadInput
from wmtp_assets.files.regular import read_small
from wmtp_assets.files.strict import parse_json

RESTORE = "put signoff/ back from a copy; a decision is never changed or removed"
DECISION_FORMAT = "wmtp-decision-1"
MANIFEST_FORMAT = "wmtp-manifest-1"
SHA256 = re.compile("[0-9a-f]{64}")
Rule = Callable[[Any], bool]


def is_text(value: Any) -> bool:
    """A string that a console can show: no control characters, no lone surrogates."""
    return isinstance(value, str) and all(c.isprintable() or c == "\n" for c in value)


def without_controls(text: str) -> str:
    """A text as `is_text` wants it: what a console cannot show becomes a space."""
    return "".join(c if is_text(c) else " " for c in text)


def is_line(value: Any) -> bool:
    return is_text(value) and "\n" not in value


def is_number(value: Any) -> bool:
    # A bool is an int in Python.
    return type(value) is int and value >= 0


def is_sha256(value: Any) -> bool:
    return isinstance(value, str) and SHA256.fullmatch(value) is not None


def or_none(rule: Rule) -> Rule:
    return lambda value: value is None or rule(value)


def list_of(rule: Rule) -> Rule:
    return lambda value: isinstance(value, list) and all(map(rule, value))


def mapping_of(rule: Rule) -> Rule:
    return lambda value: (
        isinstance(value, dict) and all(is_text(key) and rule(item) for key, item in value.items())
    )


def with_fields(**rules: Rule) -> Rule:
    """An object with at least these fields."""
    return lambda value: (
        isinstance(value, dict)
        and all(name in value and rule(value[name]) for name, rule in rules.items())
    )


DECISION: Mapping[str, Rule] = {
    "format": lambda value: value == DECISION_FORMAT,
    "number": is_number,
    "verdict": lambda value: value in ("approved", "rejected"),
    "role": lambda value: value in ("reviewer", "product_owner"),
    "reviewer": is_line,
    "note": is_text,
    "decided_at": is_line,
    "storage_digest": is_line,
    "acknowledged": list_of(is_line),
    "manifest_sha256": is_sha256,
    "previous_sha256": or_none(is_sha256),
    "key_fingerprint": or_none(is_sha256),
    "run_id": is_line,
}
_CHECK = with_fields(asset=is_text, check=is_text)
MANIFEST: Mapping[str, Rule] = {
    "format": lambda value: value == MANIFEST_FORMAT,
    "storage_version": is_text,
    "storage_digest": is_line,
    "catalog": is_text,
    "source": is_text,
    "sources": mapping_of(with_fields(commit=is_text)),
    "assets": mapping_of(is_text),
    "files": mapping_of(with_fields(size_bytes=is_number, sha256=is_sha256)),
    "documents": mapping_of(is_sha256),
    "checks": list_of(_CHECK),
    "acknowledged": list_of(_CHECK),
}


def read_checked(path: Path, rules: Mapping[str, Rule]) -> dict[str, Any]:
    """Read a JSON object whose fields are exactly those of the rules.

    Raises:
        BadInput: It is missing, no regular file, no JSON, or of another shape; fields are named.
    """
    if path.is_symlink() or not path.is_file():
        raise BadInput("file is missing or no regular file", [path], RESTORE)
    try:
        stated = parse_json(read_small(path))
    except (OSError, ValueError) as error:
        raise BadInput(f"not valid JSON ({error})", [path], RESTORE) from error
    if wrong := wrong_fields(stated, rules):
        raise BadInput(f"{path.name} is not as this project writes it", wrong, RESTORE)
    return stated


def wrong_fields(stated: Any, rules: Mapping[str, Rule]) -> list[str]:
    """What of a JSON value is not as the rules want it, one clause each."""
    if not isinstance(stated, dict):
        return ["no JSON object"]
    wrong = [f"{name} is missing" for name in rules if name not in stated]
    wrong += [f"unknown field {name!r}" for name in stated if name not in rules]
    wrong += [
        f"{name} is malformed"
        for name, rule in rules.items()
        if name in stated and not rule(stated[name])
    ]
    return wrong
