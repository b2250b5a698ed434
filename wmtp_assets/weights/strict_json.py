"""JSON in which a name that comes twice is an error, as the formats of checkpoints demand."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from wmtp_assets.errors import BadInput
from wmtp_assets.regular import read_small

FIX = "materialize its asset anew"


def parse_object(data: bytes, path: Path) -> dict[str, Any]:
    """Parse a JSON object.

    Raises:
        BadInput: Not JSON, no object, or duplicate names anywhere; the file is named.
    """
    twice: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        counts = Counter(name for name, _ in pairs)
        twice.extend(name for name, count in counts.items() if count > 1)
        return dict(pairs)

    try:
        value = json.loads(data, object_pairs_hook=unique)
        json.dumps(value, ensure_ascii=False).encode()  # json lets lone surrogates through
    except (ValueError, RecursionError) as error:
        raise BadInput(f"not valid JSON ({error})", [path], FIX) from error
    if twice:
        raise BadInput(f"{path.name} names something twice", twice, FIX)
    if not isinstance(value, dict):
        raise BadInput(f"a JSON {type(value).__name__} instead of an object", [path], FIX)
    return value


def read_object(path: Path) -> dict[str, Any]:
    """Read a file that holds one JSON object.

    Raises:
        BadInput: Missing, or not such a file.
    """
    try:
        return parse_object(read_small(path), path)
    except FileNotFoundError as error:
        raise BadInput("file is missing", [path], "materialize its asset") from error
